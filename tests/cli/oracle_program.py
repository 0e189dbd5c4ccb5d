"""The program `medvid` with the oracle for a model, for tests of everything around the model.

Knows the truth of every simulated file on its command line, of ORACLE_FILES, and of the demo clip. ORACLE_WAIT_S: seconds an answer takes.
ORACLE_LOG: a file that gets a line for each question put to it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import anyio

from medvid import app
from medvid.cli.root import main
from medvid.core.settings import Settings
from medvid.engine.base import Reply, Request
from medvid.engine.profiles import EMBEDDED
from medvid.medvidbench.oracle import OracleEngine
from medvid.medvidbench.simulated import video_id_of
from medvid.simulate import Truth, from_tag
from medvid.video import probe


class WaitingOracle(OracleEngine):
    async def generate(self, request: Request) -> Reply:
        if log := os.environ.get("ORACLE_LOG"):
            with Path(log).open("a") as file:  # noqa: ASYNC230
                file.write(f"{(request.origin or ('',))[0]}\n")
        await anyio.sleep(float(os.environ.get("ORACLE_WAIT_S", "0")))
        return await super().generate(request)


def truths() -> Iterator[tuple[str, Truth]]:
    named = [*sys.argv[1:], *os.environ.get("ORACLE_FILES", "").split(os.pathsep)]
    files = [Path(name) for name in named if name.endswith(".mp4") and Path(name).is_file()]
    for path in [*files, *([app.demo_clip()] if "demo" in sys.argv[1:2] else [])]:
        info = probe(path)
        if (truth := from_tag(info.tags)) is not None:
            yield info.video_id, truth
            yield video_id_of(replace(truth, offset_s=0.0, duration_s=0.0)), truth  # as records have it


def open_oracle(settings: Settings) -> OracleEngine:
    return WaitingOracle(EMBEDDED, dict(truths()))


app.open_model = open_oracle
main()
