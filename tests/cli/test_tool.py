"""`medvid tool NAME VIDEO`: one tool from the shell."""

from __future__ import annotations

import json
from pathlib import Path

from medvid.simulate import Truth
from medvid.tools.registry import TOOLS
from tests.cli.conftest import ACTION
from tests.cli.program import ORACLE, medvid


def test_every_tool_is_listed() -> None:
    done = medvid("tool", "--help")
    assert done.returncode == 0
    assert [name for name in TOOLS if f" {name} " not in done.stdout] == []


def test_a_tools_options_come_from_its_arguments() -> None:
    done = medvid("tool", "caption_region", "--help")
    assert done.returncode == 0
    assert [option for option in ("--box-px", "--time-s", "--style", "--span", "--fps", "--insist") if option not in done.stdout] == []


def test_the_outcome_is_printed_in_words_and_as_json(operation: tuple[Path, Truth]) -> None:
    path, truth = operation
    spans = [event.span for event in truth.events if event.action == ACTION]
    done = medvid("tool", "localize_action", str(path), "--action", ACTION, program=ORACLE)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == ", ".join(f"{span.start_s:.1f}-{span.end_s:.1f} s" for span in spans)
    as_json = medvid("tool", "localize_action", str(path), "--action", ACTION, "--json", program=ORACLE)
    assert json.loads(as_json.stdout)["result"] == {"spans": [span.model_dump() for span in spans]}


def test_what_does_not_occur_is_an_answer_too(operation: tuple[Path, Truth]) -> None:
    path, truth = operation
    absent = "pack the gallbladder"
    assert absent not in {event.action for event in truth.events}
    done = medvid("tool", "localize_action", str(path), "--action", absent, program=ORACLE)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("not observed: ")


def test_a_span_past_the_end_is_an_input_error_with_the_limit(operation: tuple[Path, Truth]) -> None:
    path, truth = operation
    done = medvid("tool", "summarize_video", str(path), "--span", "900-960", program=ORACLE)
    assert done.returncode == 2
    assert f"{truth.duration_s:.1f}" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_tool_is_an_input_error() -> None:
    done = medvid("tool", "guess", "film.mp4")
    assert done.returncode == 2
    assert "guess" in done.stderr
