"""`medvid bench submit`, `check` and `fetch`: a run becomes the list that goes out, read as the leaderboard does; the data behind it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from medvid.medvidbench.records import write_records
from medvid.medvidbench.submission import submission_id
from tests.cli.program import medvid
from tests.medvidbench.answered import record, run_folder

ANSWERS = {"tal": "00:10-00:20", "video_summary_gpt": "They cut.", "dense_captioning_gpt": "1.0 - 2.5 seconds: cut"}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """102 answers to three tasks in turn; every id is the same."""
    tasks = [*ANSWERS] * 34
    return run_folder(tmp_path_factory.mktemp("run") / "run", [record(task, None) for task in tasks], [ANSWERS[task] for task in tasks])


def test_a_run_becomes_a_submission_that_stands_in_the_order_of_its_records(run: Path, tmp_path: Path) -> None:
    out = tmp_path / "submission.json"
    done = medvid("bench", "submit", str(run), "--out", str(out), "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"file": str(out), "rows": 102, "without_answer": 0, "distinct_ids": 1}
    rows = json.loads(out.read_text())
    assert [row["prediction"] for row in rows] == [*ANSWERS.values()] * 34
    records = run.with_name("run-records.json")
    checked = medvid("bench", "check", str(out), "--records", str(records), "--show", "1", "--json")
    assert checked.returncode == 0, checked.stderr
    told = json.loads(checked.stdout)
    assert {name: (task["rows"], task["read"]) for name, task in told["tasks"].items()} == {
        "tal": (34, 34), "video_summary_gpt": (34, 34), "dense_captioning_gpt": (34, 0),
    }  # fmt: skip
    lost = told["tasks"]["tal"]["losses"]["a span that runs backwards overlaps nothing"]
    assert lost == {"rows": 34, "examples": [{"row": 0, "text": "00:10-00:20", "read": "10-0"}]}
    assert not told["problems"]

    out.write_text(json.dumps([*rows[1:], rows[0]]))
    turned = medvid("bench", "check", str(out), "--records", str(records))
    assert turned.returncode == 1
    assert "102 rows have another qa_type than the record at their place, the first is row 0" in turned.stdout
    assert "losses:\n" in turned.stdout and "`A-B seconds: TEXT`" in turned.stdout


def test_a_run_with_gaps_is_refused_and_a_short_one_warned_of(tmp_path: Path) -> None:
    folder, out = run_folder(tmp_path / "run", [record("tal", None)] * 2, ["1-2", None]), tmp_path / "s.json"
    refused = medvid("bench", "submit", str(folder), "--out", str(out))
    assert (refused.returncode, out.exists()) == (2, False)
    assert "1 of 2 records have no answer: 0 failed, 1 were not asked; the first is record 1" in refused.stderr
    allowed = medvid("bench", "submit", str(folder), "--out", str(out), "--allow-missing")
    assert allowed.returncode == 0 and "without_answer: 1" in allowed.stdout
    assert "careful: 2 rows; the leaderboard takes 100 at least" in allowed.stderr
    assert [row["prediction"] for row in json.loads(out.read_text())] == ["1-2", ""]


def test_a_local_copy_is_counted_and_what_is_missing_named(tmp_path: Path) -> None:
    env = {"XDG_CONFIG_HOME": str(tmp_path / "config")}
    whole = [record("tal", "1-2", source=source) for source in ("AVOS", "AVOS", "NurViD")]
    write_records(tmp_path / "val.json", whole)
    frames = tmp_path / "mine"
    frames.mkdir()
    (frames / "0.jpg").touch()
    done = medvid("bench", "fetch", str(tmp_path / "val.json"), "--frame-root", f"frames={frames}", "--json", env=env)
    (found,) = json.loads(done.stdout).values()
    assert done.returncode == 1 and "CC-BY-NC-SA-4.0" in done.stderr
    assert found["counts"] == {"tal, AVOS": 2, "tal, NurViD": 1}
    assert (found["records"], found["frames"], found["missing"], found["first_missing"]) == (3, 2, 1, ["frames/1.jpg"])
    assert (found["broken"], found["differs"]) == ({}, {})  # with answers it is no test file

    (frames / "1.jpg").touch()
    again = medvid("bench", "fetch", str(tmp_path / "val.json"), "--frame-root", f"frames={frames}", env=env)
    assert (again.returncode, again.stderr) == (0, "")  # the notice comes once
    assert "tal, AVOS: 2" in again.stdout


def test_a_test_file_is_compared_with_the_known_numbers_and_broken_records_keep_their_place(tmp_path: Path) -> None:
    rows = [record("tal", None).model_dump(mode="json"), {"qa_type": "tal"}, 7, record("riddle", None).model_dump(mode="json")]
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "test.json").write_text(json.dumps(rows))
    done = medvid("bench", "fetch", str(tmp_path / "data"), "--json")
    (found,) = json.loads(done.stdout).values()
    assert done.returncode == 1
    assert found["broken"].keys() == {"1", "2"} and "conversations: Field required" in found["broken"]["1"]
    assert found["differs"]["tal"] == "1, the test file has 1637" and found["differs"]["riddle"] == "1, the test file has 0"
    assert len(found["differs"]) == 12


def test_what_is_no_copy_is_refused_with_the_way_to_one(tmp_path: Path) -> None:
    for place, words in ((tmp_path, "holds no records"), (tmp_path / "no.json", "cannot be read")):
        done = medvid("bench", "fetch", str(place))
        assert done.returncode == 2 and words in done.stderr and "Traceback" not in done.stderr
    assert "hf download UII-AI/MedVidBench" in medvid("bench", "fetch").stdout


def test_the_known_numbers_are_the_6245_of_the_test_file() -> None:
    from medvid.medvidbench.local_copy import DATA

    assert sum(DATA["test"].values()) == 6245
    assert submission_id(record("tal", None)) == "v&&&&&&1.0"
