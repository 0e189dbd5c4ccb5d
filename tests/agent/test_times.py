"""Times in a question: a stretch given in figures, cut to a video of 90 s."""

from __future__ import annotations

import pytest

from medvid.agent.clauses import seconds, take_span


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12),
        ("12.5 s", 12.5),
        ("1:20", 80),
        ("1:00:05", 3605),
        ("2 minutes", 120),
        ("1 min 20 s", 80),
        ("minute 2", 120),
        ("second 7", 7),
    ],
)
def test_every_way_to_write_a_time(text: str, value: float) -> None:
    assert seconds(text) == value


@pytest.mark.parametrize(
    ("text", "rest", "start_s", "end_s"),
    [
        ("what is done between 10 and 20 s", "what is done", 10, 20),
        ("what is done from 0:10 to 1:00", "what is done", 10, 60),
        ("what is done 10-20 s", "what is done", 10, 20),
        ("what is done before 45 seconds", "what is done", 0, 45),
        ("what is done after 1:10", "what is done", 70, 90),
        ("what is done from 70 s on", "what is done", 70, 90),
        ("in the first minute what is done", "what is done", 0, 60),
        ("what is done in the last 30 seconds", "what is done", 60, 90),
        # An instant is looked at with 4 s on both sides, within the video.
        ("what is done at 0:02", "what is done", 0, 6),
        # A fifth of 90 s.
        ("what is done at the beginning", "what is done", 0, 18),
        ("what is done at the end of the video", "what is done", 72, 90),
    ],
)
def test_a_stretch_is_taken_out_of_the_text(text: str, rest: str, start_s: float, end_s: float) -> None:
    assert take_span(text, 90.0) == (rest, {"start_s": start_s, "end_s": end_s})


@pytest.mark.parametrize(
    "text", ["when is the duct clipped", "the gallbladder dissected from the liver", "where are the 2 clips", "after that"]
)
def test_where_no_time_is_given_the_text_stays_as_it_is(text: str) -> None:
    assert take_span(text, 90.0) == (text, None)


def test_a_stretch_past_the_end_is_left_for_the_tool_to_refuse() -> None:
    assert take_span("what is done between 100 and 120 s", 90.0)[1] == {"start_s": 100.0, "end_s": 120.0}
