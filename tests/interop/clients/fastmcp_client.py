"""fastmcp's client: every call of a job, then one that is cancelled. Runs in an environment of its own."""

from __future__ import annotations

import asyncio
import importlib.metadata
from pathlib import Path
from typing import Any

from fastmcp import Client
from fastmcp.client.transports import StdioTransport, StreamableHttpTransport

from tests.interop.job import AGAIN_S, STAY_S, filled, report, the_job, to_be_asked_again
from tests.interop.ledgers import begun


async def main() -> None:
    job = the_job()
    if "url" in job:
        transport: Any = StreamableHttpTransport(job["url"])
    else:
        transport = StdioTransport(command=job["command"][0], args=job["command"][1:], env=job["env"])
    heard: list[float] = []
    started = asyncio.Event()

    async def hear(done: float, total: float | None, message: str | None) -> None:
        heard.append(done)
        started.set()

    results: dict[str, Any] = {}
    async with Client(transport, mode={"legacy": "legacy", "modern": "2026-07-28"}[job["era"]]) as client:
        tools = await client.list_tools()
        calls = list(job["calls"])
        while calls:
            call = calls.pop(0)
            name = call["name"]
            given = await client.call_tool(name, filled(call["arguments"], results), raise_on_error=False)
            texts = [block.text for block in given.content if block.type == "text"]
            results[name] = {"text": "\n".join(texts), "structured": given.structured_content, "is_error": given.is_error}
            if to_be_asked_again(call, results[name]):
                calls.insert(0, call)
                await asyncio.sleep(AGAIN_S)
        cancel = job["cancel"]
        talk = asyncio.create_task(client.call_tool(cancel["name"], filled(cancel["arguments"], results), progress_handler=hear))
        await asyncio.wait_for(started.wait(), 10)
        await asyncio.to_thread(begun, Path(job["ledgers"]))
        talk.cancel()
        await asyncio.wait([talk])
        await asyncio.sleep(STAY_S)
        report(
            client=f"fastmcp {importlib.metadata.version('fastmcp')}", tools=[tool.name for tool in tools],
            results=results, progress=len(heard), stayed=True,
        )


asyncio.run(main())
