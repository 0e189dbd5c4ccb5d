"""The videos of a library as a table."""

from __future__ import annotations

from collections.abc import Sequence

from rich.markup import escape
from rich.table import Table

from medvid.video import VideoListing


def listing_table(videos: Sequence[VideoListing]) -> Table:
    table = Table()
    for name in ("video_id", "title", "seconds", "fps", "size", "procedure"):
        table.add_column(name, justify="right" if name in ("seconds", "fps") else "left", no_wrap=name == "video_id")
    for video in videos:
        procedure = escape(video.procedure or "not declared") + (" (simulated)" if video.simulated else "")
        width, height = video.size
        table.add_row(video.video_id, escape(video.title), f"{video.duration_s:.1f}", f"{video.fps:.4g}", f"{width}x{height}", procedure)
    return table
