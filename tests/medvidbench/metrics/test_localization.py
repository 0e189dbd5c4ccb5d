from __future__ import annotations

import pytest

from medvid.medvidbench.metrics.spans import hull_iou, match_in_order, read_spans, tag
from tests.medvidbench.metrics.results import result


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("22.0-78.0, 89.0 - 94.5 seconds.", [(22, 78), (89, 94.5)]),
        ("from 3 to 9 seconds", [(3, 9)]),
        ("3.5 s to 9 s and 12 seconds to 14 seconds", [(3.5, 9), (12, 14)]),
        ("0:01:02 to 0:01:05.5", [(62, 65.5)]),
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
    assert match_in_order([(0, 10), (2, 12)], [(0, 10), (0, 8)], 0.5) == [1.0, 6 / 12]
    assert match_in_order([(0, 10), (2, 12)], [(0, 10), (0, 8)], 0.6) == [1.0]


def test_the_column_is_the_mean_of_matched_ious_and_recall_the_share_of_all_truths() -> None:
    results = [
        result("tal", "0.0-10.0, 20.0-30.0 seconds.", "0.0-5.0 seconds."),  # one of two matched at IoU 0.5
        result("tal", "0.0-10.0 seconds.", "0.0-8.0 seconds."),  # matched at 0.8
        result("tal", "0.0-10.0 seconds.", "no idea"),
    ]
    figure, recall = tag(results, 0.5)
    assert figure == pytest.approx((0.5 + 0.8 + 0) / 3)
    assert recall == pytest.approx(2 / 4)


def test_structured_truth_goes_before_the_answer_text() -> None:
    facts = [{"spans": [{"start": 4, "end": 8}]}]
    assert tag([result("tal", "", "4-8", facts=facts)], 0.3) == (1.0, 1.0)


def test_nothing_to_judge_has_no_figure() -> None:
    assert tag([], 0.5) == (None, None)
