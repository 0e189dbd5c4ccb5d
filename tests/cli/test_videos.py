"""`medvid videos`: what can be asked about."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from medvid.simulate import Truth
from tests.cli.program import medvid


def test_a_folder_is_listed_with_what_is_declared(operation: tuple[Path, Truth], real_video: Path, tmp_path: Path) -> None:
    path, truth = operation
    shutil.copy(path, tmp_path / "operation.mp4")
    shutil.copy(real_video, tmp_path / "suturing.mp4")
    (tmp_path / "suturing.medvid.json").write_text(json.dumps({"procedure": "bench-top suturing", "actions": ["tie the knot"]}))
    done = medvid("videos", "--root", str(tmp_path), "--json")
    assert done.returncode == 0, done.stderr
    first, second = json.loads(done.stdout)
    assert (first["title"], first["simulated"], first["procedure"]) == ("operation", True, truth.case.procedure)
    assert abs(first["duration_s"] - truth.duration_s) < 0.2
    assert (second["title"], second["simulated"], second["procedure"]) == ("suturing", False, "bench-top suturing")
    assert [action["name"] for action in second["actions"]] == ["tie the knot"]
    shown = medvid("videos", "--root", str(tmp_path)).stdout
    assert first["video_id"] in shown
    assert str(tmp_path) not in shown


def test_a_file_that_cannot_be_read_is_told_beside_the_list(operation: tuple[Path, Truth], tmp_path: Path) -> None:
    shutil.copy(operation[0], tmp_path / "operation.mp4")
    (tmp_path / "broken.mp4").write_bytes(b"")
    done = medvid("videos", "--root", str(tmp_path))
    assert done.returncode == 0
    assert "operation" in done.stdout
    assert "broken.mp4" in done.stderr


def test_nothing_named_is_an_input_error() -> None:
    done = medvid("videos")
    assert done.returncode == 2
    assert "--root DIR" in done.stderr
