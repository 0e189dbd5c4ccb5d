from __future__ import annotations

import pytest

from medvid.core.case import Case
from medvid.core.errors import ParseError
from medvid.core.span import Span
from medvid.tools.localize_action import LocalizeAction, Spans
from tests.tools.clips import CASE, clip

TOOL = LocalizeAction()


def read(text: str, frames: int = 100, fps: float = 1.0) -> list[tuple[float, float]]:
    result = TOOL.parse(text, clip(frames, fps), CASE).result
    assert result is not None
    return [(span.start_s, span.end_s) for span in result.spans]


def spans(*pairs: tuple[float, float]) -> Spans:
    return Spans(spans=tuple(Span.of(*pair) for pair in pairs))


@pytest.mark.parametrize(
    "text",
    [
        "22.0-78.0, 89.0-94.0 seconds.",
        "22.0 - 78.0, 89.0 - 94.0 seconds",
        "22–78 s and 89—94 sec.",
        "from 22.0 to 78.0 seconds, then 89 seconds to 94 seconds",
        "- 22.0-78.0\n- 89.0-94.0",
        "1. 22.0-78.0 s\n2. 89.0-94.0 s",
        "The duct is clipped twice: 22.0s-78.0s and 89.0s-94.0s.",
        "0:00:22 - 0:01:18, 0:01:29 to 0:01:34",
        "0:22-1:18, 1:29-1:34",
        "89.0-94.0, 22.0-78.0 seconds.",
    ],
)
def test_the_spans_models_write_are_read(text: str) -> None:
    assert read(text) == [(22, 78), (89, 94)]


@pytest.mark.parametrize(
    "text", ["near the beginning", "", "seconds.", "50-60 %", "a 5-10 mm duct", "2-3 times", "in the first 10 seconds", "12.5", "89.0-"]
)
def test_what_is_no_span_is_refused(text: str) -> None:
    with pytest.raises(ParseError) as caught:
        TOOL.parse(text, clip(), CASE)
    assert caught.value.text == text


def test_minutes_are_not_read_where_they_could_be_hours() -> None:
    # 0:10-0:20 as h:mm is 600-1200 s. A clip of 1300 s holds that too; one of 100 s does not.
    assert read("0:10-0:20") == [(10, 20)]
    with pytest.raises(ParseError, match="minutes"):
        TOOL.parse("0:10-0:20", clip(1300), CASE)


def test_a_backwards_span_is_dropped_and_named() -> None:
    reading = TOOL.parse("9.0-3.0, 12.0-14.0 seconds.", clip(), CASE)
    assert reading.result == spans((12, 14))
    assert reading.dropped == ("'9.0-3.0': runs backwards",)


def test_a_span_outside_the_clip_is_dropped_and_named() -> None:
    reading = TOOL.parse("12.0-14.0, 90.0-140.0 seconds.", clip(), CASE)
    assert reading.result == spans((12, 14))
    assert "100.0 s" in reading.dropped[0]


def test_nothing_left_is_an_error_that_names_what_was_dropped() -> None:
    with pytest.raises(ParseError, match="backwards"):
        TOOL.parse("9.0-3.0 seconds.", clip(), CASE)


def test_an_end_within_one_frame_step_past_the_end_is_the_end() -> None:
    # 20 frames at 2 fps end at 10.0 s; a step is 0.5 s.
    assert read("8.0-10.5 seconds.", frames=20, fps=2.0) == [(8, 10)]
    with pytest.raises(ParseError, match="outside"):
        TOOL.parse("8.0-10.6 seconds.", clip(20, 2.0), CASE)


def test_a_last_span_that_was_cut_off_is_named() -> None:
    reading = TOOL.parse("22.0-78.0, 89.0-", clip(), CASE)
    assert reading.result == spans((22, 78))
    assert reading.dropped == ("'89.0-': cut off",)


def test_a_number_in_a_closing_sentence_is_no_cut_off_span() -> None:
    assert TOOL.parse("22.0-78.0 seconds. Confidence 0.9", clip(), CASE).dropped == ()


def test_an_instant_is_a_span() -> None:
    assert read("54.0-54.0 seconds.") == [(54, 54)]


def test_the_score_is_the_iou_of_matched_spans_over_the_larger_number() -> None:
    # 0-10 against 5-10: 5 / 10. The second prediction has no truth: 0.5 / 2.
    assert TOOL.score(spans((5, 10), (20, 30)), spans((0, 10))) == pytest.approx(0.25)


def test_windows_are_joined_where_their_spans_touch() -> None:
    parts = [(Span.of(0, 32), spans((20, 32))), (Span.of(24, 56), spans((24, 40), (50, 52))), (Span.of(48, 80), None)]
    assert TOOL.merge(parts) == spans((20, 40), (50, 52))
    assert TOOL.merge([(Span.of(0, 32), None)]) is None


def test_the_question_names_the_action() -> None:
    from medvid.prompts import wording
    from tests.tools.clips import VIDEO_ID

    args = TOOL.args_type(video_id=VIDEO_ID, span=Span.of(0, 32), action="irrigate")  # type: ignore[call-arg]
    assert "irrigate" in TOOL.question(args, Case(), wording("plain"))  # type: ignore[arg-type]
