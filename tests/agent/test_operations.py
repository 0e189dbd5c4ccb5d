"""Operations on spans: what each gives, and what it gives of nothing."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medvid.agent.operations import OPS, after, before, between, gaps, intersect, longest, nth, order, share, total_duration, union
from medvid.agent.shapes import Validator

first, last, count = (OPS[name].run for name in ("first", "last", "count"))


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


# The algebra. Spans lie on a grid of quarters of a second, so that sums and differences are exact; an instant is a span too.

GRID = st.tuples(st.integers(0, 400), st.integers(0, 80)).map(lambda ends: span(ends[0] / 4, (ends[0] + ends[1]) / 4))
LISTS = st.lists(GRID, max_size=7)
LONG = GRID.filter(lambda item: item["end_s"] > item["start_s"])


def lasting(spans: list[dict[str, float]]) -> list[dict[str, float]]:
    """Those that cover any time."""
    return [item for item in spans if item["end_s"] > item["start_s"]]


def inside(time_s: float, spans: list[dict[str, float]]) -> bool:
    return any(item["start_s"] < time_s < item["end_s"] for item in spans)


MIDDLES = [quarter / 4 + 0.125 for quarter in range(480)]
"""A time inside each quarter of a second: what a list of spans covers is known by which of these it covers."""


def test_worked_examples_of_union_intersect_and_gaps() -> None:
    a, b = [span(0.0, 10.0), span(20.0, 30.0)], [span(5.0, 22.0), span(40.0, 45.0)]
    assert union(a, b) == [span(0.0, 30.0), span(40.0, 45.0)]
    assert intersect(a, b) == [span(5.0, 10.0), span(20.0, 22.0)]
    assert gaps(a, span(5.0, 50.0)) == [span(10.0, 20.0), span(30.0, 50.0)]


def test_worked_examples_of_nth_order_and_share() -> None:
    spans = [span(30.0, 31.0), span(5.0, 9.0), span(12.0, 20.0)]
    assert (nth(spans, 2), nth(spans, 4), nth(spans, 0)) == (span(12.0, 20.0), None, None)
    assert (order(spans, [span(6.0, 7.0)]), order([span(6.0, 7.0)], spans), order(spans, [span(5.0, 5.5)])) == ("a", "b", "together")
    # 5-9 and 12-20 cover 12 of the first 24 s.
    assert share(spans, [span(0.0, 24.0)]) == 0.5


@given(LISTS, LISTS)
def test_union_covers_what_either_covers_and_intersect_what_both_cover(a: Any, b: Any) -> None:
    either, both = union(a, b), intersect(a, b)
    for time_s in MIDDLES:
        assert inside(time_s, either) == (inside(time_s, a) or inside(time_s, b))
        assert inside(time_s, both) == (inside(time_s, a) and inside(time_s, b))


@given(LISTS, LISTS, LISTS)
def test_union_and_intersect_do_not_depend_on_the_order_of_what_they_take(a: Any, b: Any, c: Any) -> None:
    for joined in (union, intersect):
        assert joined(a, b) == joined(b, a)
        assert lasting(joined(joined(a, b), c)) == lasting(joined(a, joined(b, c)))


@given(LISTS, LISTS)
def test_union_and_intersect_of_a_list_with_itself_are_what_it_covers(a: Any, b: Any) -> None:
    covered = union(a, [])
    assert union(a, a) == union(covered, []) == covered
    assert intersect(a, a) == lasting(intersect(covered, covered)) and total_duration(intersect(a, a)) == total_duration(a)
    assert lasting(intersect(a, union(a, b))) == lasting(union(a, intersect(a, b))) == lasting(covered)


@given(LISTS, LISTS)
def test_the_seconds_of_two_lists_are_those_of_their_union_and_of_what_they_share(a: Any, b: Any) -> None:
    assert total_duration(union(a, b)) + total_duration(intersect(a, b)) == total_duration(a) + total_duration(b)


@given(LISTS, GRID)
def test_gaps_and_the_spans_fill_a_stretch_exactly_and_share_nothing(spans: Any, within: Any) -> None:
    free = gaps(spans, within)
    assert intersect(free, spans) == []
    assert total_duration(free) + total_duration(intersect(spans, [within])) == within["end_s"] - within["start_s"]
    assert lasting(union(free, intersect(spans, [within]))) == lasting([within])
    assert lasting(gaps(free, within)) == lasting(intersect(spans, [within]))


@given(LISTS, LISTS)
def test_what_union_intersect_and_gaps_give_is_in_order_and_apart(a: Any, b: Any) -> None:
    for spans in (union(a, b), intersect(a, b), gaps(a, span(0.0, 120.0))):
        assert all(earlier["end_s"] < later["start_s"] for earlier, later in pairwise(spans))


@given(LISTS, LISTS)
def test_which_comes_first_turns_round_with_its_lists(a: Any, b: Any) -> None:
    turned = {"a": "b", "b": "a", "together": "together", None: None}
    assert order(b, a) == turned[order(a, b)]
    assert (order(a, b) is None) == (not a or not b)
    assert not a or order(a, a) == "together"


@given(LISTS, LISTS, LISTS)
def test_which_comes_first_holds_over_three(a: Any, b: Any, c: Any) -> None:
    if order(a, b) == order(b, c) == "a":
        assert order(a, c) == "a"


@given(LISTS, LISTS)
def test_a_share_lies_between_none_and_all_and_all_of_it_is_one(spans: Any, of: Any) -> None:
    part = share(spans, of)
    assert (part is None) == (total_duration(of) == 0)
    if part is not None:
        assert 0 <= part <= 1
        assert share(of, of) == 1.0 and share([], of) == 0.0
        assert part * total_duration(of) == pytest.approx(total_duration(intersect(spans, of)))


@given(LISTS)
def test_the_nth_runs_from_the_first_to_the_last_in_order_and_then_ends(spans: Any) -> None:
    numbered = [nth(spans, n) for n in range(1, count(spans) + 1)]
    assert nth(spans, 1) == first(spans) and nth(spans, count(spans)) == last(spans)
    assert nth(spans, count(spans) + 1) is None
    assert sorted(map(str, numbered)) == sorted(map(str, spans))
    assert all(earlier["start_s"] <= later["start_s"] for earlier, later in pairwise(numbered))


@given(LISTS)
def test_before_after_and_a_span_fill_the_video(spans: Any) -> None:
    one = longest(spans)
    if one is not None:
        parts = [part for part in (before(one), one, after(one, 120.0)) if part is not None]
        assert total_duration(parts) == sum(part["end_s"] - part["start_s"] for part in parts) == 120.0


@given(LONG, LONG)
def test_what_lies_between_two_spans_is_the_gap_of_both_within_what_they_reach_over(a: Any, b: Any) -> None:
    reach = span(min(a["start_s"], b["start_s"]), max(a["end_s"], b["end_s"]))
    free = between(a, b)
    assert gaps([a, b], reach) == ([] if free is None else [free])
