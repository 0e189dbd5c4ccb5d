"""A video named on the command line: a file, which joins the library for this run, or an id from `medvid videos`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from medvid.core.settings import Settings
    from medvid.video import Library

Video = Annotated[str, typer.Argument(metavar="VIDEO", help="A video file, or a video id from `medvid videos`.")]
VIDEOS_HELP = "Video files, or ids from `medvid videos`; of the thread if left out."
Videos = Annotated[list[str], typer.Argument(metavar="[VIDEO]...", default_factory=list, show_default=False, help=VIDEOS_HELP)]
VIDEO_ID = re.compile(r"[0-9a-f]{16}")


def open_source(settings: Settings, video: str) -> tuple[Library, str]:
    """The library that holds the video, and its id. Raises ConfigError where it is neither a file nor an id."""
    library, (video_id,) = open_sources(settings, [video])
    return library, video_id


def open_sources(settings: Settings, videos: Sequence[str]) -> tuple[Library, list[str]]:
    """The same for several, each once."""
    from medvid.app import open_library
    from medvid.core import ConfigError
    from medvid.video import probe

    for video in videos:
        if not given_files([video]) and not VIDEO_ID.fullmatch(video):
            words = "is no file, and no video id (16 hexadecimal digits, see `medvid videos --root DIR`); give one of them"
            raise ConfigError(f"{video!r} {words}")
    ids = [probe(Path(video)).video_id if given_files([video]) else video for video in videos]
    return open_library(settings, given_files(videos)), list(dict.fromkeys(ids))


def given_files(videos: Sequence[str]) -> list[Path]:
    """Those that are files, where they are."""
    return [Path(video).resolve() for video in videos if Path(video).is_file()]
