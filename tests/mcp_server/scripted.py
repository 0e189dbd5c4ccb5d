"""A server over a scripted engine and a short simulated clip. Run as a program, it serves over standard input and output.

    python -m tests.mcp_server.scripted CLIP
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import anyio
from mcp.server import Server

from medvid.app import open_library, open_server, open_toolbox
from medvid.core.settings import Settings
from medvid.engine.base import Request
from medvid.engine.profiles import EMBEDDED
from medvid.engine.scripted import ScriptedEngine
from medvid.mcp_server.transports import serve_stdio

ACTION = "clip the cystic duct"
SKILL = (
    "Respect for tissue: 2/5, Suture/needle handling: 1/5, Time and motion: 1/5, Flow of operation: 2/5, "
    "Overall performance: 1/5, Quality of final product: 3/5"
)
REPLIES = {
    "localize_action": "1.0-3.0 seconds.",
    "ground_object": "0.0 seconds: [10, 10, 50, 50] 1.0 seconds: [12, 10, 52, 50]",
    "predict_next": "cut the cystic duct",
    "caption_events": f"1.0-3.0 seconds: {ACTION}: The clipper closes a clip on the cystic duct.",
    "summarize_video": "The cystic duct is clipped.",
    "caption_region": "The clipper clips the cystic duct.",
    "assess_skill": SKILL,
    "assess_cvs": "Two structures: 2, Cystic plate: 1, Hepatocystic triangle: 0",
}
"""What a model writes for each tool, in clip seconds and checkpoint pixels."""

OWN_ARGS: dict[str, dict[str, Any]] = {
    "localize_action": {"action": ACTION},
    "ground_object": {"object": "clipper", "every_s": 1.0, "span": {"start_s": 0.0, "end_s": 2.0}},
    "caption_region": {"box_px": [20.0, 20.0, 120.0, 120.0], "time_s": 1.0},
    "assess_skill": {"insist": True},  # the clip is no suturing
}
"""The arguments of each tool beside video_id; none where it is missing."""


def scripted_reply(request: Request) -> str:
    assert request.origin is not None
    return REPLIES[request.origin[0]]


def scripted_engine(**options: Any) -> ScriptedEngine:
    return ScriptedEngine(EMBEDDED, scripted_reply, **options)


def talkative_engine() -> tuple[ScriptedEngine, anyio.Event]:
    """Talks for eight seconds, 400 words at 20 ms each, and sets the event as it starts."""
    started = anyio.Event()

    def reply(request: Request) -> str:
        started.set()
        return "and then " * 200

    return ScriptedEngine(EMBEDDED, reply, token_s=0.02), started


def scripted_server(clip: Path, engine: ScriptedEngine, **options: Any) -> Server[Any]:
    settings = Settings()
    return open_server(open_toolbox(settings, open_library(settings, [clip]), engine), **options)


if __name__ == "__main__":

    def noisy_reply(request: Request) -> str:
        print("a library that prints")
        return scripted_reply(request)

    anyio.run(serve_stdio, scripted_server(Path(sys.argv[1]), ScriptedEngine(EMBEDDED, noisy_reply)))
