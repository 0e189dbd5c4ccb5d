"""The lines with which a client is connected: README, docs/assistants.md and `medvid mcp --help` give the same, and they work."""

from __future__ import annotations

import json
import shlex
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters

from medvid.cli.mcp import CLIENTS
from medvid.simulate import Truth
from tests.cli.program import ROOT, environment, medvid

SCRIPTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]
PLACE = "/path/to/recordings"
URL = "http://127.0.0.1:8000/mcp"


def started() -> dict[str, list[str]]:
    """By client, the command that it runs."""
    found: dict[str, list[str]] = {}
    for client, line in CLIENTS.items():
        if line.startswith("{"):
            ((_, servers),) = json.loads(line).items()
            found[client] = [servers["medvid"]["command"], *servers["medvid"]["args"]]
        elif line.startswith("code "):
            server: dict[str, Any] = json.loads(shlex.split(line)[2])
            assert server["name"] == "medvid"
            found[client] = [server["command"], *server["args"]]
        elif " -- " in line:
            found[client] = shlex.split(line.partition(" -- ")[2])
    return found


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("page", ["README.md", "docs/assistants.md"])
def test_the_pages_give_each_line_as_it_stands(page: str, client: str) -> None:
    assert CLIENTS[client] in (ROOT / page).read_text(encoding="utf-8").splitlines()


def test_help_prints_each_line() -> None:
    shown = [line.strip() for line in medvid("mcp", "--help").stdout.splitlines()]
    assert [line for line in CLIENTS.values() if line not in shown] == []


def test_vs_code_and_the_others_name_their_servers_as_those_clients_read_them() -> None:
    keys = {client: list(json.loads(line)) for client, line in CLIENTS.items() if line.startswith("{")}
    assert keys == {
        "Claude Desktop (claude_desktop_config.json), Cursor (.cursor/mcp.json)": ["mcpServers"],
        "VS Code (.vscode/mcp.json)": ["servers"],
    }


def test_every_client_starts_the_installed_command_and_over_http_the_address_it_serves() -> None:
    commands = started()
    assert set(CLIENTS) - set(commands) == {"Claude Code, over HTTP"}
    for name, *args in commands.values():
        assert name in SCRIPTS
        assert args == ["mcp", "--root", PLACE]
    assert URL in CLIENTS["Claude Code, over HTTP"]


@pytest.mark.anyio
async def test_what_they_start_serves_the_folder(operation: tuple[Path, Truth]) -> None:
    folder = operation[0].parent
    (args,) = {tuple(args) for _, *args in started().values()}
    given = [str(folder) if arg == PLACE else arg for arg in args]
    command = StdioServerParameters(command=sys.executable, args=["-m", "medvid.cli", *given], env=environment())
    async with Client(command) as client:
        listed = await client.call_tool("list_videos", {})
    assert [video["title"] for video in listed.structured_content["videos"]] == ["operation"]
