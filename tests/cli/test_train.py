"""`medvid train evaluate` as a program: the shipped model on a shifted clip, and beside what it had before."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.program import medvid


def test_the_shipped_model_is_measured_on_a_shifted_clip_beside_an_earlier_report(tmp_path: Path) -> None:
    none = {"figure": 0.0, "low": 0.0, "high": 0.0, "blind": None, "by_clip": {"0": [0, 1]}}
    row = {"name": "localisation mIoU", "bar": 0.6, "tests": 1, **none}
    before = {"model": "earlier", "clips": 1, "first_seed": 2_000_000, "rows": [row], "elapsed_s": 1}
    (tmp_path / "before.json").write_text(json.dumps(before))
    asked = ("--set", "shifted", "--clips", "1", "--no-blind", "--workdir", str(tmp_path), "--against", str(tmp_path / "before.json"))
    done = medvid("train", "evaluate", *asked)
    assert done.returncode == 0, done.stderr
    assert "on 1 shifted simulated clips (seeds from 2,000,000 on)" in done.stdout
    lines = {cells[0].strip(): cells for line in done.stdout.splitlines() if len(cells := line.strip("│").split("│")) > 7}
    assert lines["grounding mIoU"][5].strip() == "0.450"
    # The earlier model had nothing, so all that this one has is gained.
    assert lines["localisation mIoU"][7].strip() == "+" + lines["localisation mIoU"][2].strip()


def test_a_report_about_other_clips_is_refused_before_any_is_rendered(tmp_path: Path) -> None:
    (tmp_path / "before.json").write_text('{"model": "m", "clips": 9, "first_seed": 1000000, "rows": [], "elapsed_s": 1}')
    done = medvid("train", "evaluate", "--clips", "3", "--against", str(tmp_path / "before.json"))
    assert done.returncode == 2
    assert "about 9 clips" in done.stderr and "3 clips from seed 1,000,000" in done.stderr
