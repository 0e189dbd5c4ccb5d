from __future__ import annotations

import pytest

from medvid.core.case import Case
from medvid.core.errors import ParseError
from medvid.core.span import Span
from medvid.prompts import wording
from medvid.tools.base import StyleArgs
from medvid.tools.caption_events import CaptionedEvent, CaptionEvents, Events
from tests.tools.clips import CASE, VIDEO_ID, clip

TOOL = CaptionEvents()


def event(start_s: float, end_s: float, action: str | None, caption: str = "") -> CaptionedEvent:
    return CaptionedEvent(span=Span.of(start_s, end_s), action=action, caption=caption)


def events(*items: CaptionedEvent) -> Events:
    return Events(events=items)


def read(text: str, case: Case = CASE) -> tuple[CaptionedEvent, ...]:
    result = TOOL.parse(text, clip(), case).result
    assert result is not None
    return result.events


@pytest.mark.parametrize(
    "text",
    [
        "36.0-49.0 seconds: irrigate: The field is rinsed.\n50.0-55.0 seconds: The camera moves.",
        "1. 36 - 49 s: irrigate: The field is rinsed.\n2. 50 - 55 s: The camera moves.",
        "- **36.0-49.0 seconds**: irrigate: The field is rinsed.\n- **50.0-55.0 seconds**: The camera moves.",
        "[36.0-49.0] Irrigate: The field is rinsed.\n[50.0-55.0] The camera moves.",
        "From 36.0 to 49.0 seconds: irrigate: The field is rinsed.\nFrom 50.0 to 55.0 seconds: The camera moves.",
        "Events:\n\n36.0-49.0 seconds: irrigate:\nThe field is rinsed.\n\n50.0-55.0 seconds: The camera\nmoves.",
        "36.0-49.0 seconds: irrigate: The field is rinsed. 50.0-55.0 seconds: The camera moves.",
        "50.0-55.0 seconds: The camera moves.\n36.0-49.0 seconds: irrigate: The field is rinsed.",
    ],
)
def test_the_events_models_write_are_read(text: str) -> None:
    assert read(text) == (event(36, 49, "irrigate", "The field is rinsed."), event(50, 55, None, "The camera moves."))


def test_a_range_inside_a_description_opens_no_event() -> None:
    text = "36.0-49.0 seconds: irrigate: Some 2-3 drops fall, from 40 to 42 seconds again."
    assert read(text) == (event(36, 49, "irrigate", "Some 2-3 drops fall, from 40 to 42 seconds again."),)


def test_an_action_alone_is_an_event_without_description() -> None:
    assert read("36.0-49.0 seconds: Duct clipping.") == (event(36, 49, "clip the cystic duct"),)


def test_words_before_a_colon_that_are_no_listed_action_stay_in_the_description() -> None:
    assert read("36.0-49.0 seconds: Note: the lens is dirty.") == (event(36, 49, None, "Note: the lens is dirty."),)


def test_where_no_actions_are_declared_the_texts_own_name_is_kept() -> None:
    assert read("36.0-49.0 seconds: place an underpad: The nurse lifts.", Case()) == (
        event(36, 49, "place an underpad", "The nurse lifts."),
    )


def test_bad_items_are_dropped_and_named() -> None:
    text = "9.0-3.0 seconds: irrigate: x y.\n10.0-12.0 seconds: irrigate: Water.\n20.0-22.0 seconds:\n90.0-900.0 seconds: cut.\n30.0-"
    reading = TOOL.parse(text, clip(), CASE)
    assert reading.result == events(event(10, 12, "irrigate", "Water."))
    reasons = " | ".join(reading.dropped)
    assert len(reading.dropped) == 4
    assert all(why in reasons for why in ("backwards", "says nothing", "outside", "cut off"))


@pytest.mark.parametrize("text", ["The clipper clips the duct.", "", "20.0-22.0 seconds:", "at the start: irrigate"])
def test_what_is_no_event_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        TOOL.parse(text, clip(), CASE)


def test_an_event_seen_in_two_windows_is_one() -> None:
    first = events(event(20, 32, "irrigate", "short"), event(5, 8, "cut the cystic duct", "a"))
    second = events(event(24, 40, "irrigate", "longer"), event(41, 45, "irrigate", "apart"))
    merged = TOOL.merge([(Span.of(0, 32), first), (Span.of(24, 56), second)])
    assert merged == events(
        event(5, 8, "cut the cystic duct", "a"), event(20, 40, "irrigate", "longer"), event(41, 45, "irrigate", "apart")
    )


def test_unnamed_events_are_one_where_the_shorter_lies_half_in_the_other() -> None:
    first = events(event(20, 30, None, "a"))
    assert TOOL.merge([(Span.of(0, 32), first), (Span.of(24, 56), events(event(26, 34, None, "b")))]) == events(event(20, 34, None, "a"))
    apart = TOOL.merge([(Span.of(0, 32), first), (Span.of(24, 56), events(event(27, 34, None, "b")))])
    assert apart is not None  # 27-30 is 3 s of 7 s: less than half
    assert len(apart.events) == 2


def test_the_score_weighs_overlap_by_words() -> None:
    truth = events(event(0, 10, "irrigate", "water flows"))
    # IoU 0.5; words: irrigate, water, runs against irrigate, water, flows: 2 of 3 shared.
    assert TOOL.score(events(event(5, 10, "irrigate", "water runs")), truth) == pytest.approx(0.5 * 2 / 3)


def test_the_question_lists_the_actions() -> None:
    text = TOOL.question(StyleArgs(video_id=VIDEO_ID, span=Span.of(0, 32)), CASE, wording("plain"))
    assert "[clip the cystic duct, cut the cystic duct, irrigate]" in text
