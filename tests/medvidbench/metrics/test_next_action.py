from __future__ import annotations

from collections.abc import Sequence

import pytest

from medvid.medvidbench.metrics import figure
from medvid.medvidbench.metrics.next_action import classes_for, nap
from tests.medvidbench.metrics.results import result


def test_the_answer_is_stripped_but_its_case_is_kept() -> None:
    results = [result("next_action", "tying", said, source="AVOS") for said in (" tying\n", "Tying")]
    assert figure(nap(results)) == 0.5


def test_copesds_older_names_are_mapped_on_both_sides() -> None:
    new, old = "stabilize flap with forceps", "hold flap with forceps"
    assert figure(nap([result("next_action", old, new, source="CoPESD"), result("next_action", new, old, source="CoPESD")])) == 1.0


def test_a_record_whose_truth_is_no_class_is_skipped() -> None:
    results = [result("next_action", "sewing", "sewing", source="AVOS"), result("next_action", "tying", "cutting", source="AVOS")]
    assert figure(nap(results)) == 0.0


def test_sources_are_pooled_by_their_records() -> None:
    results = [result("next_action", "tying", "tying", source="AVOS")] * 3 + [result("next_action", "x", "y", source="EgoSurgery")]
    assert figure(nap(results)) == pytest.approx(3 / 4)


def test_what_is_no_class_goes_to_the_nearest_one_where_somebody_judges_nearness() -> None:
    answered = [result("next_action", "tying", "tie a knot", source="AVOS")]
    asked: list[str] = []

    def nearest(texts: Sequence[str], classes: object) -> list[str]:
        asked.extend(texts)
        return ["tying"] * len(texts)

    assert figure(nap(answered)) == 0.0
    assert figure(nap(answered, nearest)) == 1.0
    assert asked == ["tie a knot"]


def test_nursing_classes_are_those_of_the_procedure_in_the_question() -> None:
    named = result("next_action", "Handwashing", "", source="NurViD", question="... during Blood Glucose Monitoring: which step follows?")
    assert classes_for(named, [])[:2] == ["Disinfect skin", "Document"]
    other = result("next_action", "Handwashing", "", source="NurViD", question="which step follows?")
    assert {"Disinfect skin", "Perform chest compressions"} < set(classes_for(other, []))


def test_a_source_without_a_list_has_the_truths_of_the_file() -> None:
    results = [result("next_action", truth, "") for truth in ("cut", "sew", "cut")]
    assert classes_for(results[0], results) == ["cut", "sew"]
