"""Eight questions on one clip, on the CPU: the local engine, which keeps a clip's keys and values, against itself reading the clip anew.

    python -m benchmarks.serving [--rounds N] [--json]        a minute or two, on one thread

The embedded model is asked eight questions of its tools about a stretch of the demo's operation. `kept` asks all of them about the same
frames. `anew` asks each about frames of its own, which differ in the value of one pixel, so that nothing kept fits and the answers are, but
for chance, the same. The two take turns, round by round; each figure is a median over rounds with the least and the most. The machine's
speed falls out of the ratio, and most of what else it does falls out of that of processor times.
"""

from __future__ import annotations

import itertools
import os
import platform
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from benchmarks.measured import program, spread
from medvid.core.frames import Frames
from medvid.core.span import Span
from medvid.engine import Engine, Request, open_engine
from medvid.simulate import make_procedure, render
from medvid.simulate.demo import DEMO_SEED
from medvid.tools.feeding import fed_size, make_request, resize
from medvid.tools.registry import TOOLS

LENGTHS = (8, 32)
"""Frames of a clip. The embedded model takes 32."""
FPS = 1.0
VIDEO_ID = "0" * 16
QUESTIONS = 8


def asked(actions: Sequence[str]) -> list[tuple[str, dict[str, Any]]]:
    """Eight questions: tool and its own arguments."""
    return [*(("localize_action", {"action": action}) for action in actions[:6]), ("predict_next", {}), ("assess_cvs", {})]


def requests(engine: Engine, length: int, marks: Sequence[int]) -> list[Request]:
    """marks: for each of the eight questions a number that its frames carry in one pixel; equal numbers are equal frames."""
    truth = make_procedure(DEMO_SEED, "cholecystectomy")
    times_s = np.arange(length) / FPS
    rgb = resize(render(truth, times_s), fed_size(truth.size, engine.profile))
    made = []
    for (name, args), mark in zip(asked([action.name for action in truth.case.actions]), marks, strict=True):
        marked = rgb.copy()
        marked[0, 0, 0] = mark // 65536, mark // 256 % 256, mark % 256
        tool = TOOLS[name]
        said = tool.args_type(video_id=VIDEO_ID, span=Span.of(0.0, length / FPS), **args)
        made.append(make_request(tool, said, truth.case, Frames(marked, times_s, FPS), truth.size, engine.profile))
    return made


@dataclass(frozen=True, slots=True)
class Took:
    """Eight answers. wall_s, cpu_s: by the clock, and of this process's threads. reused: share of the prompts' tokens."""

    wall_s: float
    cpu_s: float
    reused: float
    texts: tuple[str, ...]


async def timed(engine: Engine, questions: Sequence[Request]) -> Took:
    wall, cpu = time.perf_counter(), time.process_time()
    replies = [await engine.generate(question) for question in questions]
    wall_s, cpu_s = time.perf_counter() - wall, time.process_time() - cpu
    reused = sum(reply.tokens_reused for reply in replies) / sum(reply.tokens_in for reply in replies)
    return Took(wall_s, cpu_s, reused, tuple(reply.text for reply in replies))


async def measure(rounds: int) -> dict[str, Any]:
    engine = open_engine(None, device="cpu")
    cells = []
    marks = itertools.count()
    for length in LENGTHS:
        pairs: list[tuple[Took, Took]] = []
        for _ in range(rounds + 1):
            kept = await timed(engine, requests(engine, length, [next(marks)] * QUESTIONS))
            pairs.append((kept, await timed(engine, requests(engine, length, [next(marks) for _ in range(QUESTIONS)]))))
        cells.append(cell(length, pairs[1:]))  # the first round warms up
        print(f"{length} frames measured", file=sys.stderr, flush=True)
    await engine.aclose()
    return {"date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"), "cpus": os.cpu_count(), "machine": platform.machine(), "cells": cells}


def cell(length: int, pairs: Sequence[tuple[Took, Took]]) -> dict[str, Any]:
    """pairs: `kept` and `anew` of each round."""
    alike = sum(a == b for kept, anew in pairs for a, b in zip(kept.texts, anew.texts, strict=True))
    return {
        "frames": length, "rounds": len(pairs), "answers_alike": alike / sum(len(kept.texts) for kept, _ in pairs),
        "reused": {"kept": spread([kept.reused for kept, _ in pairs], 4), "anew": spread([anew.reused for _, anew in pairs], 4)},
        "wall_s": {"kept": spread([kept.wall_s for kept, _ in pairs], 4), "anew": spread([anew.wall_s for _, anew in pairs], 4)},
        "anew_over_kept": {
            "wall": spread([anew.wall_s / kept.wall_s for kept, anew in pairs], 4),
            "cpu": spread([anew.cpu_s / kept.cpu_s for kept, anew in pairs], 4),
        },
    }


def table(report: dict[str, Any]) -> str:
    """Markdown. Medians, with least and most in brackets."""
    heads = "| frames of the clip | prompt tokens reused, kept | anew | answers alike | clock, anew / kept | processor time, anew / kept |"
    lines = [heads, "|---|---|---|---|---|---|"]
    for cell in report["cells"]:
        reused = [f"{cell['reused'][way]['median']:.0%}" for way in ("kept", "anew")]
        ratios = [f"{ratio['median']:.2f} ({ratio['least']:.2f}-{ratio['most']:.2f})" for ratio in cell["anew_over_kept"].values()]
        lines.append(f"| {' | '.join([str(cell['frames']), *reused, format(cell['answers_alike'], '.0%'), *ratios])} |")
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    os.environ["OMP_NUM_THREADS"] = "1"  # before torch is imported: waiting threads would count as processor time
    return program(__doc__, argv, measure, table, rounds=5, of="measurements of each way and length")


if __name__ == "__main__":
    sys.exit(main())
