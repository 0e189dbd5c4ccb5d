"""`medvid chat`, `ask --thread` and `medvid threads`: a conversation by the real program. The model is the oracle, all else is real."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from medvid.core.settings import runs_file
from medvid.simulate import Truth
from tests.cli.program import ORACLE, environment, medvid
from tests.cli.terminal import on_terminal

FIVE = """\
When is the cystic duct clipped?
How often is the cystic duct clipped?
How long does it take to clip the cystic duct?
Was the critical view of safety achieved before the cystic duct is clipped?
When is the cystic duct clipped?
"""


@pytest.fixture(autouse=True)
def own_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


def talk(text: str, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", ORACLE, "chat", *args]
    return subprocess.run(command, input=text, capture_output=True, text=True, env=environment(**env), timeout=240)


def calls_of(log: Path) -> list[str]:
    return log.read_text().split() if log.exists() else []


def test_of_five_turns_each_thing_is_looked_for_once(operation: tuple[Path, Truth], tmp_path: Path) -> None:
    path, _ = operation
    log = tmp_path / "asked.txt"
    done = talk(FIVE, str(path), "--thread", "five", "--json", "--no-verify", ORACLE_LOG=str(log))
    assert done.returncode == 0, done.stderr
    runs = [json.loads(line) for line in done.stdout.splitlines()]
    assert [run["question"] for run in runs] == FIVE.splitlines()
    # One 30 s clip is one look: the clipping once, the view once; every other localising is of an earlier turn.
    assert sorted(calls_of(log)) == ["assess_cvs", "localize_action"]
    assert [run["reused"] for run in runs] == [{}, *({"s1": runs[0]["id"]} for _ in range(4))]
    assert {run["thread"] for run in runs} == {"five"}
    assert runs[4]["outcomes"]["s1"][0]["result"] == runs[0]["outcomes"]["s1"][0]["result"]
    assert "finished s1: localize_action: ok, from an earlier turn" in done.stderr

    shown = medvid("threads", "show", "five")
    assert [line[2:] for line in shown.stdout.splitlines() if line.startswith("> ")] == FIVE.splitlines()
    assert runs[0]["answer"]["statements"][0]["text"] in shown.stdout
    assert medvid("threads").stdout.startswith("five: 5 questions, last 20")
    asked_on = medvid(
        "ask", "How often is the cystic duct clipped?", "--thread", "five", "--json", "--no-verify", program=ORACLE,
        env={"ORACLE_LOG": str(log), "ORACLE_FILES": str(path)},
    )  # fmt: skip
    assert json.loads(asked_on.stdout)["reused"] == {"s1": runs[0]["id"]}, asked_on.stderr
    assert len(calls_of(log)) == 2

    assert b"cystic duct" in runs_file().read_bytes()
    gone = medvid("threads", "forget", "five")
    assert gone.returncode == 0, gone.stderr
    assert [file for file in runs_file().parent.glob("runs.sqlite*") if b"cystic" in file.read_bytes()] == []
    assert medvid("threads").stdout == ""
    again = medvid("ask", "And then?", "--thread", "five", program=ORACLE)
    assert again.returncode == 2
    assert "no video is named" in again.stderr
    for action in ("show", "forget"):
        unknown = medvid("threads", action, "five")
        assert unknown.returncode == 2
        assert unknown.stderr.startswith("medvid: there is no thread 'five'") and "`medvid threads` lists those that are" in unknown.stderr


def test_commands_and_questions_that_cannot_be_placed_leave_the_chat_going(operation: tuple[Path, Truth]) -> None:
    path, _ = operation
    done = talk(f"/videos\n\nWho is the president?\n/nonsense\n{FIVE.splitlines()[0]}\n/plan\n/quit\nnever asked\n", str(path))
    assert done.returncode == 2, "one question was not answered"
    assert str(path) in done.stdout
    assert "Summarise the video." in done.stdout
    assert "/plan shows the last plan" in done.stderr
    assert done.stdout.index("Research use only") < done.stdout.index("action=clip the cystic duct"), "the plan is shown when asked for"
    assert "never asked" not in done.stdout
    thread = done.stderr.split()[1].rstrip(":")
    assert medvid("threads").stdout.startswith(f"{thread}: 2 questions")


def test_bytes_that_are_no_text_are_a_question_like_any_other(operation: tuple[Path, Truth]) -> None:
    command = [sys.executable, "-m", ORACLE, "chat", str(operation[0]), "--json"]
    env = environment(PYTHONIOENCODING="utf-8:strict")
    done = subprocess.run(command, input=b"When is the caf\xe9 clipped?\n", capture_output=True, env=env, timeout=240)
    assert b"Traceback" not in done.stderr
    assert json.loads(done.stdout)["question"] == "When is the caf\ufffd clipped?"


def test_a_chat_needs_a_video_or_a_thread_that_has_some(tmp_path: Path) -> None:
    for args in ([], ["--thread", "new"]):
        done = talk("", *args)
        assert (done.returncode, "no video is named" in done.stderr) == (2, True)
    assert "cannot be a thread's name" in talk("", "--thread", "../up").stderr
    assert "is no file, and no video id" in talk("", "nowhere.mp4").stderr


def test_ctrl_c_stops_the_question_and_not_the_chat_and_twice_leaves(operation: tuple[Path, Truth], tmp_path: Path) -> None:
    path, _ = operation
    log = tmp_path / "asked.txt"
    with on_terminal("chat", str(path), "--thread", "t", ORACLE_LOG=str(log), ORACLE_WAIT_S="2") as terminal:
        terminal.until("> ")
        terminal.send(f"{FIVE.splitlines()[0]}\n")
        run_id = terminal.until("run ") and terminal.until("\n").strip()
        deadline = time.monotonic() + 60
        while not calls_of(log):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        terminal.send("\x03")
        terminal.until("Ctrl-C again leaves")
        terminal.until("> ")
        terminal.send(f"{FIVE.splitlines()[1]}\n")
        terminal.until("Research use only")
        terminal.until("> ")
        terminal.send("\x03")
        terminal.until("Ctrl-C again leaves")
        terminal.send("\x03")
        assert terminal.end() == 130
    resumed = medvid("resume", run_id, "--json", program=ORACLE, env={"ORACLE_LOG": str(log)})
    assert resumed.returncode == 0, resumed.stderr
    assert json.loads(resumed.stdout)["question"] == FIVE.splitlines()[0]
    # What was stopped is a turn of its conversation once it is finished.
    assert medvid("threads").stdout.startswith("t: 2 questions")


def test_two_videos_are_asked_about_with_the_question_last(operation: tuple[Path, Truth], tmp_path: Path) -> None:
    path, _ = operation
    other = tmp_path / "other.mp4"
    assert medvid("simulate", str(other), "--seed", "1000001", "--kind", "suturing").returncode == 0
    dry = medvid("ask", str(path), str(other), "Summarise the video.", "--dry-run", "--json", program=ORACLE)
    plan: dict[str, Any] = json.loads(dry.stdout)
    assert [step["tool"] for step in plan["steps"]] == ["summarize_video", "summarize_video"]
    assert len({step["args"]["video_id"] for step in plan["steps"]}) == 2
    forgotten = medvid("ask", str(path), program=ORACLE)
    assert forgotten.returncode == 2
    assert "no video is named; name a file or a video id, the question last" in forgotten.stderr
