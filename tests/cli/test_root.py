"""The program as a whole: its commands, its help, its errors and exit codes."""

from __future__ import annotations

from pathlib import Path

import pytest

from medvid import __version__
from tests.cli.program import medvid

COMMANDS = ["ask", "chat", "threads", "resume", "demo", "videos", "tool", "mcp", "simulate", "train", "check", "doctor"]


def test_the_version_is_the_packages() -> None:
    done = medvid("--version")
    assert (done.returncode, done.stdout) == (0, f"medvid {__version__}\n")


def test_help_names_every_command_and_what_it_is_for() -> None:
    done = medvid("--help")
    assert done.returncode == 0
    assert [name for name in COMMANDS if f" {name} " not in done.stdout] == []
    assert "not for clinical use" in done.stdout


@pytest.mark.parametrize("command", [*([name] for name in COMMANDS if name != "train"), ["train", "sft"], ["train", "evaluate"]])
def test_every_command_has_help_with_examples(command: list[str]) -> None:
    done = medvid(*command, "--help")
    assert done.returncode == 0
    assert "Examples:" in done.stdout
    assert f"medvid {' '.join(command)}" in done.stdout.split("Examples:")[1]


def test_an_unknown_command_is_an_input_error() -> None:
    done = medvid("answer")
    assert done.returncode == 2
    assert "answer" in done.stderr


def test_our_errors_are_one_line_without_a_traceback(tmp_path: Path) -> None:
    done = medvid("simulate", "film.mp4", "--kind", "transplant", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == "medvid: there is no kind 'transplant'; give cholecystectomy or suturing\n"
    assert list(tmp_path.iterdir()) == []


def test_a_setting_that_cannot_be_used_names_itself(tmp_path: Path) -> None:
    done = medvid("videos", "film.mp4", cwd=tmp_path, env={"MEDVID_MAX_IN_FLIGHT": "0"})
    assert done.returncode == 2
    assert "max_in_flight" in done.stderr
    assert "Traceback" not in done.stderr
