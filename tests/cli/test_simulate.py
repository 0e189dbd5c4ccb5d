"""`medvid simulate` writes a video whose truth it prints."""

from __future__ import annotations

import json
from pathlib import Path

import av
import pytest

from medvid.simulate import from_tag
from tests.cli.program import medvid


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, object]]:
    folder = tmp_path_factory.mktemp("simulate")
    done = medvid("simulate", "film.mp4", "--seed", "5", "--kind", "suturing", "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder / "film.mp4", json.loads(done.stdout)


def test_the_file_says_that_it_is_simulated_and_holds_its_truth(written: tuple[Path, dict[str, object]]) -> None:
    path, said = written
    with av.open(path) as file:
        truth = from_tag(dict(file.metadata))
    assert truth is not None
    assert truth.case.simulated
    assert said["events"] == [
        {"span": event.span.model_dump(), "action": event.action, "instrument": event.instrument, "target": event.target}
        for event in truth.events
    ]
    assert said["skill"] == list(truth.skill or ())
    assert len(truth.skill or ()) == 6


def test_nothing_but_the_file_is_left_behind(written: tuple[Path, dict[str, object]]) -> None:
    path, _ = written
    assert [entry.name for entry in path.parent.iterdir()] == ["film.mp4"]


def test_a_file_is_not_replaced_unasked(written: tuple[Path, dict[str, object]]) -> None:
    path, _ = written
    before = path.read_bytes()
    done = medvid("simulate", "film.mp4", "--seed", "6", cwd=path.parent)
    assert done.returncode == 2
    assert "--overwrite" in done.stderr
    assert path.read_bytes() == before


@pytest.mark.parametrize(("name", "reason"), [("film.avi", "no MP4 name"), ("nowhere/film.mp4", "does not exist")])
def test_a_name_that_cannot_be_written_is_refused_with_the_reason(tmp_path: Path, name: str, reason: str) -> None:
    done = medvid("simulate", name, cwd=tmp_path)
    assert done.returncode == 2
    assert reason in done.stderr
    assert list(tmp_path.iterdir()) == []
