"""The submission: in the records' order, an id as the metadata have it, nothing missing unless that is allowed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from medvid.core import ConfigError, Failure
from medvid.medvidbench.answers import read_answers
from medvid.medvidbench.submission import misplaced, read_submission, rows_of, submission_id
from tests.medvidbench.answered import record, run_folder


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ({"video_id": "014", "fps": "0.5", "input_video_start_frame": "0260", "input_video_end_frame": "546"}, "014&&0260&&546&&0.5"),
        ({"video_id": "v1", "fps": "2.0", "start_frame": "3", "end_frame": "9"}, "v1&&3&&9&&2.0"),
        ({"video_id": "n", "fps": "1.0", "input_video_start_time": "3.5", "input_video_end_time": "9"}, "n&&&&&&1.0"),
        ({"fps": "1"}, "&&&&&&1"),
    ],
)
def test_the_id_is_made_of_the_strings_as_they_stand_there(metadata: dict[str, str], expected: str) -> None:
    assert submission_id(record("tal", None, **metadata)) == expected


def test_rows_stand_in_the_order_of_the_records_and_equal_ids_each_keep_their_own_answer(tmp_path: Path) -> None:
    records = [record(task, None) for task in ("tal", "stg", "tal")]
    rows, empty = rows_of(read_answers(run_folder(tmp_path / "run", records, ["a", "b", "c"])))
    assert [tuple(row.values()) for row in rows] == [("v&&&&&&1.0", "tal", "a"), ("v&&&&&&1.0", "stg", "b"), ("v&&&&&&1.0", "tal", "c")]
    assert [list(row) for row in rows] == [["id", "qa_type", "prediction"]] * 3 and empty == 0


def test_records_without_an_answer_are_refused_with_their_number_or_left_empty_on_demand(tmp_path: Path) -> None:
    failed = Failure(kind="video", message="no frame")
    run = read_answers(run_folder(tmp_path / "run", [record("tal", None)] * 4, ["a", failed, None, "d"]))
    words = r"2 of 4 records have no answer: 1 failed, 1 were not asked; the first is record 1.*--allow-missing"
    with pytest.raises(ConfigError, match=words):
        rows_of(run)
    rows, empty = rows_of(run, allow_missing=True)
    assert ([row["prediction"] for row in rows], empty) == (["a", "", "", "d"], 2)


def test_what_the_leaderboard_refuses_or_joins_wrongly_is_said() -> None:
    records = [record("tal", None, video_id=str(at), fps="1") for at in range(3)]
    rows = [{"id": submission_id(one), "qa_type": "tal", "prediction": "1-2"} for one in records]
    assert misplaced(rows, records) == ["3 rows; the leaderboard takes 100 at least"]
    assert misplaced(rows * 40, None) == []
    swapped = [rows[0], rows[2], rows[1]]
    assert "2 rows have another id than the record at their place, the first is row 1" in misplaced(swapped, records)
    assert "2 rows for 3 records; each needs its row" in misplaced(rows[:2], records)
    assert "1 rows have another qa_type than the record at their place, the first is row 2" in misplaced(
        [*rows[:2], {**rows[2], "qa_type": "stg"}], records
    )
    odd = [{"id": 3, "prediction": ["a"]}, *rows[1:]]
    assert {"the first row lacks qa_type", "1 rows have a prediction that is no text, the first is row 0"} <= set(misplaced(odd, None))


@pytest.mark.parametrize("text", ['{"0": {}}', "[1]", "[", ""])
def test_what_is_no_list_of_objects_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "s.json"
    path.write_text(text)
    with pytest.raises(ConfigError, match="a submission is a list of objects with id, qa_type, prediction"):
        read_submission(path)
    path.write_text(json.dumps([{"anything": 1}]))
    assert read_submission(path) == [{"anything": 1}]
