"""Frames that are not evenly spaced, end to end: a model that reads each frame's time is told their own; one that knows only a rate is
shown what is on the screen at even steps of it. Either way its seconds come back as seconds of the source.

A file of variable rate and a list of pictures, whose frame k is numbered k and shown from TIMES_S[k] on:

    second        0    0.8   1.2   2.9   3.0   4.6   5.2
    frame         0     1     2     3     4     5     6
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from medvid.core.access import Access
from medvid.engine import Request, ScriptedEngine
from medvid.engine.base import Profile
from medvid.engine.encode import Vision, encode
from medvid.tools.toolbox import Toolbox
from medvid.video import FrameList, Library, decode, probe
from tests.engine.tiny import tiny_tokenizer
from tests.medvidbench.profiles import QWEN3 as SIMULATED
from tests.video import files

pytestmark = pytest.mark.anyio
TIMES_S = (0.0, 0.8, 1.2, 2.9, 3.0, 4.6, 5.2)
QWEN3 = replace(SIMULATED, domain=None)
QWEN35 = replace(QWEN3, architecture="qwen3_5")
QWEN25 = replace(QWEN3, architecture="qwen2_5_vl", timestamps=False)
TOKENIZER = tiny_tokenizer()


def variable_rate_file(folder: Path) -> Path:
    return files.write(folder / "uneven.mp4", TIMES_S)


def frame_list(folder: Path) -> FrameList:
    paths = tuple(folder / f"{k}.png" for k in range(len(TIMES_S)))
    for k, path in enumerate(paths):
        Image.fromarray(files.marked(k)).save(path)
    return FrameList(paths, fps=1.0, times_s=TIMES_S)


@pytest.fixture(params=[variable_rate_file, frame_list], ids=lambda make: make.__name__)
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Path | FrameList:
    made: Path | FrameList = request.param(tmp_path)
    return made


Ask = Callable[..., Any]


@pytest.fixture
def ask(source: Path | FrameList, tmp_path: Path) -> Ask:
    async def asked(profile: Profile, reply: str, start_s: float) -> tuple[Any, Request]:
        """localize_action from start_s to 5.1 s at 1 frame a second."""
        engine = ScriptedEngine(profile, reply)
        toolbox = Toolbox(engine, Library(files=[source], cache_file=tmp_path / "probes.sqlite"))
        args = {"video_id": probe(source).video_id, "span": {"start_s": start_s, "end_s": 5.1}, "fps": 1.0, "action": "cut"}
        outcome = await toolbox.run("localize_action", args, access=Access())
        assert outcome.status == "ok", outcome
        return outcome, engine.requests[0]

    return asked


def numbers(request: Request) -> list[int]:
    return [files.number_of(picture) for picture in request.frames.rgb]


def timestamps(request: Request, profile: Profile) -> list[str]:
    """What the prompt writes before each pair of frames."""
    ids = encode(request, profile, TOKENIZER, Vision(TOKENIZER.convert_tokens_to_ids("<|video_pad|>"))).input_ids
    return [piece.split("<")[-1] for piece in TOKENIZER.decode(ids).split(" seconds>")[:-1]]


@pytest.mark.parametrize("profile", [QWEN3, QWEN35], ids=lambda profile: profile.architecture)
async def test_a_model_that_reads_timestamps_is_told_each_frames_own(ask: Ask, profile: Profile) -> None:
    # On the screen at 0, 1, 2, 3, 4, 5 s: frames 0, 1, 2, 4, 4, 5. Frame 4, shown again at 4 s, bears that time.
    outcome, request = await ask(profile, "1.2-4.6 seconds.", 0.0)
    assert numbers(request) == [0, 1, 2, 4, 4, 5]
    assert request.frames.times_s.tolist() == pytest.approx([0.0, 0.8, 1.2, 3.0, 4.0, 4.6], abs=1e-4)
    # Pairs (0, 0.8), (1.2, 3.0), (4.0, 4.6).
    assert timestamps(request, profile) == ["0.4", "2.1", "4.3"]
    (span,) = outcome.result.spans
    assert (span.start_s, span.end_s) == pytest.approx((1.2, 4.6), abs=1e-4)


@pytest.mark.parametrize("profile", [QWEN3, QWEN35], ids=lambda profile: profile.architecture)
async def test_its_seconds_count_from_the_time_of_the_first_frame_shown(ask: Ask, profile: Profile) -> None:
    # On the screen at 1, 2, 3, 4, 5 s: frames 1, 2, 4, 4, 5; the first of them since 0.8 s. Pairs 0 and 0.4, 2.2 and 3.2, 3.8 and itself.
    outcome, request = await ask(profile, "0.4-3.8 seconds.", 1.0)
    assert numbers(request) == [1, 2, 4, 4, 5]
    assert timestamps(request, profile) == ["0.2", "2.7", "3.8"]
    (span,) = outcome.result.spans
    assert (span.start_s, span.end_s) == pytest.approx((1.2, 4.6), abs=1e-4)


@pytest.mark.parametrize(("start_s", "shown"), [(0.0, [0, 1, 2, 4, 4, 5]), (1.0, [1, 2, 4, 4, 5])])
async def test_a_model_that_knows_one_rate_is_shown_even_steps_of_it(ask: Ask, start_s: float, shown: list[int]) -> None:
    said = f"{1.2 - start_s + 1:.1f}-{4.6 - start_s:.1f} seconds."
    outcome, request = await ask(QWEN25, said, start_s)
    assert numbers(request) == shown
    assert request.frames.times_s.tolist() == [start_s + i for i in range(len(shown))]
    assert request.told_fps == 1.0
    # Two positions a second, two frames a pair: every pair stands 4 positions after the one before.
    encoded = encode(request, QWEN25, TOKENIZER, Vision(TOKENIZER.convert_tokens_to_ids("<|video_pad|>")))
    pairs = sorted({int(at) for at in encoded.position_ids[0][encoded.input_ids == TOKENIZER.convert_tokens_to_ids("<|video_pad|>")]})
    assert [at - pairs[0] for at in pairs] == [0, 4, 8]
    # Its second t is the second t after the first step, not that of the frame which happens to be shown there.
    (span,) = outcome.result.spans
    assert (span.start_s, span.end_s) == pytest.approx((2.2, 4.6))


async def test_both_sources_decode_to_the_same_times_and_pictures(source: Path | FrameList) -> None:
    frames = decode(probe(source), [0.0, 1.0, 2.0, 2.95, 5.0])
    assert [files.number_of(picture) for picture in frames.rgb] == [0, 1, 2, 3, 5]
    assert frames.times_s.tolist() == pytest.approx([0.0, 0.8, 1.2, 2.9, 4.6], abs=1e-4)
