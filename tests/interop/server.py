"""The server that every client is tried against: the product's own, over a scripted engine that keeps a ledger of the tokens it made.

    python -m tests.interop.server CLIP LEDGERS             # over standard input and output
    python -m tests.interop.server CLIP LEDGERS --http      # over HTTP; the address is the first line of stdout

`LEDGERS/PID.txt` gets the count of tokens made for slow answers twenty times a second, as long as the process lives, and
`LEDGERS/VERSION.protocol` is there for each revision of the protocol in which a tool was called. Slow is a summary asked for in
`style: gemini`: it takes eight seconds.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import anyio
from mcp.server import Server, ServerRequestContext
from mcp.server.context import CallNext, HandlerResult

from medvid.app import open_library, open_server, open_toolbox, planner
from medvid.core.settings import Settings
from medvid.engine.base import Reply, Request
from medvid.engine.profiles import EMBEDDED
from medvid.engine.scripted import ScriptedEngine
from medvid.mcp_server.transports import serve_stdio
from tests.mcp_server.scripted import scripted_reply
from tests.mcp_server.test_transports import over_http

WHOLE_TALK = 380
"""Tokens of a slow answer that nobody stopped."""
TOKEN_S = 0.02
EVERY_S = 0.05


class PacedEngine:
    """Answers at once, but a summary in the style `gemini` slowly."""

    def __init__(self) -> None:
        self.profile = EMBEDDED
        self.quick = ScriptedEngine(EMBEDDED, scripted_reply)
        self.slow = ScriptedEngine(EMBEDDED, "and then " * (WHOLE_TALK // 2), token_s=TOKEN_S)

    async def generate(self, request: Request) -> Reply:
        assert request.origin is not None
        name, args = request.origin
        slow = name == "summarize_video" and args["style"] == "gemini"
        return await (self.slow if slow else self.quick).generate(request)

    async def aclose(self) -> None:
        await self.quick.aclose()
        await self.slow.aclose()


async def keep(ledger: Path, engine: PacedEngine) -> None:
    with ledger.open("a") as lines:
        while True:
            lines.write(f"{engine.slow.tokens_made}\n")
            lines.flush()
            await anyio.sleep(EVERY_S)


async def serve(clip: Path, ledgers: Path, *, http: bool) -> None:
    async def note_protocol(context: ServerRequestContext, call_next: CallNext) -> HandlerResult:
        if context.method == "tools/call":
            (ledgers / f"{context.protocol_version}.protocol").touch()
        return await call_next(context)

    settings, engine = Settings(), PacedEngine()
    toolbox = open_toolbox(settings, open_library(settings, [clip]), engine)
    server: Server = open_server(toolbox, ask=planner(toolbox))
    server.middleware.append(note_protocol)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(keep, ledgers / f"{os.getpid()}.txt", engine)
        if http:
            async with over_http(server) as url:
                print(url, flush=True)
                await anyio.sleep_forever()
        else:
            await serve_stdio(server)
        tasks.cancel_scope.cancel()


if __name__ == "__main__":
    anyio.run(lambda: serve(Path(sys.argv[1]), Path(sys.argv[2]), http="--http" in sys.argv))
