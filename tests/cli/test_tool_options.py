"""A tool's arguments as options of the command line."""

from __future__ import annotations

from typing import Any, Literal

import pytest
import typer
from pydantic import Field
from typer.testing import CliRunner

from medvid.cli.tool_options import arguments, command_of
from medvid.core.errors import ConfigError
from medvid.core.span import Box, Instant
from medvid.tools.base import Args


class Point(Args):
    box_px: Box = Field(description="where to point")
    time_s: Instant
    every_s: float = 1.0
    style: Literal["gpt", "gemini"] = "gpt"


VIDEO_ID = "0123456789abcdef"


def given_by(*line: str) -> tuple[int, dict[str, Any], str]:
    seen: dict[str, Any] = {}
    app = typer.Typer()
    app.command()(command_of(Point, lambda **given: seen.update(given)))
    done = CliRunner().invoke(app, list(line), env={"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"})
    return done.exit_code, seen, done.output


def test_options_become_the_tools_arguments() -> None:
    line = ("film.mp4", "--box-px", "1,2,30,40.5", "--time-s", "3", "--span", "2.5-14", "--style", "gemini", "--insist")
    code, given, output = given_by(*line)
    assert code == 0, output
    args = Point.model_validate({"video_id": VIDEO_ID, **arguments(Point, given)})
    assert args.box_px.root == (1, 2, 30, 40.5)
    assert (args.time_s, args.every_s, args.style, args.insist) == (3, 1, "gemini", True)
    assert args.span is not None
    assert (args.span.start_s, args.span.end_s) == (2.5, 14)
    assert given["video"] == "film.mp4"


def test_what_was_not_given_is_left_to_the_tool() -> None:
    code, given, output = given_by("film.mp4", "--box-px", "1,2,30,40", "--time-s", "3")
    assert code == 0, output
    args = Point.model_validate({"video_id": VIDEO_ID, **arguments(Point, given)})
    assert (args.span, args.fps, args.insist) == (None, None, False)


def test_a_required_option_that_is_missing_is_an_input_error() -> None:
    code, given, output = given_by("film.mp4", "--time-s", "3")
    assert code == 2
    assert "--box-px" in output
    assert given == {}


def test_help_shows_each_options_form_and_meaning() -> None:
    code, _, output = given_by("--help")
    assert code == 0
    for part in ("--span", "START-END", "X1,Y1,X2,Y2", "gpt|gemini", "where to point", "--fps"):
        assert part in output


@pytest.mark.parametrize("text", ["12", "near the end", "-3-5", "5-"])
def test_a_span_that_cannot_be_read_is_refused_with_the_form(text: str) -> None:
    with pytest.raises(ConfigError, match=r"--span .* is no span; write seconds as 12\.0-14\.5"):
        arguments(Point, {"span": text})


@pytest.mark.parametrize("text", ["1,2,3,x", "left", ""])
def test_a_box_that_cannot_be_read_is_refused_with_the_form(text: str) -> None:
    with pytest.raises(ConfigError, match="write pixels as x1,y1,x2,y2"):
        arguments(Point, {"box_px": text})
