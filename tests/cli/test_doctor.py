"""`medvid doctor`: what is here, what is missing, how to get it."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.program import medvid
from tests.engine.tiny import tiny_checkpoint


def test_it_says_what_would_be_used(tmp_path: Path) -> None:
    model = tiny_checkpoint(tmp_path / "tiny", "qwen3_vl")
    done = medvid("doctor", "--model", str(model), "--device", "cpu", "--json")
    assert done.returncode == 0, done.stderr
    found = {finding["what"]: finding for finding in json.loads(done.stdout)}
    assert found["model"]["state"] == "ok"
    assert str(model) in found["model"]["found"]
    assert found["device"]["found"].startswith("cpu")
    assert "torch" in found["packages"]["found"]
    assert found["roots"]["way_out"].startswith("name a folder of videos")


def test_what_is_missing_ends_with_2_and_says_the_way_out(tmp_path: Path) -> None:
    done = medvid("doctor", "--device", "cpu", env={"MEDVID_ROOTS": json.dumps([str(tmp_path / "gone")])})
    assert done.returncode == 2
    assert "gone" in done.stdout
    assert "correct MEDVID_ROOTS" in done.stdout
