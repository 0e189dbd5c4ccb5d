"""`medvid bench forms`: from a file of records to a wording that can be named."""

from __future__ import annotations

import json
from pathlib import Path

from medvid.medvidbench.records import write_records
from medvid.prompts import wording
from medvid.prompts.read import forms_file
from tests.cli.program import medvid
from tests.medvidbench.questions import OPEN, flap_stg, open_tal, record


def test_the_forms_of_a_file_are_counted_kept_and_can_be_named(tmp_path: Path) -> None:
    records = [
        *(open_tal(action) for action in OPEN),
        record("tal", "AVOS", "When?", {"action": "tying"}),
        flap_stg("hook", 2, 6, 9),
        flap_stg("knife", 4, 8, 40),
    ]
    write_records(tmp_path / "train.json", records)
    done = medvid("bench", "forms", str(tmp_path / "train.json"), "--name", "from-train")
    assert done.returncode == 0, done.stderr
    row = next(line for line in done.stdout.splitlines() if " tal " in line)
    assert [cell.strip() for cell in row.strip("│| ").split("│")] == ["tal", "AVOS", "4", "3 (75.0%)", "", "1"]
    assert "MEDVID_WORDING=from-train" in done.stdout
    assert {form.tool for form in wording("from-train").read} == {"localize_action", "ground_object"}

    told = json.loads(medvid("bench", "forms", str(tmp_path / "train.json"), "--name", "from-train", "--json").stdout)
    assert told["file"] == str(forms_file("from-train"))
    assert [(of["qa_type"], of["records"], [form["records"] for form in of["forms"]], of["unplaced"]) for of in told["groups"]] == [
        ("stg", 2, [2], 0), ("tal", 4, [3], 1),
    ]  # fmt: skip


def test_what_holds_no_form_is_refused(tmp_path: Path) -> None:
    write_records(tmp_path / "odd.json", [record("riddle", "AVOS", "Who?")])
    done = medvid("bench", "forms", str(tmp_path / "odd.json"))
    assert (done.returncode, done.stdout) == (2, "")
    assert "no question form was found" in done.stderr
