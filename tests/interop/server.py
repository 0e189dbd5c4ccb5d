"""The server that every client is tried against: the product's own, over a scripted engine that keeps a ledger of the tokens it made.

    python -m tests.interop.server CLIP LEDGERS             # over standard input and output
    python -m tests.interop.server CLIP LEDGERS --http      # over HTTP; the address is the first line of stdout

`LEDGERS/PID.txt` gets the count of tokens made for slow answers twenty times a second, as long as the process lives, and
`LEDGERS/VERSION.protocol` is there for each revision of the protocol in which a tool was called. Slow is a summary asked for in
`style: gemini`: it takes eight seconds.
"""

from __future__ import annotations

import functools
import os
import sys
from pathlib import Path
from typing import Any

import anyio
from mcp.server import Server, ServerRequestContext
from mcp.server.context import CallNext, HandlerResult

from medvid import app
from medvid.core.settings import Settings
from medvid.engine.base import Reply, Request
from medvid.engine.profiles import EMBEDDED
from medvid.engine.scripted import ScriptedEngine
from medvid.tools.toolbox import Toolbox
from tests.mcp_server.scripted import scripted_reply

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


async def note_protocol(ledgers: Path, context: ServerRequestContext, call_next: CallNext) -> HandlerResult:
    if context.method == "tools/call":
        (ledgers / f"{context.protocol_version}.protocol").touch()
    return await call_next(context)


async def serve(clip: Path, ledgers: Path, *, http: bool) -> None:
    """As `medvid mcp CLIP` does, but for the engine, and for what is written down."""
    engine, open_server = PacedEngine(), app.open_server

    def open_noted_server(toolbox: Toolbox, **options: Any) -> Server[Any]:
        server = open_server(toolbox, **options)
        if "note" in options:  # the one that clients reach, not the planner's own
            server.middleware.append(functools.partial(note_protocol, ledgers))
        return server

    app.open_model = lambda settings: engine
    app.open_server = open_noted_server
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(keep, ledgers / f"{os.getpid()}.txt", engine)
        await app.serve(Settings(), [clip], http=http, port=0, on_listening=lambda url: print(url, flush=True))
        tasks.cancel_scope.cancel()


if __name__ == "__main__":
    anyio.run(lambda: serve(Path(sys.argv[1]), Path(sys.argv[2]), http="--http" in sys.argv))
