from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from medvid.core.errors import ConfigError
from medvid.medvidbench.records import Result, read_records, read_results, result_of, write_records, write_results

RECORD: dict[str, Any] = {
    "id": "014014&&260&&546&&0.5",
    "qa_type": "stg",
    "data_source": "CoPESD",
    "conversations": [{"from": "human", "value": "<video>\nWhere is it?"}, {"from": "gpt", "value": "66.0 seconds: [1, 2, 3, 4]"}],
    "video": ["dir/0260.jpg", "dir/0262.jpg"],
    "metadata": {"video_id": "014014", "fps": "0.5", "input_video_start_frame": "260", "input_video_end_frame": "546"},
    "struc_info": [{"start": 66, "end": 78, "stride": 8, "object": "forceps", "bbox_dict": {"66": [1, 2, 3, 4]}}],
    "is_RC": False,
    "RC_info": None,
}


def written(path: Path, value: Any) -> Path:
    path.write_text(json.dumps(value))
    return path


def test_a_record_is_written_as_it_was_read(tmp_path: Path) -> None:
    records = read_records(written(tmp_path / "in.json", [RECORD]))
    write_records(tmp_path / "out.json", records)
    assert json.loads((tmp_path / "out.json").read_text()) == [RECORD]


def test_the_question_loses_the_video_tag_and_its_newline(tmp_path: Path) -> None:
    (record,) = read_records(written(tmp_path / "in.json", [RECORD]))
    assert (record.question, record.answer, record.fps) == ("Where is it?", "66.0 seconds: [1, 2, 3, 4]", 0.5)


def test_test_data_have_no_answer_and_an_empty_structure(tmp_path: Path) -> None:
    (record,) = read_records(written(tmp_path / "in.json", [{**RECORD, "conversations": RECORD["conversations"][:1], "struc_info": {}}]))
    assert record.answer is None and record.facts == {}


def test_other_names_numbers_and_further_keys_are_taken(tmp_path: Path) -> None:
    said = {key: value for key, value in RECORD.items() if key != "data_source"} | {"dataset_name": "AVOS", "sampled_video_frames": [1, 2]}
    said["metadata"] = {"fps": 2.0, "input_video_start_time": 3.5, "input_video_end_time": None}
    (record,) = read_records(written(tmp_path / "in.json", [said]))
    assert (record.data_source, record.fps, record.metadata["input_video_start_time"]) == ("AVOS", 2.0, "3.5")
    assert record.model_dump()["sampled_video_frames"] == [1, 2]


def test_dense_captions_come_in_two_forms(tmp_path: Path) -> None:
    event = {"start": 0, "end": 4, "caption": "cut"}
    for form in ([[event]], [{"dc_segments": [event]}]):
        (record,) = read_records(written(tmp_path / "in.json", [{**RECORD, "struc_info": form}]))
        assert record.facts["dc_segments"] == [event]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"qa_type": None}, "record 1: qa_type"),
        ({"conversations": []}, "record 1: conversations"),
        ({"conversations": [{"from": "robot", "value": "x"}]}, "record 1: conversations.0.from"),
        ({"metadata": "none"}, "record 1: metadata"),
    ],
)
def test_a_broken_record_is_named_by_its_place_and_key(tmp_path: Path, change: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        read_records(written(tmp_path / "in.json", [RECORD, {**RECORD, **change}]))


@pytest.mark.parametrize("content", ["{}", "[1", '"text"'])
def test_a_file_that_is_no_list_of_records_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "in.json"
    path.write_text(content)
    with pytest.raises(ConfigError, match=r"in\.json: .*; records are a list"):
        read_records(path)


@pytest.mark.parametrize("content", ["[]", '{"a": {"qa_type": "tal", "answer": "x"}}', '{"-1": {"qa_type": "tal", "answer": "x"}}', "{"])
def test_a_file_that_is_no_object_of_numbered_results_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "in.json"
    path.write_text(content)
    with pytest.raises(ConfigError, match=r'in\.json: .*; results are an object with the keys "0", "1"'):
        read_results(path)


def test_a_missing_file_is_refused_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^absent\.json cannot be read"):
        read_records(tmp_path / "absent.json")


def test_results_keep_their_order_beyond_nine(tmp_path: Path) -> None:
    (record,) = read_records(written(tmp_path / "in.json", [RECORD]))
    results = [result_of(record, f"answer {i}") for i in range(12)]
    write_results(tmp_path / "out.json", results)
    said = json.loads((tmp_path / "out.json").read_text())
    assert list(said) == [str(i) for i in range(12)]
    assert said["0"] == {
        "metadata": RECORD["metadata"], "qa_type": "stg", "struc_info": RECORD["struc_info"], "question": "Where is it?",
        "answer": "answer 0", "data_source": "CoPESD", "gnd": "66.0 seconds: [1, 2, 3, 4]",
    }  # fmt: skip
    assert [result.answer for result in read_results(tmp_path / "out.json")] == [f"answer {i}" for i in range(12)]


def test_a_result_without_truth_has_no_gnd(tmp_path: Path) -> None:
    write_results(tmp_path / "out.json", [Result(qa_type="tal", answer="1.0-2.0 seconds.")])
    assert "gnd" not in json.loads((tmp_path / "out.json").read_text())["0"]
