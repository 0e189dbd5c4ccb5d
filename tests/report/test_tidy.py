"""Runs as tables: what each result becomes in a row a finding and in the row of its video."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas

from medvid.core import Failure, Plan, Run
from medvid.report.tidy import finding_rows, frame_of, video_row, write
from tests.agent.fake import not_observed, outcome


def a_run(*steps: dict[str, Any], outcomes: Any = None, values: Any = None, failures: Any = None) -> Run:
    plan = Plan.model_validate({"steps": [{"args": {}, **step} for step in steps]})
    return Run(id="r", question="q", plan=plan, outcomes=outcomes or {}, values=values or {}, failures=failures or {})


LOCALIZE = {"id": "clip", "tool": "localize_action", "args": {"action": "clip"}}
TOTAL = {"id": "clip_s", "op": "total_duration", "args": {"spans": "$clip.spans"}}
TWO = outcome({"spans": [{"start_s": 30.0, "end_s": 36.5}, {"start_s": 50.0, "end_s": 51.0}]}, span={"start_s": 10.0, "end_s": 60.0})


def test_each_span_is_a_row_with_what_it_is_of_and_where_was_looked() -> None:
    first, second = finding_rows(a_run(LOCALIZE, outcomes={"clip": [TWO]}))
    assert (first["step"], first["does"], first["of"], first["status"]) == ("clip", "localize_action", "clip", "ok")
    assert (first["start_s"], first["end_s"], first["looked_start_s"], first["looked_end_s"]) == (30.0, 36.5, 10.0, 60.0)
    assert second["start_s"] == 50.0


def test_a_video_has_count_and_first_time_of_spans_and_the_value_of_an_operation() -> None:
    row = video_row(a_run(LOCALIZE, TOTAL, outcomes={"clip": [TWO]}, values={"clip_s": 7.5}))
    assert row == {"clip.status": "ok", "clip.count": 2, "clip.first_s": 30.0, "clip_s.status": "ok", "clip_s": 7.5}


def test_what_was_not_observed_is_no_zero_nor_is_what_was_computed_of_it() -> None:
    run = a_run(LOCALIZE, TOTAL, outcomes={"clip": [not_observed()]}, values={"clip_s": 0.0})
    assert video_row(run) == {"clip.status": "not_observed", "clip_s.status": "not_observed"}
    assert [row.get("reason") for row in finding_rows(run)][:1] == ["the model says so; nothing of it in what was looked at"]


def test_what_failed_or_was_not_run_says_so() -> None:
    view = {"id": "view", "tool": "assess_cvs", "args": {"span": "$clip.spans[0]"}}
    failed = {"clip": [Failure(kind="engine", message="out of memory")]}
    row, other = finding_rows(a_run(LOCALIZE, view, failures=failed))
    assert (row["status"], row["reason"], other["status"]) == ("failed", "out of memory", "not run")


def test_scores_stand_under_their_names() -> None:
    seen = outcome({"scores": {"Two structures": 2, "Cystic plate": 0}})
    row = video_row(a_run({"id": "view", "tool": "assess_cvs"}, outcomes={"view": [seen]}))
    assert row == {"view.status": "ok", "view.two_structures": 2, "view.cystic_plate": 0}


def test_a_repeated_step_has_columns_for_each_element() -> None:
    step = {**LOCALIZE, "args": {"action": "$item.name"}, "for_each": [{"name": "wash hands"}, {"name": "cut"}]}
    row = video_row(a_run(step, outcomes={"clip": [TWO, not_observed()]}))
    assert row == {"clip.wash_hands.status": "ok", "clip.wash_hands.count": 2, "clip.wash_hands.first_s": 30.0,
                   "clip.cut.status": "not_observed"}  # fmt: skip


def test_an_outcome_is_given_no_name_where_one_of_its_fellows_is_missing() -> None:
    # One of two calls failed; which one, the run does not say, so the other may be either's.
    step = {**LOCALIZE, "args": {"action": "$item"}, "for_each": ["wash hands", "cut"]}
    rows = list(finding_rows(a_run(step, outcomes={"clip": [TWO]}, failures={"clip": [Failure(kind="engine", message="gone")]})))
    assert [row.get("of") for row in rows] == [None, None, None]


def test_stretches_are_called_by_their_start() -> None:
    spans = [{"start_s": 0.0, "end_s": 60.0}, {"start_s": 60.0, "end_s": 90.0}]
    cut = {"id": "minutes", "op": "windows", "args": {"span": spans[0], "step_s": 60}}
    view = {"id": "view", "tool": "assess_cvs", "for_each": "$minutes"}
    scores = [outcome({"scores": {"Cystic plate": score}}) for score in (0, 2)]
    row = video_row(a_run(cut, view, outcomes={"view": scores}, values={"minutes": spans}))
    assert (row["view.0_s.cystic_plate"], row["view.60_s.cystic_plate"]) == (0, 2)


def test_boxes_events_and_texts_are_rows() -> None:
    track = outcome({"track": [{"time_s": 2.0, "box_px": [1.0, 2.0, 3.0, 4.0]}]})
    events = outcome({"events": [{"span": {"start_s": 1.0, "end_s": 2.0}, "action": "cut", "caption": "The scissors cut."}]})
    run = a_run(
        {"id": "a", "tool": "ground_object"}, {"id": "b", "tool": "caption_events"}, {"id": "c", "tool": "summarize_video"},
        outcomes={"a": [track], "b": [events], "c": [outcome({"text": "Short."})]},
    )  # fmt: skip
    box, event, text = finding_rows(run)
    assert (box["start_s"], box["x1_px"], box["y2_px"]) == (2.0, 1.0, 4.0)
    assert (event["name"], event["text"], event["end_s"]) == ("cut", "The scissors cut.", 2.0)
    assert text["text"] == "Short."
    assert video_row(run)["a.boxes"] == 1


def test_csv_and_parquet_hold_the_same_and_no_formula_runs_in_a_spreadsheet(tmp_path: Path) -> None:
    frame = frame_of([{"id": "=HYPERLINK(1)", "n": 1, "x": 0.5}, {"id": "plain", "n": None, "x": None}])
    write(frame, tmp_path / "videos")
    kept, shown = pandas.read_parquet(tmp_path / "videos.parquet"), pandas.read_csv(tmp_path / "videos.csv")
    assert kept["id"].tolist() == ["=HYPERLINK(1)", "plain"]
    assert shown["id"].tolist() == ["'=HYPERLINK(1)", "plain"]
    assert (kept["n"][0], shown["n"][0], kept["x"][0]) == (1, 1, 0.5)
    assert kept["n"].isna().tolist() == shown["n"].isna().tolist() == [False, True]
