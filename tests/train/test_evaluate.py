from __future__ import annotations

from pathlib import Path

import pytest

from medvid.engine.base import Reply, Request
from medvid.engine.profiles import EMBEDDED
from medvid.engine.scripted import ScriptedEngine
from medvid.medvidbench.blind import Blind
from medvid.medvidbench.held_out import held_out_clip, write_clip
from medvid.medvidbench.oracle import OracleEngine
from medvid.simulate import HELD_OUT_SEED, Truth
from medvid.tools.registry import TOOLS
from medvid.train.evaluate import evaluate, questions_about
from medvid.video import probe
from tests.medvidbench.profiles import QWEN3, QWEN25


class Seer(OracleEngine):
    """Knows the truth of what it can see; before black frames it sees nothing."""

    async def generate(self, request: Request) -> Reply:
        return await super().generate(request) if request.frames.rgb.any() else Reply("Not observed.")


def test_held_out_clips_come_from_held_out_seeds_and_last_16_to_128_seconds() -> None:
    clips = [held_out_clip(index) for index in range(30)]
    assert {clip.seed for clip in clips} == set(range(HELD_OUT_SEED, HELD_OUT_SEED + 30))
    assert all(16 <= clip.duration_s <= 128 for clip in clips)
    # A third of them each, give or take: 16 to 32, 32 to 64, 64 to 128 s.
    assert all(5 <= sum(low <= clip.duration_s < 2 * low for clip in clips) <= 15 for low in (16, 32, 64))
    assert {clip.kind for clip in clips} == {"cholecystectomy", "suturing"}
    assert clips[4] == held_out_clip(4)


def test_questions_are_asked_at_every_rate_and_about_what_a_tool_can_take() -> None:
    engine = ScriptedEngine(EMBEDDED, "")
    asked = [(truth, *one) for truth in map(held_out_clip, range(40)) for one in questions_about(truth, "0" * 16, engine, truth.seed)]
    assert {args.fps for _, tool, args in asked if tool == "localize_action"} == {0.5, 1.0, 2.0}
    # 32 frames at the lowest rate, 0.5 a second, are 64 s.
    whole = [(truth, args.span) for truth, tool, args in asked if TOOLS[tool].long == "whole" and tool != "caption_region"]
    assert all(span.duration_s <= 64 for _, span in whole) and any(truth.duration_s > 100 for truth, _ in whole)
    assert all(args.span.end_s <= truth.duration_s for truth, _, args in asked if args.span is not None)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, Truth]:
    folder = tmp_path_factory.mktemp("held-out")
    truth = held_out_clip(1)
    return folder, probe(write_clip(truth, folder)).video_id, truth


@pytest.mark.anyio
@pytest.mark.parametrize("profile", [QWEN3, QWEN25], ids=lambda profile: profile.architecture)
async def test_who_knows_the_truth_reaches_every_bar_and_is_lost_when_blind(film: tuple[Path, str, Truth], profile: object) -> None:
    folder, video_id, truth = film
    told: list[int] = []

    async def tell(done: int, total: int, message: str) -> None:
        told.append(done)

    engine = Seer(profile, {video_id: truth})  # type: ignore[arg-type]
    report = await evaluate(engine, workdir=folder, clips=1, seed0=truth.seed, tell=tell)
    assert told == [1]
    assert len(report.rows) >= 8
    for row in report.rows:
        assert row.figure == pytest.approx(1.0, abs=0.02), row
        if row.name == "absent: recall":
            assert row.blind == 1.0
        elif row.name == "absent: precision":  # who always says so is right as often as nothing occurs
            assert row.blind is not None and 0 < row.blind < 1
        elif row.name.startswith("matched"):  # the blind match nothing
            assert row.blind is None
        else:
            assert row.blind == 0.0, row


@pytest.mark.anyio
async def test_the_blind_see_black_frames_under_a_clip_of_their_own(film: tuple[Path, str, Truth]) -> None:
    folder, _, truth = film
    seen: list[tuple[str, bool]] = []

    def answer(request: Request) -> str:
        seen.append((request.clip.id, bool(request.frames.rgb.any())))
        return "Not observed."

    await evaluate(ScriptedEngine(QWEN3, answer), workdir=folder, clips=1, seed0=truth.seed)
    sighted, blind = ({name for name, bright in seen if bright is side} for side in (True, False))
    assert sighted and blind and not sighted & blind
    assert Blind(ScriptedEngine(QWEN3, answer)).profile is QWEN3


@pytest.mark.anyio
async def test_without_the_blind_baseline_a_row_says_none(film: tuple[Path, str, Truth]) -> None:
    folder, _, truth = film
    report = await evaluate(ScriptedEngine(QWEN3, "near the beginning"), workdir=folder, clips=1, seed0=truth.seed, blind=False)
    rows = {row.name: row for row in report.rows}
    assert rows["localisation R@0.5"].blind is None
    assert rows["localisation R@0.5"].figure == 0
