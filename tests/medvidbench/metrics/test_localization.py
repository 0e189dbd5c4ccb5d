from __future__ import annotations

import pytest

from medvid.medvidbench.metrics import figure
from medvid.medvidbench.metrics.spans import error_s, hull_iou, match_in_order, read_spans, recall, tag
from tests.medvidbench.metrics.results import result


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("22.0-78.0, 89.0 - 94.5 seconds.", [(22, 78), (89, 94.5)]),
        ("from 3 to 9 seconds", [(3, 9)]),
        ("3.5s to 9s and 12 seconds to 14 seconds", [(3.5, 9), (12, 14)]),
        ("From 3s TO 9s", [(3, 9)]),
        ("0:01:02 to 0:01:05", [(2, 0), (62, 65)]),  # `02 to 0` runs backwards and overlaps nothing
        ("00:10-00:20", [(10, 0)]),
        ("near the beginning", []),
    ],
)
def test_spans_are_read_in_three_forms_in_turn(text: str, spans: list[tuple[float, float]]) -> None:
    assert read_spans(text) == spans


def test_a_dashed_span_keeps_the_worded_form_from_being_read() -> None:
    assert read_spans("1-2 seconds, or 5 to 9") == [(1, 2)]


def test_iou_is_taken_over_the_hull() -> None:
    assert hull_iou((0, 4), (2, 10)) == pytest.approx(2 / 10)
    assert hull_iou((0, 2), (8, 10)) == 0
    assert hull_iou((5, 5), (5, 5)) == 0  # an instant has no hull


def test_each_truth_takes_the_best_prediction_that_is_left() -> None:
    # The first truth takes 0-10 (IoU 1), so 0-8 is left for the second: intersection 8-2=6 of hull 0-12.
    assert match_in_order([(0, 10), (2, 12)], [(0, 10), (0, 8)], 0.5) == [((0, 10), (0, 10), 1.0), ((2, 12), (0, 8), 6 / 12)]
    assert match_in_order([(0, 10), (2, 12)], [(0, 10), (0, 8)], 0.6) == [((0, 10), (0, 10), 1.0)]


def test_the_column_is_the_mean_of_matched_ious_and_recall_the_share_of_all_truths() -> None:
    results = [
        result("tal", "0.0-10.0, 20.0-30.0 seconds.", "0.0-5.0 seconds."),  # one of two matched at IoU 0.5
        result("tal", "0.0-10.0 seconds.", "0.0-8.0 seconds."),  # matched at 0.8
        result("tal", "0.0-10.0 seconds.", "no idea"),
    ]
    assert figure(tag(results, 0.5)) == pytest.approx((0.5 + 0.8 + 0) / 3)
    assert figure(recall(results, 0.5)) == pytest.approx((1 / 2 + 1 + 0) / 3)
    assert figure(recall(results, 0.7)) == pytest.approx((0 + 1 + 0) / 3)
    # Of the two spans matched at 0.3 the starts are right, the ends 5 s and 2 s off.
    assert (figure(error_s(results, 0)), figure(error_s(results, 1))) == (0, 3.5)


def test_all_entries_of_the_structured_truth_count() -> None:
    facts = [{"spans": [{"start": 0, "end": 10}]}, {"spans": [{"start": 20, "end": 30}]}]
    assert figure(recall([result("tal", "", "20.0-30.0", facts=facts)], 0.5)) == 0.5


def test_structured_truth_goes_before_the_answer_text() -> None:
    facts = [{"spans": [{"start": 4, "end": 8}]}]
    assert figure(tag([result("tal", "", "4-8", facts=facts)], 0.3)) == 1.0


def test_nothing_to_judge_has_no_figure() -> None:
    assert figure(tag([], 0.5)) is None
    assert figure(error_s([result("tal", "0-4", "never")], 0)) is None
