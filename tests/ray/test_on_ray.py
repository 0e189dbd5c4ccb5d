"""`--ray` on a local Ray with two actors of the embedded model: the same answers as without. `make test-ray` runs this."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from medvid.core.results_folder import whole_lines
from medvid.core.span import Span
from medvid.medvidbench.records import write_records
from medvid.simulate import clip_of, make_procedure, write_video
from tests.cli.program import ROOT, environment, medvid
from tests.medvidbench.pictures import pictured_records

RECORDS = 24
ON_RAY = ("--ray", "--actors", "2", "--json")


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("records")
    made = pictured_records(folder, RECORDS)
    made[5] = made[5].model_copy(update={"video": ("gone/1.jpg",)})
    write_records(folder / "records.json", made)
    return folder / "records.json"


@pytest.fixture(scope="module")
def plain(records: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """results.json of the run without Ray."""
    out = tmp_path_factory.mktemp("plain") / "out"
    done = medvid("bench", "run", str(records), "--out", str(out), "--json")
    assert json.loads(done.stdout)["answered"] == RECORDS - 1, done.stderr
    return (out / "results.json").read_bytes()


def test_two_actors_give_what_one_process_gives(records: Path, plain: bytes, tmp_path: Path) -> None:
    done = medvid("bench", "run", str(records), "--out", str(tmp_path / "out"), *ON_RAY)
    told = json.loads(done.stdout)
    assert (done.returncode, told["answered"], told["failed"]) == (1, RECORDS - 1, {"video": 1}), done.stderr
    assert (tmp_path / "out" / "results.json").read_bytes() == plain


def test_a_run_on_ray_that_was_killed_goes_on_with_and_without_ray(records: Path, plain: bytes, tmp_path: Path) -> None:
    out, lines = tmp_path / "out", tmp_path / "out" / "answers.jsonl"
    command = [sys.executable, "-m", "medvid.cli", "bench", "run", str(records), "--out", str(out), *ON_RAY]
    process = subprocess.Popen(command, cwd=ROOT, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while len(whole_lines(lines)) < 6:
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    kept = len(whole_lines(lines))
    assert 6 <= kept < RECORDS
    done = medvid("bench", "run", str(records), "--out", str(out), "--limit", "18", *ON_RAY)
    assert done.returncode in (0, 1), done.stderr
    done = medvid("bench", "run", str(records), "--out", str(out), "--json")
    assert json.loads(done.stdout)["answered"] == RECORDS - 1, done.stderr
    assert (out / "results.json").read_bytes() == plain
    positions = [json.loads(line)["position"] for line in whole_lines(lines)]
    assert sorted(positions) == list(range(RECORDS))  # none twice


def test_an_engine_that_cannot_be_used_is_said_once(records: Path, tmp_path: Path) -> None:
    address = ("--engine", "http://127.0.0.1:9/v1")
    done = medvid("bench", "run", str(records), "--out", str(tmp_path / "out"), *address, *ON_RAY)
    assert done.returncode == 1
    assert "5 requests in a row failed: the server at http://127.0.0.1:9/v1 cannot be reached" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_analysis_over_videos_gives_the_same_tables(tmp_path: Path) -> None:
    (tmp_path / "videos").mkdir()
    for seed in (1_000_000, 1_000_003):
        write_video(clip_of(make_procedure(seed, "cholecystectomy"), Span.of(10.0, 24.0)), tmp_path / "videos" / f"{seed}.mp4")
    tables = []
    for name, more in (("plain", ("--json",)), ("ray", ON_RAY)):
        done = medvid("run", "instrument_usage", str(tmp_path / "videos"), "--out", str(tmp_path / name), *more)
        assert done.returncode == 0, done.stderr
        rows = json.loads(done.stdout)["videos"]
        tables.append([{key: value for key, value in row.items() if key != "elapsed_s"} for row in rows])
    assert tables[0] == tables[1]
    assert [row["status"] for row in tables[0]] == ["done", "done"]
