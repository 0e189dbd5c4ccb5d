"""A question that was killed in the middle goes on where it was."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from medvid.simulate import Truth
from tests.cli.program import ORACLE, ROOT, environment, medvid

QUESTION = "When is the cystic duct clipped, what is the clipper doing there, and was the critical view of safety achieved before that?"


def test_a_killed_run_is_resumed_without_asking_again_what_was_answered(operation: tuple[Path, Truth], tmp_path: Path) -> None:
    path, _ = operation
    log = tmp_path / "asked.txt"
    env = environment(ORACLE_LOG=str(log), ORACLE_WAIT_S="1.5")
    command = [sys.executable, "-m", ORACLE, "ask", str(path), QUESTION, "--json"]
    with subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        run_id = process.stderr.readline().removeprefix("run ").strip()
        limit_s = time.monotonic() + 120
        while not log.exists() or len(log.read_text().split()) < 2:
            assert process.poll() is None, "it ended before it could be killed"
            assert time.monotonic() < limit_s
            time.sleep(0.05)
        process.kill()
    before = log.read_text().split()
    assert before[0] == "localize_action"

    done = medvid("resume", run_id, "--json", program=ORACLE, env={"ORACLE_LOG": str(log), "ORACLE_FILES": str(path)})
    assert done.returncode == 0, done.stderr
    run = json.loads(done.stdout)
    assert (run["id"], run["question"]) == (run_id, QUESTION)
    assert {step["tool"] for step in run["plan"]["steps"] if "tool" in step} == set(log.read_text().split())
    # What was answered before the kill is not asked again; the second look at it is new.
    assert log.read_text().split().count("localize_action") == before.count("localize_action") + 1
    assert {status["status"] for outcomes in run["outcomes"].values() for status in outcomes} == {"ok"}

    again = medvid("resume", run_id, "--json", program=ORACLE, env={"ORACLE_LOG": str(log), "ORACLE_FILES": str(path)})
    assert json.loads(again.stdout) == run


def test_a_run_that_nobody_asked_for_is_an_input_error() -> None:
    done = medvid("resume", "000000000000", program=ORACLE)
    assert done.returncode == 2
    assert "holds no run" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_interrupt_ends_with_130_and_leaves_a_run_to_resume(operation: tuple[Path, Truth], tmp_path: Path) -> None:
    path, _ = operation
    log = tmp_path / "asked.txt"
    env = environment(ORACLE_LOG=str(log), ORACLE_WAIT_S="30")
    command = [sys.executable, "-m", ORACLE, "ask", str(path), "When is the cystic duct clipped?"]
    with subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        run_id = process.stderr.readline().removeprefix("run ").strip()
        limit_s = time.monotonic() + 120
        while not log.exists():
            assert process.poll() is None
            assert time.monotonic() < limit_s
            time.sleep(0.05)
        os.kill(process.pid, 2)
        _, rest = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in rest
    done = medvid("resume", run_id, program=ORACLE, env={"ORACLE_FILES": str(path)})
    assert done.returncode == 0, done.stderr
