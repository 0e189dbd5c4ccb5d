"""`medvid bench validate`: asked, asked blind and scored by one command."""

from __future__ import annotations

import json
from pathlib import Path

from medvid.core.results_folder import whole_lines
from medvid.medvidbench.records import write_records
from tests.cli.program import medvid
from tests.medvidbench.pictures import pictured_records


def test_records_are_asked_and_asked_blind_and_scored_beside_it_even_where_one_fails(tmp_path: Path) -> None:
    records = [record for record in pictured_records(tmp_path, 12) if record.qa_type in ("tal", "cvs_assessment", "stg")]
    records[0] = records[0].model_copy(update={"video": ("gone.jpg", *records[0].video[1:])})
    write_records(tmp_path / "val.json", records)
    command = ("bench", "validate", str(tmp_path / "val.json"), "--out", str(tmp_path / "out"), "--json")
    done = medvid(*command)
    assert done.returncode == 1, done.stderr
    told = json.loads(done.stdout)
    assert (told["counts"]["answered"], told["counts"]["failed"]) == (len(records) - 1, 1)
    assert "1 failed (video)" in done.stderr and "gone.jpg" in done.stderr
    columns = {row["name"]: row for row in told["rows"] if not row["of"] and row["source"] is None and row["value"] is not None}
    assert columns and all("blind" in row["baselines"] for name, row in columns.items() if not name.startswith("absent"))
    cards = json.loads((tmp_path / "out" / "profile.json").read_text())["cards"]
    assert {card["metric"] for card in cards.values()} and all("blind " in card["source"] for card in cards.values())
    asked = {name: whole_lines(tmp_path / "out" / name / "answers.jsonl") for name in ("answers", "blind")}
    assert [len(lines) for lines in asked.values()] == [len(records)] * 2
    again = medvid(*command)
    assert (again.returncode, again.stdout) == (1, done.stdout)
    assert {name: whole_lines(tmp_path / "out" / name / "answers.jsonl") for name in asked} == asked, "nothing is asked twice"
