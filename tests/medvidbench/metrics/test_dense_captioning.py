from __future__ import annotations

import pytest

from medvid.medvidbench.metrics import figure
from medvid.medvidbench.metrics.spans import cut_apart, dvc, f1_of, frame_iou, read_events
from tests.medvidbench.metrics.results import result


def test_events_are_read_without_space_around_the_dash_and_equal_spans_once() -> None:
    text = "0.0-4.0 seconds: cut: He cuts.\n0.0-4.0 seconds: again\n6 - 8 seconds: spaces\n10.0-12.0 seconds: tie"
    assert read_events(text) == [(0, 4), (10, 12)]


def test_a_looser_form_is_read_only_where_the_strict_one_finds_nothing() -> None:
    loose = "**Start Time:** 3.0 - 5.5 seconds **Description:** He cuts.\nTime Range: 6 - 8 seconds - He ties."
    assert read_events(loose) == [(3, 5.5), (6, 8)]
    assert read_events("Start Time 1-2 seconds - cut\n3-4 seconds: tie") == [(3, 4)]


def test_a_space_around_the_dash_makes_no_event() -> None:
    assert read_events("1.0 - 2.5 seconds: The clinician cuts.") == []


def test_an_event_runs_up_to_the_next_line_that_begins_as_one() -> None:
    assert read_events("0.0-4.0 seconds: cut, 4.0-8.0 seconds: tie\nand more\n9-10 seconds: sew") == [(0, 4), (9, 10)]


def test_overlapping_events_are_cut_at_every_boundary() -> None:
    assert cut_apart([(0, 10), (3, 5), (20, 30)]) == [(0, 3), (3, 5), (5, 10), (20, 30)]
    assert cut_apart([(0, 4), (4, 8)]) == [(0, 4), (4, 8)]  # touching is not overlapping


def test_iou_is_over_the_smaller_of_hull_and_sum() -> None:
    assert frame_iou((0, 4), (2, 6)) == pytest.approx(2 / 6)
    assert frame_iou((0, 2), (8, 10)) == 0
    assert frame_iou((3, 3), (3, 3)) == 0  # shorter than a frame
    assert frame_iou((4, 0), (0, 4)) == pytest.approx(1)  # backwards counts as forwards


def test_precision_and_recall_are_averaged_over_thresholds_before_f1() -> None:
    # At 1 fps: prediction 0-6 on truth 0-10 has IoU 0.6, above 0.3 and 0.5 but not 0.7; prediction 50-60 covers nothing.
    # precision = (1/2 + 1/2 + 0) / 3 = 1/3; recall = (1/1 + 1/1 + 0) / 3 = 2/3; F1 = 2 * 1/3 * 2/3 / 1 = 4/9.
    assert f1_of([(0, 6), (50, 60)], [(0, 10)], 1.0) == pytest.approx(4 / 9)


def test_matching_is_many_to_many() -> None:
    # Both halves of a truth lie at IoU 0.5, which is above 0.3 only: precision (1 + 0 + 0) / 3, recall the same.
    assert f1_of([(0, 5), (5, 10)], [(0, 10)], 1.0) == pytest.approx(1 / 3)


def test_times_are_truncated_to_whole_frames() -> None:
    # At 0.5 fps, 0-9.9 s and 0-8 s are both frames 0 to 4.
    assert f1_of([(0, 9.9)], [(0, 8)], 0.5) == pytest.approx(1.0)


def test_an_unreadable_record_is_left_out_of_its_sources_mean_but_counts_as_weight() -> None:
    right, nothing = "0.0-10.0 seconds: cut", "no events here"
    results = [
        result("dense_captioning_gpt", right, right, source="A"),  # A: mean of the one readable is 1, weight 3
        result("dense_captioning_gpt", right, nothing, source="A"),
        result("dense_captioning_gpt", right, nothing, source="A"),
        result("dense_captioning_gpt", right, nothing, source="B"),  # B: nothing to average is 0, weight 1
    ]
    assert figure(dvc(results), by_records=True) == pytest.approx((1 * 3 + 0 * 1) / 4)


def test_true_events_come_from_either_form_of_the_structured_truth() -> None:
    event = {"start": 0, "end": 10, "caption": "cut"}
    for facts in ([[event]], [{"dc_segments": [event]}]):
        assert figure(dvc([result("dense_captioning_gpt", "", "0.0-10.0 seconds: cut", facts=facts)])) == pytest.approx(1.0)
