"""Probes kept between runs, by path, size and time of change, in `probes.sqlite`. It can be deleted at any time.

Looking through a recording of hours takes seconds; a listing of a hundred must not. A cache that cannot be used is as good as empty.
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from medvid.video.info import VideoInfo

Stamp = tuple[str, int, int]  # Resolved path, size in bytes, time of change in nanoseconds.

FORM = 2  # Raised when VideoInfo, or what probe finds, changes.

MAKE = "CREATE TABLE IF NOT EXISTS probes (path TEXT PRIMARY KEY, size INTEGER, changed INTEGER, form INTEGER, info BLOB)"
FIND = "SELECT info FROM probes WHERE path = ? AND size = ? AND changed = ? AND form = ?"
KEEP = "INSERT OR REPLACE INTO probes VALUES (?, ?, ?, ?, ?)"

_infos = TypeAdapter(VideoInfo)


def stamp_of(path: Path) -> Stamp:
    """Raises OSError where the file is gone."""
    status = path.stat()
    return str(path), status.st_size, status.st_mtime_ns


class ProbeCache:
    """Safe to use from several threads and processes: every call opens the file for itself."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def get(self, stamp: Stamp) -> VideoInfo | None:
        try:
            rows = self._rows(FIND, *stamp, FORM)
            return _infos.validate_json(rows[0][0]) if rows else None
        except ValidationError:
            return None

    def put(self, stamp: Stamp, info: VideoInfo) -> None:
        self._rows(KEEP, *stamp, FORM, _infos.dump_json(info))

    def _rows(self, statement: str, *values: Any) -> list[Any]:
        try:
            with closing(sqlite3.connect(self.file, timeout=5)) as store, store:
                store.execute(MAKE)
                return store.execute(statement, values).fetchall()
        except (sqlite3.Error, OSError, UnicodeEncodeError):
            return []
