"""The official Inspector's CLI, one process a call: every call of a job, then one that is interrupted as with Ctrl-C.

The CLI (2.12.0) asks for no progress and prints none, so there is none to report; its web page does. Needs `INSPECTOR`, the folder of its
package.json, and `NODE`, the one it runs on, in the environment; standard library only.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.interop.job import filled, report, the_job, to_be_asked_again
from tests.interop.ledgers import begun

FOLDER = Path(os.environ["INSPECTOR"])
INSPECTOR = [os.environ["NODE"], str(FOLDER / "node_modules" / ".bin" / "inspector"), "--cli"]


def arguments_of(arguments: dict[str, Any]) -> list[str]:
    """`KEY=VALUE`, the value as JSON where it is no plain word."""
    pairs = [f"{key}={value if isinstance(value, str) else json.dumps(value)}" for key, value in arguments.items()]
    return ["--tool-arg", *pairs] if pairs else []


def call(name: str, arguments: dict[str, Any]) -> list[str]:
    return ["--method", "tools/call", "--tool-name", name, *arguments_of(arguments)]


def main() -> None:
    job = the_job()
    with tempfile.TemporaryDirectory() as folder:
        # The Inspector keeps settings in the home folder; this one is for the run alone.
        environment = {**os.environ, "HOME": folder, "MCP_INSPECTOR_SECRET_STORE": "memory"}
        config = Path(folder) / "config.json"
        server = {"type": "streamable-http", "url": job["url"]} if "url" in job else {
            "type": "stdio", "command": job["command"][0], "args": job["command"][1:], "env": job["env"],
        }
        config.write_text(json.dumps({"mcpServers": {"medvid": {**server, "protocolEra": job["era"]}}}))
        command = [*INSPECTOR, "--config", str(config), "--server", "medvid", "--format", "json"]

        def ask(*args: str) -> dict[str, Any]:
            done = subprocess.run([*command, *args], env=environment, capture_output=True, text=True)
            if done.returncode != 0 and '"isError":true' not in done.stdout:
                sys.exit(f"the Inspector answered {done.returncode} to {args}: {done.stderr}")
            if "Warning: tool" in done.stderr:
                sys.exit(f"`--strict` warns of a schema: {done.stderr}")
            return json.loads(done.stdout)["result"]

        tools = ask("--method", "tools/list", "--strict")["tools"]
        results: dict[str, Any] = {}
        calls = list(job["calls"])
        while calls:
            item = calls.pop(0)
            given = ask(*call(item["name"], filled(item["arguments"], results)))
            texts = [block["text"] for block in given["content"] if block["type"] == "text"]
            results[item["name"]] = {
                "text": "\n".join(texts), "structured": given.get("structuredContent"), "is_error": given.get("isError", False),
            }
            if to_be_asked_again(item, results[item["name"]]):
                calls.insert(0, item)
        cancel = job["cancel"]
        args = call(cancel["name"], filled(cancel["arguments"], results))
        with subprocess.Popen([*command, *args], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as talk:
            begun(Path(job["ledgers"]))
            talk.send_signal(signal.SIGINT)
        version = json.loads((FOLDER / "package.json").read_text())["dependencies"]["@modelcontextprotocol/inspector"]
        report(
            client=f"Inspector CLI {version}", tools=[tool["name"] for tool in tools], results=results, progress=None,
            stayed=False,
        )


main()
