"""`medvid ask`, from a file and a question to an answer with its evidence. The model is the oracle, all else is real."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from medvid.simulate import Truth
from tests.cli.conftest import ACTION
from tests.cli.program import ORACLE, medvid

QUESTION = "When is the cystic duct clipped?"


def spans_of(truth: Truth) -> list[dict[str, float]]:
    return [event.span.model_dump() for event in truth.events if event.action == ACTION]


def test_the_answer_is_the_truth_and_names_its_step(operation: tuple[Path, Truth]) -> None:
    path, truth = operation
    done = medvid("ask", str(path), QUESTION, program=ORACLE)
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith("run ")
    assert "finished s1" in done.stderr
    spans = spans_of(truth)
    assert spans
    for span in spans:
        assert f"{span['start_s']:.1f}-{span['end_s']:.1f} s" in done.stdout
    assert "[s1]" in done.stdout
    assert done.stdout.index("Plan") < done.stdout.index("[s1]") < done.stdout.index("Evidence")


def test_json_is_the_whole_run_and_nothing_else(operation: tuple[Path, Truth]) -> None:
    path, truth = operation
    done = medvid("ask", str(path), QUESTION, "--json", program=ORACLE)
    assert done.returncode == 0, done.stderr
    run = json.loads(done.stdout)
    assert done.stderr.splitlines()[0] == f"run {run['id']}"
    assert run["question"] == QUESTION
    assert [(step["id"], step["tool"]) for step in run["plan"]["steps"]] == [("s1", "localize_action"), ("s1_again", "localize_action")]
    assert [look["verdict"] for look in run["looks"]] == ["confirmed"]
    assert [outcome["result"]["spans"] for outcome in run["outcomes"]["s1"]] == [spans_of(truth)]
    assert run["answer"]["statements"][0]["step"] == "s1"
    assert run["failures"] == {}


def test_a_dry_run_shows_the_checked_plan_and_looks_at_nothing(operation: tuple[Path, Truth], tmp_path: Path) -> None:
    path, _ = operation
    log = tmp_path / "asked.txt"
    shown = medvid("ask", str(path), QUESTION, "--dry-run", program=ORACLE, env={"ORACLE_LOG": str(log)})
    assert shown.returncode == 0, shown.stderr
    assert f"action={ACTION}" in shown.stdout
    assert "run " not in shown.stderr
    assert not log.exists()
    plan = json.loads(medvid("ask", str(path), QUESTION, "--dry-run", "--json", program=ORACLE).stdout)
    assert [(step["id"], step["tool"], step["args"]["action"]) for step in plan["steps"]] == [("s1", "localize_action", ACTION)]


def test_save_keeps_plan_outcomes_and_frames(operation: tuple[Path, Truth], tmp_path: Path) -> None:
    path, truth = operation
    done = medvid("ask", str(path), QUESTION, "--json", "--save", "kept", program=ORACLE, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    kept = tmp_path / "kept"
    assert json.loads((kept / "run.json").read_text()) == json.loads(done.stdout)
    plan = json.loads(done.stdout)["plan"]
    assert [step["id"] for step in plan["steps"]] == ["s1", "s1_again"]
    plan["steps"] = plan["steps"][:1]  # a run over another video looks again at what is found there
    plan["steps"][0]["args"]["video_id"] = "$video.video_id"
    assert yaml.safe_load((kept / "plan.yaml").read_text()) == plan, "for use on any video"
    assert len(list((kept / "frames").glob("s1-0-*.png"))) == len(spans_of(truth))
    again = medvid("ask", str(path), QUESTION, "--save", "kept", program=ORACLE, cwd=tmp_path)
    assert again.returncode == 2
    assert "not an empty folder" in again.stderr
    assert "run " not in again.stderr


def test_a_question_that_no_rule_places_is_asked_back(operation: tuple[Path, Truth]) -> None:
    path, _ = operation
    done = medvid("ask", str(path), "Who is the president?", program=ORACLE)
    assert done.returncode == 2
    assert "Summarise the video." in done.stdout
    as_json = medvid("ask", str(path), "Who is the president?", "--json", program=ORACLE)
    assert as_json.returncode == 2
    assert json.loads(as_json.stdout)["answer"]["needs"]["choices"]


def test_before_a_real_video_it_stops_once_and_names_the_ways_on(real_video: Path, tmp_path: Path) -> None:
    log = tmp_path / "asked.txt"
    done = medvid("ask", str(real_video), "What happens in this video?", program=ORACLE, env={"ORACLE_LOG": str(log)})
    assert done.returncode == 2
    assert "caption_events" in done.stdout  # the checked plan
    for way in ("--model", "medvid mcp --http", "--insist", "GB"):
        assert way in done.stderr
    assert "Traceback" not in done.stderr
    assert not log.exists()


def test_a_video_that_is_not_there_is_an_input_error(tmp_path: Path) -> None:
    done = medvid("ask", "nowhere.mp4", QUESTION, program=ORACLE, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == (
        "medvid: 'nowhere.mp4' is no file, and no video id (16 hexadecimal digits, see `medvid videos --root DIR`); give one of them\n"
    )


def test_a_file_that_is_no_video_is_named_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "notes.mp4").write_text("these are notes")
    done = medvid("ask", "notes.mp4", QUESTION, program=ORACLE, cwd=tmp_path)
    assert done.returncode == 2
    assert "notes.mp4" in done.stderr
    assert "Traceback" not in done.stderr
