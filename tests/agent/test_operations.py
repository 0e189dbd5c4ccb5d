"""Operations on spans: what each gives, and what it gives of nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medvid.agent.operations import OPS, after, before, between, count, first, last, longest, total_duration
from medvid.agent.shapes import Validator


def span(start_s: float, end_s: float) -> dict[str, float]:
    return {"start_s": start_s, "end_s": end_s}


SPANS = st.lists(
    st.tuples(st.integers(0, 1000), st.integers(0, 50)).map(lambda ends: span(ends[0] / 10, (ends[0] + ends[1]) / 10)), max_size=8
)


def test_before_reaches_from_the_start_of_the_video_to_the_start_of_the_span() -> None:
    assert before(span(12.5, 20.0)) == span(0.0, 12.5)


def test_after_reaches_from_the_end_of_the_span_to_the_end_of_the_video() -> None:
    assert after(span(12.5, 20.0), 90.0) == span(20.0, 90.0)


@pytest.mark.parametrize("value", [before(span(0.0, 5.0)), after(span(80.0, 90.0), 90.0), before(None), after(None, 90.0)])
def test_where_nothing_lies_before_or_after_there_is_no_span(value: Any) -> None:
    assert value is None


def test_between_takes_its_two_spans_in_either_order() -> None:
    assert between(span(10.0, 20.0), span(35.0, 40.0)) == between(span(35.0, 40.0), span(10.0, 20.0)) == span(20.0, 35.0)


def test_between_spans_that_touch_or_overlap_lies_nothing() -> None:
    assert between(span(10.0, 20.0), span(20.0, 30.0)) is None
    assert between(span(10.0, 20.0), span(15.0, 30.0)) is None


def test_first_and_last_go_by_time_and_not_by_place_in_the_list() -> None:
    spans = [span(30.0, 31.0), span(5.0, 9.0), span(12.0, 20.0)]
    assert first(spans) == span(5.0, 9.0)
    assert last(spans) == span(30.0, 31.0)


def test_the_longest_of_equally_long_spans_is_the_first() -> None:
    assert longest([span(30.0, 34.0), span(5.0, 9.0), span(12.0, 13.0)]) == span(5.0, 9.0)


def test_a_second_covered_twice_counts_once() -> None:
    # 0-4 and 2-6 cover 6 s; 10-11 adds 1 s; 3-5 lies inside.
    assert total_duration([span(2.0, 6.0), span(0.0, 4.0), span(10.0, 11.0), span(3.0, 5.0)]) == pytest.approx(7.0)


@pytest.mark.parametrize("nothing", [None, [], [None]])
def test_null_is_empty(nothing: Any) -> None:
    assert (first(nothing), last(nothing), longest(nothing), count(nothing), total_duration(nothing)) == (None, None, None, 0, 0.0)


@given(SPANS)
def test_what_is_picked_is_one_of_the_spans_and_no_other_comes_before_or_after_it(spans: list[dict[str, float]]) -> None:
    for pick in (first, last, longest):
        assert (pick(spans) is None) == (not spans)
        assert not spans or pick(spans) in spans
    if spans:
        assert all(first(spans)["start_s"] <= item["start_s"] <= last(spans)["start_s"] for item in spans)


@given(SPANS)
def test_the_seconds_covered_lie_between_the_longest_span_and_the_sum_and_the_order_does_not_matter(spans: list[dict[str, float]]) -> None:
    lengths = [item["end_s"] - item["start_s"] for item in spans]
    assert max(lengths, default=0.0) - 1e-9 <= total_duration(spans) <= sum(lengths) + 1e-9
    assert total_duration(list(reversed(spans))) == pytest.approx(total_duration(spans))


@given(SPANS)
def test_before_between_and_after_share_no_second_with_the_spans_they_are_made_of(spans: list[dict[str, float]]) -> None:
    one, other = first(spans), last(spans)
    earlier, later, gap = before(one), after(other, 200.0), between(one, other)
    assert earlier is None or earlier["end_s"] == one["start_s"]
    assert later is None or later["start_s"] == other["end_s"]
    assert gap is None or (gap["start_s"] == one["end_s"] and gap["end_s"] == other["start_s"] and gap["start_s"] < gap["end_s"])


@given(SPANS)
def test_every_operation_takes_and_gives_what_its_schemas_say(spans: list[dict[str, float]]) -> None:
    values: dict[str, Any] = {"spans": spans, "span": first(spans), "duration_s": 200.0, "n": 2, "of": spans[:1], "within": last(spans)}
    values["step_s"] = 7.0
    for operation in OPS.values():
        listed = operation.takes.get("a", {}).get("type") == "array"
        pair = {"a": spans, "b": spans[:1]} if listed else {"a": first(spans), "b": last(spans)}
        args = {name: {**values, **pair}[name] for name in operation.takes}
        assert list(Validator(operation.input_schema).iter_errors(args)) == []
        assert list(Validator(operation.gives).iter_errors(operation.run(**args))) == []
