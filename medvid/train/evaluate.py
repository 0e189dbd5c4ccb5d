"""The held-out table: simulated procedures nobody trained on, written as H.264 files and asked about through the product's own decoding and
tools; each figure beside its bar and beside what the same model answers when every frame is black.
"""

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import numpy as np

from medvid.core import Access, Outcome, Span
from medvid.core.clip import Clip, to_clip, to_source
from medvid.engine.base import Engine
from medvid.medvidbench.blind import Blind
from medvid.medvidbench.held_out import held_out_clip, write_clip
from medvid.medvidbench.metrics import Mark
from medvid.medvidbench.oracle import true_result
from medvid.medvidbench.simulated import questions_for, source_clip
from medvid.simulate import HELD_OUT_SEED, Truth
from medvid.simulate.world import SHIFTED_SEED
from medvid.tools.base import Args
from medvid.tools.feeding import fed_size, sample_times
from medvid.tools.registry import TOOLS
from medvid.tools.toolbox import Toolbox
from medvid.train.figures import Report, marks_of, report_of
from medvid.video import Library, VideoInfo, probe

SETS = {"heldout": HELD_OUT_SEED, "shifted": SHIFTED_SEED}
NARROW_SHARE = 0.5
"""Of the region captions: asked over 6 to 12 s about the box, as a plan asks over the spans it found; the others over the whole clip."""
Tell = Callable[[int, int, str], Awaitable[None]]


def questions_about(truth: Truth, video_id: str, engine: Engine, seed: int) -> list[tuple[str, Args]]:
    """Tool and arguments in source seconds and source pixels: all at one of the model's rates. What a tool takes whole is asked about as
    much of the clip as fits at the lowest rate; grounding at times closer than the rate's frames is left to choose its own."""
    rng = np.random.default_rng((19, seed))
    profile = engine.profile
    fps, room_s = float(rng.choice(profile.rates)), profile.frame_budget / min(profile.rates)
    clip = replace(source_clip(truth, fps), video_id=video_id)
    asked = []
    for tool, args, *_ in questions_for(truth, clip, rng, profile):
        before_s, after_s = (float(side) / 2 for side in rng.integers(6, 13, 2))
        if tool == "caption_region" and (rng.random() < NARROW_SHARE or truth.duration_s > room_s):
            start_s = max(0.0, round(args.time_s - before_s, 1))
            args = args.model_copy(update={"span": Span.of(start_s, min(truth.duration_s, args.time_s + after_s))})
        elif TOOLS[tool].long == "whole" and truth.duration_s > room_s:
            start_s = float(rng.integers(0, int(2 * (truth.duration_s - room_s)) + 1)) / 2
            args = args.model_copy(update={"span": Span.of(start_s, start_s + room_s)})
        own = tool == "ground_object" and fps * args.every_s < 1
        asked.append((tool, args if own else args.model_copy(update={"fps": fps})))
    return asked


def seen_clip(outcome: Outcome[Any], info: VideoInfo, engine: Engine) -> Clip:
    """The clip that the model was shown, its windows as one; the whole video at the usual rate where it was shown none."""
    looks = outcome.evidence.looks
    fps = looks[0].fps if looks else engine.profile.default_fps
    start_s, end_s = (looks[0].start_s, looks[-1].end_s) if looks else (0.0, info.duration_s)
    count = looks[0].frames if len(looks) == 1 else max(1, round((end_s - start_s) * fps))
    size = fed_size(info.size, engine.profile)
    times = tuple(sample_times(start_s, fps, count))
    return Clip("", info.video_id, times, fps, engine.profile.timestamps, info.size, size, engine.profile.box_frame)


async def evaluate(
    engine: Engine, *, workdir: Path, clips: int = 200, seed0: int = HELD_OUT_SEED, blind: bool = True, tell: Tell | None = None
) -> Report:
    """Asks about `clips` held-out clips, whose files are kept in `workdir`. tell: hears clips done, clips in all, and what is done."""
    started_s = time.monotonic()
    marks: dict[bool, list[Mark]] = {False: [], True: []}
    for index in range(clips):
        truth = held_out_clip(index, seed0)
        path = await anyio.to_thread.run_sync(write_clip, truth, workdir)
        info = await anyio.to_thread.run_sync(probe, path)
        library = Library(files=[path], cache_file=workdir / "probes.sqlite")
        asked = questions_about(truth, info.video_id, engine, truth.seed)
        for is_blind in (False, True) if blind else (False,):
            toolbox = Toolbox(Blind(engine) if is_blind else engine, library)
            for (tool, args), outcome in zip(asked, await _ask_all(toolbox, asked), strict=True):
                clip = seen_clip(outcome, info, engine)
                true = to_source(true_result(tool, to_clip(args, clip), truth, clip), clip)
                marks[is_blind] += marks_of(index, tool, outcome, true)
        if tell is not None:
            await tell(index + 1, clips, f"{len(marks[False])} marks")
    return report_of(engine.profile.name, clips, seed0, marks[False], marks[True], time.monotonic() - started_s)


async def _ask_all(toolbox: Toolbox, asked: Sequence[tuple[str, Args]]) -> list[Outcome[Any]]:
    outcomes: dict[int, Outcome[Any]] = {}

    async def one(i: int, tool: str, args: Args) -> None:
        outcomes[i] = await toolbox.run(tool, args.model_dump(mode="json"), access=Access())

    async with anyio.create_task_group() as group:
        for i, (tool, args) in enumerate(asked):
            group.start_soon(one, i, tool, args)
    return [outcomes[i] for i in range(len(asked))]
