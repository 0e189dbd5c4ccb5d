"""What `medvid resume RUN` needs beside the run itself: the files and options that `ask` was given. A table in `runs.sqlite`."""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from medvid.core.settings import runs_file

WAIT_S = 30.0


def remember(run_id: str, files: Sequence[Path], flags: Mapping[str, Any]) -> None:
    """Kept for as long as the run. flags: plain JSON."""
    with _table() as table:
        row = (run_id, json.dumps([str(file.resolve()) for file in files]), json.dumps(flags))
        table.execute("INSERT OR REPLACE INTO asked VALUES (?, ?, ?)", row)


def recall(run_id: str) -> tuple[list[Path], dict[str, Any]]:
    """Nothing for a run that was not asked from the command line."""
    with _table() as table:
        row = table.execute("SELECT files, flags FROM asked WHERE run_id = ?", (run_id,)).fetchone()
    return ([Path(file) for file in json.loads(row[0])], json.loads(row[1])) if row else ([], {})


@contextmanager
def _table() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(runs_file(), timeout=WAIT_S)) as connection, connection:
        connection.execute("CREATE TABLE IF NOT EXISTS asked (run_id TEXT PRIMARY KEY, files TEXT NOT NULL, flags TEXT NOT NULL)")
        yield connection
