from __future__ import annotations

import pytest

from medvid.medvidbench.metrics import figure
from medvid.medvidbench.metrics.scores import cvs, level, rating, read_cvs, read_skill, skill, skill_level
from tests.medvidbench.metrics.results import result

TRUTH = "Two structures: 2, Cystic plate: 1, Hepatocystic triangle: 0"


def test_cvs_is_read_a_part_between_commas_whatever_the_case() -> None:
    assert read_cvs("two structure: 2, CYSTIC PLATE: 1, Hepatocystic triangle 0") == {"Two structures": 2, "Cystic plate": 1}


def test_a_part_between_commas_has_one_score() -> None:
    assert read_cvs("Two structures: 2 Cystic plate: 1, Hepatocystic triangle: 0") == {"Two structures": 2, "Hepatocystic triangle": 0}


def test_a_source_of_which_nothing_can_be_read_counts_0() -> None:
    results = [result("cvs_assessment", TRUTH, TRUTH, source="A"), result("cvs_assessment", TRUTH, "a fine view", source="B")]
    assert figure(cvs(results)) == pytest.approx((1 + 0) / 2)


def test_structured_scores_have_names_of_their_own() -> None:
    facts = [{"cvs_scores": {"two_structures": 2, "cystic_plate": 0, "hepatocystic_triangle": 0, "rating": "fair"}}]
    assert figure(cvs([result("cvs_assessment", "", TRUTH, facts=facts)])) == pytest.approx(2 / 3)


def test_a_criterion_that_truth_or_answer_lacks_does_not_count() -> None:
    # Two structures: right, wrong -> 1/2. Cystic plate: right, lacking -> 1. Hepatocystic triangle: wrong, wrong -> 0.
    results = [
        result("cvs_assessment", TRUTH, "Two structures: 2, Cystic plate: 1, Hepatocystic triangle: 2"),
        result("cvs_assessment", TRUTH, "Two structures: 0, Hepatocystic triangle: 1"),
    ]
    assert figure(cvs(results)) == pytest.approx((0.5 + 1 + 0) / 3)


def test_an_unreadable_answer_is_left_out_of_the_column_but_counts_as_sum_0_in_the_rating() -> None:
    results = [result("cvs_assessment", TRUTH, TRUTH), result("cvs_assessment", TRUTH, "The view is good.")]
    assert figure(cvs(results)) == 1.0
    assert figure(rating(results)) == 0.5  # 2 + 1 + 0 = 3 is fair, 0 is poor


def test_sources_weigh_the_same() -> None:
    wrong = TRUTH.replace("2", "1").replace(": 0", ": 2").replace("plate: 1", "plate: 0")
    results = [result("cvs_assessment", TRUTH, TRUTH, source="A")] * 3 + [result("cvs_assessment", TRUTH, wrong, source="B")]
    assert figure(cvs(results)) == pytest.approx((1 + 0) / 2)


def test_structured_scores_go_before_the_answer_text() -> None:
    facts = [{"cvs_scores": {"Two structures": 1, "Cystic plate": 1, "Hepatocystic triangle": 0}}]
    assert figure(cvs([result("cvs_assessment", TRUTH, TRUTH, facts=facts)])) == pytest.approx(2 / 3)


def test_skill_needs_the_verbatim_name_and_a_fifth() -> None:
    said = "The scores: Respect for tissue: 2/5, Suture handling: 1/5, Time and motion: 3, Flow of operation: 4 / 5"
    assert read_skill(said) == {"Respect for tissue": 2, "Suture handling": 1}
    truth = "Respect for tissue: 2/5, Suture/needle handling: 2/5"
    assert figure(skill([result("skill_assessment", truth, said)])) == 1.0  # the second has another name, so it is missing


def test_a_record_without_any_fifth_is_skipped() -> None:
    truth = "Respect for tissue: 2/5, Time and motion: 4/5"
    results = [
        result("skill_assessment", truth, "Respect for tissue: 2/5, Time and motion: 1/5"),
        result("skill_assessment", truth, "a steady hand"),
    ]
    assert figure(skill(results)) == pytest.approx(0.5)


def test_levels_of_skill_have_their_bounds() -> None:
    assert [skill_level(mean) for mean in (2.0, 2.1, 3.5, 3.6)] == ["N", "I", "I", "E"]
    known = [result("skill_assessment", "", "Time and motion: 5/5, Flow of operation: 4/5", facts=[{"skill_level": "E"}])]
    assert figure(level(known)) == 1.0
    assert figure(level([result("skill_assessment", "", "Time and motion: 5/5")])) is None
