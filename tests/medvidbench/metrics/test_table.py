from __future__ import annotations

import pytest

from medvid.medvidbench.metrics.table import absent, columns, strict
from tests.medvidbench.metrics.results import result

SPAN, NONE = "0.0-10.0 seconds.", "Not observed."


def test_strict_counts_an_unreadable_answer_as_0_and_tells_its_share() -> None:
    score, unreadable = strict([result("tal", SPAN, "0.0-5.0 seconds."), result("tal", SPAN, "near the beginning")])
    assert score == pytest.approx((0.5 + 0) / 2)
    assert unreadable == 0.5


def test_a_rambling_answer_flatters_the_leaderboard_column_and_not_the_strict_one() -> None:
    truth = "Two structures: 2, Cystic plate: 1, Hepatocystic triangle: 0"
    (column,) = columns([result("cvs_assessment", truth, truth), result("cvs_assessment", truth, "a fine view")])
    assert (column.name, column.leaderboard, column.strict, column.unreadable) == ("CVS acc", 1.0, 0.5, 0.5)


def test_what_does_not_occur_is_judged_in_a_column_of_its_own_and_in_no_other() -> None:
    results = [
        result("tal", SPAN, SPAN),
        result("tal", NONE, "3.0-4.0 seconds."),  # would spoil the spans' column
        result("tal", NONE, NONE),
    ]
    table = {column.name: column for column in columns(results)}
    assert (table["TAG @0.5"].tests, table["TAG @0.5"].leaderboard, table["TAG @0.5"].strict) == (1, 1.0, 1.0)
    assert (table["absent"].tests, table["absent"].strict, table["absent"].leaderboard) == (2, 0.5, None)


def test_absent_precision_counts_what_is_there_and_was_denied() -> None:
    column = absent([result("tal", SPAN, NONE), result("tal", NONE, "not observed"), result("stg", NONE, NONE)])
    assert column is not None
    assert column.secondary["recall"] == 1.0
    assert column.secondary["precision"] == pytest.approx(2 / 3)


def test_every_task_has_its_column_with_both_figures() -> None:
    skill = ", ".join(
        f"{name}: 3/5"
        for name in (
            "Respect for tissue",
            "Suture/needle handling",
            "Time and motion",
            "Flow of operation",
            "Overall performance",
            "Quality of final product",
        )
    )
    cvs = "Two structures: 2, Cystic plate: 1, Hepatocystic triangle: 0"
    texts = {
        "cvs_assessment": cvs, "next_action": "tie", "skill_assessment": skill, "stg": "1.0 seconds: [0, 0, 10, 10]", "tal": SPAN,
        "dense_captioning_gemini": "0.0-10.0 seconds: cut: He cuts.",
    }  # fmt: skip
    table = columns([result(kind, text, text) for kind, text in texts.items()])
    assert [column.name for column in table] == ["CVS acc", "NAP acc", "SA acc", "STG mIoU", "TAG @0.3", "TAG @0.5", "DVC F1"]
    for column in table:
        assert column.leaderboard == pytest.approx(1.0) and column.strict == pytest.approx(1.0), column


def test_a_step_off_the_list_is_unreadable_to_the_strict_reader() -> None:
    table = columns([result("next_action", "tie", "tie"), result("next_action", "cut", "sing")])
    assert (table[0].strict, table[0].unreadable) == (0.5, 0.5)
