from __future__ import annotations

import pytest

from medvid.medvidbench.metrics import figure
from medvid.medvidbench.metrics.grounding import ZERO, box_iou, read_boxes, stg
from tests.medvidbench.metrics.results import result

A, B = (0.0, 0.0, 10.0, 10.0), (5.0, 0.0, 15.0, 10.0)


def test_times_are_matched_as_text_with_one_decimal() -> None:
    assert read_boxes("66 seconds: [0, 0, 10, 10] 74.0 seconds: [5, 0, 15, 10.0]", ["66.0", "74.0"]) == [A, B]
    assert read_boxes("66.0 seconds: [0, 0, 10, 10] 74.04 seconds: [5, 0, 15, 10]", ["66.0", "74.0"]) == [A, A]  # 74.04 is not 74.0


def test_a_missing_time_repeats_the_previous_prediction_and_a_missing_first_one_is_the_zero_box() -> None:
    assert read_boxes("2.0 seconds: [0, 0, 10, 10]", ["1.0", "2.0", "3.0"]) == [ZERO, A, A]


def test_an_unreadable_box_repeats_the_last_readable_one() -> None:
    assert read_boxes("1.0 seconds: [0, 0, 10, 10] 2.0 seconds: [5, 0, 15]", ["1.0", "2.0"]) == [A, A]
    assert read_boxes("1.0 seconds: [0, 0, ten, 10]", ["1.0"]) == [ZERO]
    assert read_boxes("1.0 seconds: [0, 0, nan, 10]", ["1.0"]) == [ZERO]


def test_a_zero_box_repeats_what_stands_before_it() -> None:
    assert read_boxes("1.0 seconds: [0, 0, 10, 10] 2.0 seconds: [0, 0, 0, 0]", ["1.0", "2.0"]) == [A, A]


def test_a_box_is_timed_only_by_seconds_and_a_colon() -> None:
    assert read_boxes("1.0s: [0, 0, 10, 10] 2.0 seconds: [5, 0, 15, 10]", ["1.0", "2.0"]) == [ZERO, B]


def test_bare_lists_of_whole_numbers_are_taken_in_order() -> None:
    assert read_boxes("[[0, 0, 10, 10]] then [[5, 0, 15, 10]]", ["1.0", "2.0", "3.0"]) == [A, B, B]
    assert read_boxes("[[0.5, 0, 10, 10]]", ["1.0"]) == [ZERO]
    assert read_boxes("[0, 0, 10, 10]", ["1.0"]) == [ZERO]  # the form has two brackets


def test_box_iou_by_hand() -> None:
    assert box_iou(A, B) == pytest.approx(50 / 150)
    assert box_iou(ZERO, A) == 0


def test_the_mean_is_over_true_times_and_then_over_records() -> None:
    truth = "1.0 seconds: [0, 0, 10, 10] 2.0 seconds: [0, 0, 10, 10]"
    results = [
        result("stg", truth, "1.0 seconds: [0, 0, 10, 10] 2.0 seconds: [5, 0, 15, 10]"),  # (1 + 1/3) / 2
        result("stg", truth, "I cannot see it"),  # two zero boxes
        result("stg", "", "1.0 seconds: [0, 0, 10, 10]"),  # no truth: left out
    ]
    assert figure(stg(results)) == pytest.approx((2 / 3 + 0) / 2)


def test_true_boxes_come_from_the_structured_truth_first() -> None:
    facts = [{"bbox_dict": {"66": [0, 0, 10, 10]}}]
    assert figure(stg([result("stg", "", "66.0 seconds: [0, 0, 10, 10]", facts=facts)])) == 1.0
