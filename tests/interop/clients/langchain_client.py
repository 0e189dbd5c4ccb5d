"""langchain-mcp-adapters: every call of a job as a LangChain tool, then one whose task is cancelled. Runs in an environment of its own.

The adapters open a session for each call; cancelling a call ends its session, which is what reaches the server.
"""

from __future__ import annotations

import asyncio
import importlib.metadata
from pathlib import Path
from typing import Any

from langchain_mcp_adapters.callbacks import CallbackContext, Callbacks
from langchain_mcp_adapters.client import MultiServerMCPClient

from tests.interop.job import AGAIN_S, filled, report, the_job, to_be_asked_again
from tests.interop.ledgers import begun


async def main() -> None:
    job = the_job()
    if "url" in job:
        connection: Any = {"transport": "streamable_http", "url": job["url"]}
    else:
        connection = {"transport": "stdio", "command": job["command"][0], "args": job["command"][1:], "env": job["env"]}
    heard: list[float] = []
    started = asyncio.Event()

    async def hear(done: float, total: float | None, message: str | None, context: CallbackContext) -> None:
        heard.append(done)
        started.set()

    client = MultiServerMCPClient({"medvid": connection}, callbacks=Callbacks(on_progress=hear))
    tools = {tool.name: tool for tool in await client.get_tools()}
    results: dict[str, Any] = {}
    calls = list(job["calls"])
    while calls:
        call = calls.pop(0)
        name, arguments = call["name"], filled(call["arguments"], results)
        given = await tools[name].ainvoke({"name": name, "args": arguments, "id": "1", "type": "tool_call"})
        blocks = given.content if isinstance(given.content, list) else [{"type": "text", "text": given.content}]
        texts = [block["text"] for block in blocks if block["type"] == "text"]
        structured = (given.artifact or {}).get("structured_content")
        results[name] = {"text": "\n".join(texts), "structured": structured, "is_error": given.status == "error"}
        if to_be_asked_again(call, results[name]):
            calls.insert(0, call)
            await asyncio.sleep(AGAIN_S)
    cancel = job["cancel"]
    heard.clear()
    started.clear()
    talk = asyncio.create_task(tools[cancel["name"]].ainvoke(filled(cancel["arguments"], results)))
    await asyncio.wait_for(started.wait(), 10)
    await asyncio.to_thread(begun, Path(job["ledgers"]))
    talk.cancel()
    await asyncio.wait([talk])
    report(
        client=f"langchain-mcp-adapters {importlib.metadata.version('langchain-mcp-adapters')}", tools=list(tools),
        results=results, progress=len(heard), stayed=False,
    )


asyncio.run(main())
