"""Statistics of a cohort: means, differences and slopes with their intervals, what is missing, and the order of a checklist."""

from __future__ import annotations

import pytest

from medvid.report.cohort import CHARTS, chart, checklist, statistics
from medvid.report.tidy import frame_of


def videos(values: list[float | None], groups: list[str] | None = None, **columns: list[object]) -> object:
    rows = [
        {
            "id": f"v{i}",
            "status": "failed" if value is None and i == 0 else "done",
            "view.score": value,
            "view.status": "ok" if value is not None else None if i == 0 else "not_observed",
            **({"group": groups[i]} if groups else {}),
            **{name: column[i] for name, column in columns.items()},
        }
        for i, value in enumerate(values)
    ]
    return frame_of(rows)


def rows_of(frame: object) -> list[dict[str, object]]:
    return [{name: None if value != value or value is None else value for name, value in row.items()} for row in
            frame.astype(object).where(frame.notna(), None).to_dict("records")]  # type: ignore[attr-defined]  # fmt: skip


def test_a_mean_stands_with_its_interval_and_all_videos_are_counted() -> None:
    (row,) = rows_of(statistics(videos([1, 2, 3, 4, 5]), ["view.score"], "mean"))
    assert (row["group"], row["videos"], row["observed"], row["missing"], row["mean"]) == ("all", 5, 5, None, 3.0)
    # The mean of five draws has the standard deviation sqrt(2 / 5) = 0.63: about 3 - 1.2 to 3 + 1.2.
    assert row["low_95"] == pytest.approx(1.8, abs=0.11)
    assert row["high_95"] == pytest.approx(4.2, abs=0.11)


def test_the_same_videos_give_the_same_interval() -> None:
    again = [rows_of(statistics(videos([1, 5, 2, 8]), ["view.score"], "mean")) for _ in range(2)]
    assert again[0] == again[1]


def test_what_is_missing_is_counted_with_its_cause_and_is_no_zero() -> None:
    (row,) = rows_of(statistics(videos([None, 4, None, 6, 8]), ["view.score"], "mean"))
    assert row["mean"] == 6.0  # of 4, 6 and 8
    assert (row["videos"], row["observed"]) == (5, 3)
    assert set(str(row["missing"]).split(", ")) == {"1 failed", "1 not_observed"}


def test_two_groups_are_told_apart_and_their_difference_has_an_interval() -> None:
    table = statistics(videos([1, 2, 3, 11, 12, 13], ["early"] * 3 + ["late"] * 3), ["view.score"], "mean")
    early, late, apart = rows_of(table)
    assert (early["mean"], late["mean"], apart["mean"]) == (2.0, 12.0, 10.0)
    assert apart["group"] == "late - early"
    assert 8.0 <= float(str(apart["low_95"])) < 10.0 < float(str(apart["high_95"])) <= 12.0


def test_a_group_of_two_says_so_and_has_no_interval() -> None:
    _, small, apart = rows_of(statistics(videos([1, 2, 3, 11, 12], ["a"] * 3 + ["b"] * 2), ["view.score"], "mean"))
    assert small["mean"] == 11.5
    for row in (small, apart):
        assert row["low_95"] is None
        assert row["note"] == "fewer than 3 videos: no interval"
    assert apart["mean"] == 9.5


def test_a_group_in_which_nothing_was_seen_has_no_mean() -> None:
    table = rows_of(statistics(videos([1, 2, 3, None], ["a", "a", "a", "b"]), ["view.score"], "mean"))
    assert (table[1]["mean"], table[1]["observed"], table[1]["missing"]) == (None, 0, "1 not_observed")
    assert table[2]["mean"] is None


def test_a_trend_is_the_slope_over_the_attempts_of_each_group() -> None:
    # a climbs by 2 an attempt, exactly, so every resample does; b falls by 1.
    table = statistics(videos([1, 3, 5, 9, 8, 7], ["a"] * 3 + ["b"] * 3, attempt=[1, 2, 3, 1, 2, 3]), ["view.score"], "per_attempt")
    a, b, apart = rows_of(table)
    assert (a["per_attempt"], a["low_95"], a["high_95"]) == (2.0, pytest.approx(2.0), pytest.approx(2.0))
    assert (b["per_attempt"], apart["per_attempt"]) == (-1.0, -3.0)


def test_without_a_column_attempt_the_order_counts() -> None:
    a, b, _ = rows_of(statistics(videos([1, 3, 5, 9, 8, 7], ["a"] * 3 + ["b"] * 3), ["view.score"], "per_attempt"))
    assert (a["per_attempt"], b["per_attempt"]) == (2.0, -1.0)


def steps(*found: tuple[str, str, float | None], notes: str | None = None) -> object:
    return frame_of(
        [{"id": "v", "does": "localize_action", "of": of, "status": status, "start_s": at, "notes": notes} for of, status, at in found]
    )


def verdicts(findings: object) -> dict[object, object]:
    return {row["expected"]: row["verdict"] for row in rows_of(checklist(findings))}


def test_a_checklist_tells_done_missing_and_what_was_not_to_be_seen() -> None:
    found = steps(("wash", "ok", 1.0), ("gloves", "not_observed", None), ("drape", "not_assessable", None), ("cut", "ok", 9.0))
    assert verdicts(found) == {"wash": "done", "gloves": "missing", "drape": "not known", "cut": "done"}


def test_only_the_fewest_steps_are_out_of_order() -> None:
    # wash came last of four: moving it alone puts all in order, and nobody else is to blame.
    found = steps(("wash", "ok", 40.0), ("gloves", "ok", 10.0), ("drape", "ok", 20.0), ("cut", "ok", 30.0))
    assert verdicts(found) == {"wash": "out of order", "gloves": "done", "drape": "done", "cut": "done"}


def test_a_step_done_twice_counts_from_its_first_time() -> None:
    found = steps(("wash", "ok", 40.0), ("wash", "ok", 2.0), ("cut", "ok", 30.0))
    assert [(row["first_s"], row["times"], row["verdict"]) for row in rows_of(checklist(found))] == [(2.0, 2, "done"), (30.0, 1, "done")]


def test_a_model_that_always_answers_verifies_no_step() -> None:
    found = steps(("wash", "ok", 1.0), notes="this model always answers; presence not verified")
    assert verdicts(found) == {"wash": "unverified"}


@pytest.mark.parametrize("kind", [file.stem for file in sorted(CHARTS.glob("*.json"))])
def test_every_chart_is_a_picture_of_hostile_rows_too(kind: str) -> None:
    row = {
        "id": "</text><script>alert(1)</script>", "group": "a", "metric": "m", "value": 1.0, "mean": 1.0, "observed": 1, "attempt": 1,
        "step": "s1", "of": "clipper", "name": "Two structures", "start_s": 1.0, "end_s": 2.0, "x1_px": 1.0, "expected": "wash",
        "verdict": "done", "looked_start_s": 0.0, "looked_end_s": 60.0, "low_95": None,
    }  # fmt: skip
    assert chart(kind, frame_of([row]), "a <b>title</b>")[:8] == b"\x89PNG\r\n\x1a\n"
