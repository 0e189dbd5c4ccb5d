"""A video named on the command line: a file, which joins the library for this run, or an id from `medvid videos`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from medvid.core.settings import Settings
    from medvid.video import Library

Video = Annotated[str, typer.Argument(metavar="VIDEO", help="A video file, or a video id from `medvid videos`.")]
VIDEO_ID = re.compile(r"[0-9a-f]{16}")


def open_source(settings: Settings, video: str) -> tuple[Library, str]:
    """The library that holds the video, and its id. Raises ConfigError where it is neither a file nor an id."""
    from medvid.app import open_library
    from medvid.core import ConfigError
    from medvid.video import probe

    if files := given_files(video):
        return open_library(settings, files), probe(files[0]).video_id
    if VIDEO_ID.fullmatch(video):
        return open_library(settings), video
    raise ConfigError(f"{video!r} is no file, and no video id (16 hexadecimal digits, see `medvid videos --root DIR`); give one of them")


def given_files(video: str) -> list[Path]:
    """The file that was named, if it was one."""
    return [Path(video)] if Path(video).is_file() else []
