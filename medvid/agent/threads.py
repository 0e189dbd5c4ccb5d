"""Threads: conversations, which are the runs in `runs.sqlite` that bear one name. LangGraph keeps caller and name beside each checkpoint.

A thread belongs to one caller, who alone can go on with it. What is forgotten is gone from the file. Source: docs/formats.md, "Threads".
"""

import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from medvid import __version__
from medvid.agent.memory import TURNS, Memory, outline
from medvid.agent.runs import HERE, open_saver, to_run
from medvid.core import ConfigError, Run
from medvid.core.settings import runs_file

NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}"
MOST = 1000
"""Kept runs of one caller of a server."""
MARK = "json_extract(CAST(metadata AS TEXT), '$.{}')"
CALLER, THREAD, ASKED_S = map(MARK.format, ("caller", "thread", "asked_s"))
LIST = f"""
SELECT {CALLER} AS caller, {THREAD} AS thread, count(DISTINCT thread_id) AS runs, max({ASKED_S}) AS asked_s
FROM checkpoints WHERE {THREAD} IS NOT NULL GROUP BY 1, 2 ORDER BY 4 DESC"""
OF_THREAD = f"SELECT thread_id FROM checkpoints WHERE {CALLER} = :caller AND {THREAD} = :thread"
OLD = f"""
SELECT thread_id FROM (SELECT *, {ASKED_S} AS asked_s, dense_rank() OVER (PARTITION BY {CALLER} ORDER BY {ASKED_S} DESC) AS place
                       FROM checkpoints WHERE {CALLER} != '{HERE}') WHERE asked_s < :oldest_s OR place > {MOST}"""


async def memory_of(thread: str | None, caller: str = HERE) -> tuple[Memory, dict[str, Any]]:
    """What the thread holds, and the note of its last run. thread: None for the caller's last runs, of whatever thread."""
    if thread is not None and not re.fullmatch(NAME, thread):
        raise ConfigError(f"{thread[:60]!r} cannot be a thread's name; take up to 40 letters, digits, dots, dashes and underscores")
    runs: list[Run] = []
    note: dict[str, Any] = {}
    async with open_saver(runs_file()) as saver:
        marks = {"caller": caller} if thread is None else {"caller": caller, "thread": thread}
        async for kept in saver.alist(None, filter=marks, limit=TURNS):
            state = kept.checkpoint["channel_values"]
            note = note or state.get("note", {})
            if "answer" in state:
                run = to_run(kept.config["configurable"]["thread_id"], state)
                # What another version found is not what this one would find.
                runs.append(run if kept.metadata.get("version") == __version__ else outline(run))
    return Memory.of(thread, runs), note


@contextmanager
def _open() -> Iterator[sqlite3.Connection]:
    file = runs_file()
    try:
        with closing(sqlite3.connect(file, timeout=30)) as opened, opened:
            opened.row_factory = sqlite3.Row
            opened.execute("PRAGMA secure_delete = ON")
            yield opened
    except sqlite3.Error as error:
        raise ConfigError(f"{file} cannot be used: {error}; end what uses it, move it away, or make its folder writable") from error


def listed() -> list[sqlite3.Row]:
    """caller, thread, runs and asked_s of each, the one used last first."""
    with _open() as opened:
        there = opened.execute("SELECT 1 FROM sqlite_master WHERE name = 'checkpoints'").fetchone()
        return opened.execute(LIST).fetchall() if there else []


def forget(thread: str, caller: str = HERE) -> None:
    """The thread with all its runs; the file holds nothing of them afterwards."""
    if (caller, thread) not in [(row["caller"], row["thread"]) for row in listed()]:
        raise ConfigError(f"there is no thread {thread!r}; `medvid threads` lists those that are")
    _delete(OF_THREAD, caller=caller, thread=thread)
    with _open() as opened:
        opened.execute("VACUUM")
        busy, *_ = opened.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy:
        raise ConfigError(f"{runs_file()}-wal is in use and may still hold parts of {thread!r}; end what uses it and run `medvid threads`")


def expire(keep_s: float) -> None:
    """Runs of a server's callers that are older, or beyond the most that are kept."""
    if listed():
        _delete(OLD, oldest_s=time.time() - keep_s)


def _delete(which: str, **values: Any) -> None:
    with _open() as opened:
        for table in ("writes", "checkpoints"):
            opened.execute(f"DELETE FROM {table} WHERE thread_id IN ({which})", values)
