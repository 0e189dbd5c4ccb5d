from __future__ import annotations

import pytest

from medvid.core.errors import ParseError
from medvid.core.span import Box, Span, TimedBox, Track
from medvid.prompts import wording
from medvid.tools.ground_object import Grounding, GroundObject, GroundObjectArgs, box_text, times_asked
from tests.tools.clips import CASE, VIDEO_ID, clip

TOOL = GroundObject()


def args(start_s: float, end_s: float, every_s: float) -> GroundObjectArgs:
    return GroundObjectArgs(video_id=VIDEO_ID, span=Span.of(start_s, end_s), object="clipper", every_s=every_s)


def grounding(**boxes: tuple[float, float, float, float]) -> Grounding:
    """Keys such as t3 for 3.0 s."""
    return Grounding(track=Track(tuple(TimedBox(time_s=float(key[1:]), box_px=Box.of(*box)) for key, box in boxes.items())))


@pytest.mark.parametrize(
    "text",
    [
        "3.0 seconds: [10, 20.5, 110, 120] 5.0 seconds: [11, 20, 110, 120]",
        "3 s: (10, 20.5, 110, 120), 5 s: (11, 20, 110, 120)",
        "- 3.0: [10,20.5,110,120]\n- 5.0: [11,20,110,120]",
        "At 3.0 seconds [10, 20.50, 110, 120]; at 5.0 seconds [11, 20, 110, 120].",
        '[{"time": 3.0, "bbox_2d": [10, 20.5, 110, 120]}, {"time": 5.0, "bbox_2d": [11, 20, 110, 120]}]',
        "5.0 seconds: [11, 20, 110, 120] 3.0 seconds: [10, 20.5, 110, 120]",
    ],
)
def test_the_boxes_models_write_are_read(text: str) -> None:
    reading = TOOL.parse(text, clip(), CASE)
    assert reading.result == grounding(t3=(10, 20.5, 110, 120), t5=(11, 20, 110, 120))
    assert reading.dropped == ()


@pytest.mark.parametrize("text", ["in the middle", "[10, 20, 30, 40]", "3.0 seconds", "3.0 seconds: [10, 20, 30", "3.0 seconds: 10"])
def test_what_is_no_timed_box_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        TOOL.parse(text, clip(), CASE)


@pytest.mark.parametrize(
    ("item", "why"),
    [
        ("7.0 seconds: [50, 20, 10, 40]", "backwards"),
        ("7.0 seconds: [10, 20, 30]", "four values"),
        ("7.0 seconds: [400, 20, 500, 40]", "outside the frame of 320 x 240"),
        ("700.0 seconds: [10, 20, 30, 40]", "outside the clip"),
        ("3.0 seconds: [10, 20, 30, 40]", "second box"),
        ("7.0 seconds: [10, 20", "cut off"),
    ],
)
def test_a_bad_item_is_dropped_and_named(item: str, why: str) -> None:
    reading = TOOL.parse(f"3.0 seconds: [1, 2, 3, 4] {item}", clip(), CASE)
    assert reading.result == grounding(t3=(1, 2, 3, 4))
    assert len(reading.dropped) == 1
    assert why in reading.dropped[0]


def test_a_box_across_the_edge_is_cut_to_the_frame() -> None:
    reading = TOOL.parse("3.0 seconds: [-5, 20, 330.5, 250]", clip(), CASE)
    assert reading.result == grounding(t3=(0, 20, 320, 240))


def test_numbers_are_written_with_at_most_two_decimals_and_no_trailing_zeros() -> None:
    assert box_text(Box.of(12, 117.54, 587.7, 1005.625)) == "[12, 117.54, 587.7, 1005.62]"


def test_times_are_asked_from_the_start_and_never_at_the_end() -> None:
    assert times_asked(args(0, 4, 2)) == (0, 2)
    assert times_asked(args(66, 78, 8)) == (66, 74)
    assert times_asked(args(0, 0.3, 0.1)) == (0, 0.1, 0.2)
    assert times_asked(args(5, 5, 2)) == (5,)


def test_the_answer_is_given_room_by_the_number_of_times_asked() -> None:
    assert TOOL.max_tokens(args(0, 20, 1)) - TOOL.max_tokens(args(0, 10, 1)) == 10 * 40


def test_the_question_names_object_stride_start_and_end() -> None:
    text = TOOL.question(args(0, 16, 2), CASE, wording("plain"))
    assert all(part in text for part in ("clipper", "every 2.0 seconds", "from 0.0 to 16.0 seconds"))


def test_a_question_without_a_span_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="span"):
        TOOL.question(GroundObjectArgs(video_id=VIDEO_ID, object="clipper"), CASE, wording("plain"))


def test_the_score_is_the_mean_iou_over_the_truths_times() -> None:
    truth = grounding(t3=(0, 0, 10, 10), t5=(0, 0, 10, 10))
    # At 3 s half of the box: 50 / 100. At 5 s nothing.
    assert TOOL.score(grounding(t3=(0, 0, 5, 10)), truth) == pytest.approx(0.25)


def test_of_two_windows_the_earlier_one_speaks_for_a_time_both_show() -> None:
    first, second = grounding(t3=(0, 0, 10, 10), t5=(1, 1, 10, 10)), grounding(t5=(2, 2, 10, 10), t7=(3, 3, 10, 10))
    merged = TOOL.merge([(Span.of(0, 6), first), (Span.of(6, 7), None), (Span.of(5, 8), second)])
    assert merged == grounding(t3=(0, 0, 10, 10), t5=(1, 1, 10, 10), t7=(3, 3, 10, 10))
