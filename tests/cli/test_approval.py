"""A plan that costs much is shown and waits: at a terminal for a key, elsewhere for a word on the command line."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path

import pytest

from medvid.simulate import Truth
from tests.cli.program import ORACLE, medvid
from tests.cli.terminal import on_terminal

QUESTION = "When is the cystic duct clipped?"
ASKED = "Run it? [y]es, [n]o, [e]dit: "


@pytest.fixture(autouse=True)
def own_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


def test_where_nobody_can_be_asked_it_is_refused_with_the_way_on(operation: tuple[Path, Truth], tmp_path: Path) -> None:
    path, truth = operation
    assert round(truth.duration_s / 60, 1) == 0.4
    log = tmp_path / "asked.txt"
    env = {"ORACLE_LOG": str(log), "MEDVID_APPROVE_CALLS": "0"}
    done = medvid("ask", str(path), QUESTION, "--no-verify", program=ORACLE, env=env)
    assert done.returncode == 2
    run_id = done.stderr.split()[1]
    assert f"medvid: run {run_id} waits for a yes to its plan: 1 tool call, 0.4 minutes of video, an unknown time" in done.stderr
    for way in (f"medvid resume {run_id}", "--yes", "MEDVID_APPROVE_CALLS"):
        assert way in done.stderr
    assert "Traceback" not in done.stderr and not log.exists()

    resumed = medvid("resume", run_id, "--yes", "--json", program=ORACLE, env={"ORACLE_LOG": str(log), "ORACLE_FILES": str(path)})
    assert resumed.returncode == 0, resumed.stderr
    assert json.loads(resumed.stdout)["id"] == run_id
    assert medvid("ask", str(path), QUESTION, "--yes", "--no-verify", program=ORACLE, env=env).returncode == 0
    assert log.read_text().split() == ["localize_action"] * 2
    # The next plan is reckoned by what was timed, here less than a second; nothing bothers a small question.
    timed = medvid("ask", str(path), QUESTION, program=ORACLE, env=env)
    assert "0.4 minutes of video, about 0 s" in timed.stderr
    assert medvid("ask", str(path), QUESTION, program=ORACLE).returncode == 0


def test_yes_runs_it_no_leaves_it_waiting_and_a_kill_loses_nothing(operation: tuple[Path, Truth], tmp_path: Path) -> None:
    path, _ = operation
    log = tmp_path / "asked.txt"
    env = {"ORACLE_LOG": str(log), "ORACLE_FILES": str(path)}
    with on_terminal("ask", str(path), QUESTION, "--approve", "--no-verify", **env) as terminal:
        run_id = terminal.until("run ") and terminal.until("\n").strip()
        shown = terminal.until(ASKED)
        assert "clip the cystic duct" in shown and "1 tool call, 0.4 minutes of video" in shown
        terminal.process.send_signal(signal.SIGKILL)
        assert terminal.process.wait(60) == -signal.SIGKILL
    with on_terminal("resume", run_id, **env) as terminal:
        assert "clip the cystic duct" in terminal.until(ASKED)
        terminal.send("n\n")
        terminal.until(f"run {run_id} waits for a yes")
        assert terminal.end() == 2
    assert not log.exists()
    with on_terminal("resume", run_id, **env) as terminal:
        terminal.until(ASKED)
        terminal.send("what?\n")
        terminal.until(ASKED)
        terminal.send("y\n")
        terminal.until("Research use only")
        assert terminal.end() == 0
    assert log.read_text().split() == ["localize_action"]


EDITOR = """
import pathlib, sys
file, tries = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[0]).with_suffix(".tries")
tries.write_text(tries.read_text() + "x" if tries.exists() else "x")
text = file.read_text()
if len(tries.read_text()) == 1:
    text = text.replace("localize_action", "localise")
elif len(tries.read_text()) == 2:
    text = "steps: [" + text
elif len(tries.read_text()) == 3:
    pass
else:
    text = "steps:\\n- {id: view, tool: assess_cvs, args: {video_id: " + tries.with_suffix(".id").read_text() + "}}\\n"
file.write_text(text)
"""


def test_what_an_editor_makes_of_the_plan_is_checked_and_run(operation: tuple[Path, Truth], tmp_path: Path) -> None:
    path, _ = operation
    log, editor = tmp_path / "asked.txt", tmp_path / "editor.py"
    editor.write_text(EDITOR)
    plan = json.loads(medvid("ask", str(path), QUESTION, "--dry-run", "--json", program=ORACLE).stdout)
    editor.with_suffix(".id").write_text(json.dumps(plan["steps"][0]["args"]["video_id"]))
    env = {"ORACLE_LOG": str(log), "EDITOR": f"{sys.executable} {editor}"}
    with on_terminal("ask", str(path), QUESTION, "--approve", **env) as terminal:
        terminal.until(ASKED)
        terminal.send("e\n")  # a tool that is not there
        assert "there is no tool 'localise'; did you mean localize_action?" in terminal.until(ASKED)
        terminal.send("e\n")  # no YAML
        assert "while parsing" in terminal.until(ASKED)
        terminal.send("e\n")  # left as it is: nothing runs unasked
        terminal.until(ASKED)
        terminal.send("e\n")
        shown = terminal.until("Research use only")
        assert "assess_cvs" in shown and "critical view" in shown.lower()
        assert terminal.end() == 0
    assert log.read_text().split() == ["assess_cvs"]


def test_an_editor_that_cannot_be_started_is_named_and_the_plan_still_waits(operation: tuple[Path, Truth]) -> None:
    path, _ = operation
    with on_terminal("ask", str(path), QUESTION, "--approve", EDITOR="/nowhere/editor") as terminal:
        terminal.until(ASKED)
        terminal.send("e\n")
        assert "/nowhere/editor: Editing failed" in terminal.until(ASKED)
        terminal.send("n\n")
        assert terminal.end() == 2
