"""`medvid mcp --http` with a scripted engine that answers one request at a time. It prints its address, and logs requests and answers.

    python -m tests.mcp_server.serving CLIP LOG SECONDS [stdio]
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import anyio

from medvid import app
from medvid.core.settings import Settings
from medvid.engine.base import Reply, Request
from medvid.engine.profiles import EMBEDDED
from medvid.engine.scripted import ScriptedEngine
from tests.mcp_server.scripted import scripted_reply


def name_of(request: Request) -> str:
    """The tool, the first frame's time, the rate and how many frames: one look."""
    assert request.origin is not None
    return f"{request.origin[0]}@{request.clip.times_s[0]:.1f}-{request.clip.fps:g}x{len(request.clip.times_s)}"


class Serial(ScriptedEngine):
    def __init__(self, log: Path, answer_s: float) -> None:
        super().__init__(EMBEDDED, scripted_reply)
        self.log, self.answer_s, self.turn = log, answer_s, anyio.Lock()

    async def generate(self, request: Request) -> Reply:
        async with self.turn:
            self.note("asked", request)
            await anyio.sleep(self.answer_s)
            reply = await super().generate(request)
            self.note("answered", request)
        return reply

    def note(self, what: str, request: Request) -> None:
        with self.log.open("a") as log:
            print(what, name_of(request), file=log, flush=True)


def tell(address: str) -> None:
    print(address, flush=True)


if __name__ == "__main__":
    clip, log, answer_s, *over = sys.argv[1:]
    engine = Serial(Path(log), float(answer_s))

    def open_model(settings: Settings) -> Any:
        return engine

    app.open_model = open_model
    anyio.run(lambda: app.serve(Settings(), [Path(clip)], http=not over, port=0, on_listening=tell))
