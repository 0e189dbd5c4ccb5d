"""How long one question takes: each tool asked about 32 frames of a video file, through the toolbox, decoding included.

    python -m benchmarks.question [--rounds N] [--json]        under a minute

Each question is about a stretch that nobody asked about before, so that nothing the engine keeps helps it. Seconds by the clock on two
threads, the most memory that the process took, and what may be spent of both. Needs idle cores to mean anything.
"""

import os
import resource
import sys
import time
from collections.abc import Sequence
from typing import Any

from benchmarks.measured import program, spread
from medvid.app import demo_clip, open_library, open_toolbox
from medvid.core import Access, Span
from medvid.core.settings import Settings

FRAMES, FPS = 32, 1.0
ALLOWED_S, ALLOWED_GIB = 1.5, 3.0
ASKED: dict[str, dict[str, Any]] = {
    "localize_action": {"action": "clip the cystic duct"}, "ground_object": {"object": "grasper", "every_s": 2.0}, "predict_next": {},
    "caption_events": {}, "summarize_video": {}, "caption_region": {"box_px": [80, 60, 240, 180]}, "assess_cvs": {},
}  # fmt: skip
"""A suturing video alone is scored for skill; its question is as long as that for the critical view."""


async def measure(rounds: int) -> dict[str, Any]:
    library = open_library(Settings(), [demo_clip()])
    (video,) = library.listing(Access())
    toolbox = open_toolbox(Settings(), library)
    took: dict[str, list[float]] = {name: [] for name in ASKED}
    for number in range(rounds + 1):  # the first warms up
        for i, (name, args) in enumerate(ASKED.items()):
            start_s = number * 0.5 + i * 0.0625  # a stretch of its own
            own = {"time_s": start_s} if name == "caption_region" else {}
            span = Span.of(start_s, start_s + FRAMES / FPS).model_dump()
            began = time.perf_counter()
            outcome = await toolbox.run(name, {"video_id": video.video_id, "span": span, "fps": FPS, **args, **own}, access=Access())
            if number:
                took[name].append(time.perf_counter() - began)
            if [look.frames for look in outcome.evidence.looks] != [FRAMES]:
                raise SystemExit(f"{name} looked at {outcome.evidence.looks}, not at one stretch of {FRAMES} frames")
    await toolbox.engine.aclose()
    every = [seconds for each in took.values() for seconds in each]
    return {
        "rounds": rounds, "allowed_s": ALLOWED_S, "allowed_gib": ALLOWED_GIB, "load": round(os.getloadavg()[0], 1), "cpus": os.cpu_count(),
        "gib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
        "took_s": {name: spread(each) for name, each in took.items()} | {"all": spread(every)},
    }  # fmt: skip


def table(report: dict[str, Any]) -> str:
    lines = [f"| tool, {FRAMES} frames | seconds: median (least-most) |", "|---|---|"]
    lines += [f"| {name} | {took['median']} ({took['least']}-{took['most']}) |" for name, took in report["took_s"].items()]
    told = f"Memory at most: {report['gib']} GiB. Allowed: {ALLOWED_S} s, {ALLOWED_GIB} GiB."
    return "\n".join([*lines, "", f"{told} Load of the machine: {report['load']} on {report['cpus']} cores."])


def main(argv: Sequence[str] | None = None) -> int:
    return program(__doc__, argv, measure, table, rounds=5, of="times that each tool is asked")


if __name__ == "__main__":
    sys.exit(main())
