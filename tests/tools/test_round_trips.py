"""Every tool reads back what it writes, on the grid of the answer's form, and scores it 1."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medvid.core.errors import ParseError
from medvid.core.span import Box, Span, TimedBox, Track
from medvid.tools import assess_cvs, assess_skill
from medvid.tools.caption_events import CaptionedEvent, Events
from medvid.tools.ground_object import Grounding
from medvid.tools.localize_action import Spans
from medvid.tools.predict_next import NextAction
from medvid.tools.registry import TOOLS
from medvid.tools.scores import Scores
from medvid.tools.texts import Description
from tests.tools.clips import CASE, clip

TENTHS = st.integers(0, 1000).map(lambda n: n / 10)  # the clip has 100 s
SPANS = st.tuples(TENTHS, TENTHS).map(lambda pair: Span.of(min(pair), max(pair)))
WORDS = st.lists(st.sampled_from(["The", "clipper", "cuts", "2-3", "ducts", "at", "10.5", "mm", "slowly"]), min_size=1, max_size=12)
SENTENCES = WORDS.map(lambda words: "The " + " ".join(words) + ".")


def in_order(spans: list[Span]) -> tuple[Span, ...]:
    return tuple(sorted(set(spans), key=lambda span: (span.start_s, span.end_s)))


@st.composite
def boxes(draw: st.DrawFn) -> Box:
    """Hundredths of a pixel within 320x240."""
    x1, x2 = sorted(draw(st.lists(st.integers(0, 32000), min_size=2, max_size=2, unique=True)))
    y1, y2 = sorted(draw(st.lists(st.integers(0, 24000), min_size=2, max_size=2, unique=True)))
    return Box.of(x1 / 100, y1 / 100, x2 / 100, y2 / 100)


@st.composite
def tracks(draw: st.DrawFn) -> Track:
    times_s = sorted(draw(st.sets(TENTHS, min_size=1, max_size=8)))
    return Track(tuple(TimedBox(time_s=time_s, box_px=draw(boxes())) for time_s in times_s))


def scores(names: tuple[str, ...], low: int, high: int) -> st.SearchStrategy[Scores]:
    return st.tuples(*[st.integers(low, high)] * len(names)).map(lambda values: Scores(scores=dict(zip(names, values, strict=True))))


EVENTS = st.builds(CaptionedEvent, span=SPANS, action=st.sampled_from(CASE.action_names) | st.none(), caption=SENTENCES)
RESULTS: dict[str, st.SearchStrategy[Any]] = {
    "localize_action": st.lists(SPANS, min_size=1, max_size=5).map(lambda spans: Spans(spans=in_order(spans))),
    "ground_object": tracks().map(lambda track: Grounding(track=track)),
    "predict_next": st.sampled_from(CASE.action_names).map(lambda name: NextAction(action=name)),
    "caption_events": st.lists(EVENTS, min_size=1, max_size=5).map(
        lambda events: Events(events=tuple(sorted(events, key=lambda event: (event.span.start_s, event.span.end_s))))
    ),
    "summarize_video": SENTENCES.map(lambda text: Description(text=text)),
    "caption_region": SENTENCES.map(lambda text: Description(text=text)),
    "assess_skill": scores(assess_skill.ASPECTS, 1, 5),
    "assess_cvs": scores(assess_cvs.CRITERIA, 0, 2),
}


@pytest.mark.parametrize("name", TOOLS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_written_answer_is_read_back_and_scores_1(name: str, data: st.DataObject) -> None:
    tool, result = TOOLS[name], data.draw(RESULTS[name])
    reading = tool.parse(tool.render(result), clip(), CASE)
    assert reading.result == result
    assert reading.dropped == ()
    assert tool.score(reading.result, result) == pytest.approx(1.0)


@pytest.mark.parametrize("name", TOOLS)
@pytest.mark.parametrize("text", ["Not observed.", "not observed", " NOT OBSERVED. \n"])
def test_an_absence_is_read_in_any_spelling(name: str, text: str) -> None:
    tool = TOOLS[name]
    assert tool.parse(text, clip(), CASE).result is None
    assert tool.render(None) == "Not observed."
    assert tool.score(None, None) == 1


@pytest.mark.parametrize("name", TOOLS)
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_an_answer_never_scores_against_an_absence(name: str, data: st.DataObject) -> None:
    result = data.draw(RESULTS[name])
    assert TOOLS[name].score(result, None) == 0
    assert TOOLS[name].score(None, result) == 0


@pytest.mark.parametrize("name", TOOLS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_every_score_lies_between_0_and_1(name: str, data: st.DataObject) -> None:
    a, b = data.draw(RESULTS[name]), data.draw(RESULTS[name])
    assert 0 <= TOOLS[name].score(a, b) <= 1 + 1e-9


@pytest.mark.parametrize("name", TOOLS)
@settings(max_examples=100, deadline=None)
@given(text=st.text(alphabet='0123456789.:-/[],()\n "se tocngmabd%–Tw', max_size=80))
def test_no_text_makes_a_reader_fail_in_another_way_than_a_parse_error(name: str, text: str) -> None:
    try:
        reading = TOOLS[name].parse(text, clip(), CASE)
    except ParseError as error:
        assert error.text == text
    else:
        assert reading.result is None or TOOLS[name].render(reading.result)
