from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medvid.core.errors import ConfigError
from medvid.core.span import Span
from medvid.engine.profiles import EMBEDDED, MEDVLM_1_0A_RL
from medvid.tools.looks import Looks, frame_budget, plan_looks
from medvid.tools.registry import TOOLS
from tests.tools.clips import VIDEO_ID

OWN: dict[str, dict[str, object]] = {
    "localize_action": {"action": "irrigate"},
    "ground_object": {"object": "hook"},
    "caption_region": {"box_px": [1, 2, 3, 4], "time_s": 0},
}


def looks(name: str, start_s: float, end_s: float, *, video_fps: float = 10.0, budget: int = 32, **given_args: object) -> Looks:
    tool = TOOLS[name]
    args = tool.args_type.model_validate({"video_id": VIDEO_ID, **OWN.get(name, {}), **given_args})
    return plan_looks(tool, args, Span.of(start_s, end_s), video_fps, budget, EMBEDDED)


def shape(planned: Looks) -> list[tuple[float, int]]:
    return [(window.start_s, window.count) for window in planned.windows]


@pytest.mark.parametrize("name", TOOLS)
def test_a_span_that_fits_is_one_look_at_the_usual_rate(name: str) -> None:
    planned = looks(name, 10, 26)
    assert shape(planned) == [(10, 16)]
    assert planned.notes == ()


def test_windows_overlap_by_a_quarter_and_the_last_one_is_full() -> None:
    # 32 frames, step 24: 0-32, 24-56; the last 32 of 70 frames start at 38.
    assert shape(looks("localize_action", 0, 70)) == [(0, 32), (24, 32), (38, 32)]


def test_windows_on_a_grid_start_on_it_and_do_not_overlap() -> None:
    # Of 32 s a stride of 5 s fills 30 s.
    assert shape(looks("ground_object", 0, 70, every_s=5)) == [(0, 32), (30, 32), (60, 10)]
    assert shape(looks("ground_object", 0, 70, every_s=60)) == [(0, 32), (60, 10)]


def test_times_closer_than_the_usual_frames_raise_the_rate() -> None:
    assert {window.fps for window in looks("ground_object", 0, 8, every_s=0.5).windows} == {2.0}
    assert {window.fps for window in looks("ground_object", 0, 8, every_s=0.1).windows} == {2.0}


def test_no_more_boxes_are_asked_for_at_once_than_an_answer_has_room_for() -> None:
    # 16 boxes every 0.5 s are 8 s.
    windows = looks("ground_object", 0, 100, budget=500, every_s=0.5).windows
    assert {window.count / window.fps for window in windows[:-1]} == {8.0}


@pytest.mark.parametrize("name", ["summarize_video", "caption_region", "assess_skill", "assess_cvs"])
def test_a_whole_span_lowers_the_rate_and_then_gives_up(name: str) -> None:
    planned = looks(name, 0, 60)  # 60 frames at 1 fps, 30 at 0.5
    assert [(window.fps, window.count) for window in planned.windows] == [(0.5, 30)]
    assert "rate lowered from 1 to 0.5" in planned.notes[0]
    refused = looks(name, 0, 65)  # 33 frames at 0.5 fps
    assert refused.windows == ()
    assert refused.refusal is not None
    assert "33 frames, above its 32; ask about 64.0 s or less" in refused.refusal


def test_the_next_step_is_told_from_the_end_that_fits() -> None:
    planned = looks("predict_next", 10, 110)
    assert shape(planned) == [(78, 32)]
    assert "from 78.0 s on" in planned.notes[0]


def test_skill_needs_more_than_a_glance() -> None:
    refused = looks("assess_skill", 0, 3)
    assert refused.refusal is not None
    assert "3 frames, below the 4" in refused.refusal
    assert looks("assess_skill", 0, 4).refusal is None


def test_the_rate_asked_for_is_taken_and_named_where_the_model_never_saw_it() -> None:
    assert looks("localize_action", 0, 8, fps=2).notes == ()
    assert "none of the rates" in looks("localize_action", 0, 8, fps=3).notes[0]


def test_a_slow_video_is_shown_at_its_own_rate() -> None:
    planned = looks("localize_action", 0, 40, video_fps=0.25)
    assert [(window.fps, window.count) for window in planned.windows] == [(0.25, 10)]
    assert "the video's own 0.25" in planned.notes[0]


@settings(max_examples=150, deadline=None)
@given(
    name=st.sampled_from(["localize_action", "caption_events", "ground_object"]),
    start=st.integers(0, 100), tenths=st.integers(1, 4000), rate=st.sampled_from([0.5, 1.0, 2.0]), budget=st.integers(2, 64),
)  # fmt: skip
def test_windows_leave_nothing_out_and_go_no_further(name: str, start: int, tenths: int, rate: float, budget: int) -> None:
    end_s = start + tenths / 10
    planned = looks(name, start, end_s, fps=rate, budget=budget)
    windows = planned.windows
    assert windows[0].start_s == start
    assert all(0 < window.count <= budget for window in windows)
    assert all(window.times_s[-1] < end_s for window in windows)
    assert all(later.start_s <= earlier.end_s + 1e-6 for earlier, later in pairwise(windows))
    assert windows[-1].end_s >= end_s - 1e-6


def test_question_and_answer_take_their_room_from_the_frames() -> None:
    assert frame_budget(EMBEDDED, (112, 84), 256, "a short question") == 32
    # 1024 - 256 of answer - 6 of three words - 64 = 698; a pair is 12 tokens and 12 of timestamp: 29 pairs.
    assert frame_budget(replace(EMBEDDED, max_context=1024, frame_budget=100), (112, 84), 256, "a short question") == 58
    with pytest.raises(ConfigError, match="no room"):
        frame_budget(replace(EMBEDDED, max_context=300), (112, 84), 256, "a short question")


def test_the_published_checkpoint_takes_its_longest_training_clip_at_once() -> None:
    # 1800 s at 0.1 fps.
    assert frame_budget(MEDVLM_1_0A_RL, (224, 168), 256, "a short question") >= 180
