"""`medvid check`: the report of a model, what fails it, what never stands in it; and a question in one's own words on frame files."""

from __future__ import annotations

import getpass
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from PIL import Image

from medvid.core.span import Span
from medvid.engine.base import Architecture
from medvid.engine.profiles import EMBEDDED
from medvid.medvidbench.records import write_records
from medvid.medvidbench.simulated import records_for
from medvid.simulate import Truth
from medvid.tools.registry import TOOLS
from medvid.video import decode, probe
from tests.cli.program import environment, medvid
from tests.engine.tiny import tiny_checkpoint


def rows(report: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {check["check"]: check for check in report["checks"]}


def of_this_machine(*paths: Path) -> set[str]:
    """What no report may hold: folders and names of the files given, the home folder, host and user."""
    parts = {part for path in paths for part in (str(path), path.name, path.stem, str(path.parent))}
    return parts | {os.path.expanduser("~"), socket.gethostname(), getpass.getuser()}


@pytest.fixture(scope="module")
def frames(operation: tuple[Path, Truth], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A file of records about the first 12 s of the operation at 1 fps, and the folder of their frames, one deeper than they say."""
    path, truth = operation
    folder = tmp_path_factory.mktemp("records")
    records = records_for(truth, Span.of(0.0, 12.0), 1.0, np.random.default_rng(0), EMBEDDED)
    info = probe(path)
    for name in {name for record in records for name in record.video}:
        at = folder / "ward seven" / name
        at.parent.mkdir(parents=True, exist_ok=True)
        time_s = int(at.stem) / truth.fps - truth.offset_s
        Image.fromarray(decode(info, [time_s]).rgb[0]).save(at)
    write_records(folder / "val.json", records)
    return folder / "val.json", folder / "ward seven"


@pytest.mark.slow
def test_the_embedded_model_passes_with_a_report_in_both_forms(
    operation: tuple[Path, Truth], frames: tuple[Path, Path], tmp_path: Path
) -> None:
    clip = shutil.copy(operation[0], tmp_path / "smith 1961.mp4")
    args = ("--clip", str(clip), "--records", str(frames[0]), "--root", str(frames[1]), "--limit", "6", "--out", str(tmp_path / "report"))
    done = medvid("check", "--device", "cpu", *args, "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    found = rows(report)
    assert {name for name, check in found.items() if check["state"] == "failed"} == set()
    assert found["positions"]["figures"] == {"clips": 5}
    assert found["answers read"]["figures"]["clip"] == "simulated, in the model's domain"
    assert [found[tool]["figures"]["status"] in ("ok", "not_observed", "unreadable") for tool in TOOLS] == [True] * 8
    assert found["localize_action"]["figures"]["right"] in (True, False)
    assert all(found[f"records, {feeding}"]["figures"] == {"asked": 6, "not answered": 0} for feeding in ("faithful", "published"))
    assert list(found["NAP acc"]["figures"]) == [
        f"{figure}, {feeding}" for figure in ("leaderboard", "strict", "unreadable", "tests") for feeding in ("faithful", "published")
    ]
    assert found["SA acc"]["reason"] == "no records of this task", "skill is not scored in an operation"
    assert report["facts"]["profile"] == "medvid-embedded" and "torch" in report["facts"]["packages"]
    written = {path.name: path.read_text() for path in (tmp_path / "report").iterdir()}
    assert set(written) == {"report.md", "report.json"} and json.loads(written["report.json"]) == report
    assert written["report.md"].startswith("# medvid check\n") and "| records, published | local | ok |" in written["report.md"]
    private = of_this_machine(clip, tmp_path, *frames)
    assert {word for word in private for text in written.values() if word in text} == set()


@pytest.mark.slow
@pytest.mark.parametrize("architecture", get_args(Architecture))
def test_a_checkpoint_that_answers_nothing_readable_fails_by_that_alone(
    architecture: Architecture, operation: tuple[Path, Truth], tmp_path: Path
) -> None:
    model = tiny_checkpoint(tmp_path / "theirs", architecture)
    done = medvid("check", "--model", str(model), "--clip", str(operation[0]), "--device", "cpu")
    assert done.returncode == 1, done.stderr
    assert "| positions |  | ok |" in done.stdout and "| loads and answers | local | ok |" in done.stdout
    assert [line.split(" | ")[0] for line in done.stdout.splitlines() if " failed " in line] == ["| answers read"]
    assert "out of the model's domain; fewer than half could be read" in done.stdout
    assert f"none of its own: an untuned {architecture}" in done.stdout
    assert {word for word in of_this_machine(model, operation[0]) if word in done.stdout} == set()
    assert list(tmp_path.iterdir()) == [model], "nothing is written where nothing was named"


def test_an_engine_that_is_not_there_fails_and_the_rest_goes_on(operation: tuple[Path, Truth], tmp_path: Path) -> None:
    model = tiny_checkpoint(tmp_path / "theirs", "qwen3_vl")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    address = {"MEDVID_ENDPOINT": f"http://127.0.0.1:{port}/v1", "MEDVID_TIMEOUT_S": "5"}
    done = medvid("check", "--model", str(model), "--clip", str(operation[0]), "--device", "cpu", "--json", env=address)
    states = {(check["check"], check["engine"]): check for check in json.loads(done.stdout)["checks"]}
    assert done.returncode == 1
    assert states["loads and answers", "remote"]["state"] == "failed"
    assert states["loads and answers", "remote"]["reason"].startswith("engine error: the server at")
    assert states["loads and answers", "local"]["state"] == "ok"
    assert str(port) not in done.stdout and str(port) in done.stderr, "the address is told on the terminal and not in the report"


@pytest.mark.parametrize("broken", ["weights cut off", "a tensor missing", "no tokenizer", "no configuration"])
def test_a_broken_checkpoint_is_told_without_a_traceback(broken: str, operation: tuple[Path, Truth], tmp_path: Path) -> None:
    model = tiny_checkpoint(tmp_path / "theirs", "qwen2_5_vl")
    weights = model / "model.safetensors"
    if broken == "weights cut off":
        weights.write_bytes(weights.read_bytes()[:-1000])
    elif broken == "a tensor missing":
        from safetensors.numpy import load_file, save_file

        save_file(dict(list(load_file(weights).items())[1:]), weights, metadata={"format": "pt"})
    else:
        (model / {"no tokenizer": "tokenizer.json", "no configuration": "config.json"}[broken]).unlink()
    done = medvid("check", "--model", str(model), "--clip", str(operation[0]), "--device", "cpu")
    assert "Traceback" not in done.stderr
    if broken in ("no tokenizer", "no configuration"):
        assert (done.returncode, done.stdout) == (2, "")
        assert "\nmedvid: " in f"\n{done.stderr}"
    else:
        assert done.returncode == 1
        assert "| loads and answers | local | failed |" in done.stdout
        assert str(model) in done.stderr and str(tmp_path) not in done.stdout


def test_interrupted_it_prints_what_is_done(operation: tuple[Path, Truth], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "medvid.cli", "check", "--clip", str(operation[0]), "--device", "cpu", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()) as running:
        assert running.stderr is not None
        for line in running.stderr:
            if line.startswith("loads and answers"):
                break
        time.sleep(0.5)
        running.send_signal(signal.SIGINT)
        out, error = running.communicate(timeout=60)
    assert running.returncode == 130 and "Traceback" not in error
    found = rows(json.loads(out))
    assert found["loads and answers"]["state"] == "ok"
    assert [check["reason"] for check in found.values() if check["state"] == "not run"][-1] == "interrupted"


def test_any_question_can_be_put_on_frame_files(operation: tuple[Path, Truth], tmp_path: Path) -> None:
    model = tiny_checkpoint(tmp_path / "tiny", "qwen3_vl")
    files = []
    for i, rgb in enumerate(decode(probe(operation[0]), [0.0, 1.0, 2.0]).rgb):
        files.append(str(tmp_path / f"{i}.png"))
        Image.fromarray(rgb).save(files[-1])
    asked = ("check", "--model", str(model), "--device", "cpu", "--question", "What is done?")

    def answer(*args: str) -> str:
        done = medvid(*asked, *args)
        assert done.returncode == 0, done.stderr
        return done.stdout

    even, twice = answer("--fps", "1", *files), answer("--fps", "2", *files)
    assert even and even == answer("--times", "3,4,5", *files), "times count from the first frame, and three at one a second are these"
    assert even != twice, "the model hears the rate"
    assert json.loads(answer("--json", *files)) == {"text": even.removesuffix("\n"), "finish": "length"}
    assert medvid(*asked).returncode == 2, "no frame at all"
    assert "frames go with --question" in medvid("check", *files).stderr
    assert medvid(*asked, "--times", "0,1", *files).returncode == 2, "two times for three frames"
    assert medvid(*asked, "--times", "soon", *files).returncode == 2
