from __future__ import annotations

from medvid.core.span import Box, Span, TimedBox, Track
from medvid.tools.caption_events import CaptionedEvent, Events
from medvid.tools.ground_object import Grounding
from medvid.tools.localize_action import Spans
from medvid.tools.look import confine, count_items
from medvid.tools.scores import Scores

WITHIN, SIZE = Span.of(10, 20), (320, 240)


def test_spans_are_cut_to_the_span_asked_for_and_others_left_out() -> None:
    spans = Spans(spans=(Span.of(1, 5), Span.of(8, 12), Span.of(15, 30)))
    assert confine(spans, WITHIN, SIZE) == Spans(spans=(Span.of(10, 12), Span.of(15, 20)))


def test_nothing_left_is_none() -> None:
    assert confine(Spans(spans=(Span.of(1, 5),)), WITHIN, SIZE) is None
    outside = Grounding(track=Track((TimedBox(time_s=5, box_px=Box.of(1, 2, 3, 4)),)))
    assert confine(outside, WITHIN, SIZE) is None


def test_a_track_keeps_the_times_asked_for_and_boxes_stay_in_the_frame() -> None:
    track = Track(tuple(TimedBox(time_s=time_s, box_px=Box.of(-3, 10, 400, 50)) for time_s in (9.0, 10.0, 20.0, 21.0)))
    kept = confine(Grounding(track=track), WITHIN, SIZE)
    assert kept is not None
    assert [(item.time_s, item.box_px.root) for item in kept.track.root] == [(10, (0, 10, 320, 50)), (20, (0, 10, 320, 50))]


def test_an_event_outside_goes_with_its_words() -> None:
    inside, outside = (CaptionedEvent(span=Span.of(*span), caption="x") for span in ((12, 14), (2, 4)))
    assert confine(Events(events=(outside, inside)), WITHIN, SIZE) == Events(events=(inside,))


def test_what_has_neither_time_nor_place_is_kept() -> None:
    scores = Scores(scores={"Two structures": 2})
    assert confine(scores, WITHIN, SIZE) == scores


def test_an_instant_in_the_span_is_kept() -> None:
    assert confine(Spans(spans=(Span.of(15, 15),)), WITHIN, SIZE) == Spans(spans=(Span.of(15, 15),))


def test_items_are_counted_where_a_result_lists_them() -> None:
    assert count_items(Spans(spans=(Span.of(1, 5), Span.of(8, 12)))) == 2
    assert count_items(Scores(scores={"Two structures": 2})) == 1
