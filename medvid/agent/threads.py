"""Threads: conversations, which are the runs in `runs.sqlite` that bear one name. LangGraph keeps caller and name beside each checkpoint.

A thread belongs to one caller, who alone can go on with it. What is forgotten is gone from the file. Source: docs/formats.md, "Threads".
"""

import re
import sqlite3
import time
from contextlib import closing
from typing import Any

from medvid import __version__
from medvid.agent.memory import TURNS, Memory, outline
from medvid.agent.runs import HERE, open_saver, to_run
from medvid.core import ConfigError, Run
from medvid.core.settings import runs_file

NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}"
MOST = 1000
"""Runs of one caller of a server."""
LATELY, WAIT_S = 20, 10.0
CALLER, THREAD, ASKED_S = (f"json_extract(CAST(metadata AS TEXT), '$.{mark}')" for mark in ("caller", "thread", "asked_s"))
LIST = f"""
SELECT {CALLER} AS caller, {THREAD} AS thread, count(DISTINCT thread_id) AS runs, max({ASKED_S}) AS asked_s
FROM checkpoints WHERE {THREAD} IS NOT NULL GROUP BY 1, 2 ORDER BY 4 DESC"""
OF_THREAD = f"SELECT thread_id FROM checkpoints WHERE {CALLER} = :caller AND {THREAD} = :thread"
OLD = f"""
SELECT thread_id FROM (SELECT *, {ASKED_S} AS asked_s, dense_rank() OVER (PARTITION BY {CALLER} ORDER BY {ASKED_S} DESC) AS place
                       FROM checkpoints WHERE {CALLER} != '{HERE}') WHERE asked_s < :oldest_s OR place > :most"""
DELETE = ("DELETE FROM writes WHERE thread_id IN ({})", "DELETE FROM checkpoints WHERE thread_id IN ({})")


async def memory_of(thread: str | None, caller: str = HERE) -> tuple[Memory, dict[str, Any]]:
    """What the thread holds, and the note of its last run. thread: None for the caller's last runs, of whatever thread."""
    if thread is not None and not re.fullmatch(NAME, thread):
        raise ConfigError(f"{thread[:60]!r} cannot be a thread's name; take up to 40 letters, digits, dots, dashes and underscores")
    runs: list[Run] = []
    note: dict[str, Any] = {}
    marks = {"caller": caller} if thread is None else {"caller": caller, "thread": thread}
    async with open_saver(runs_file()) as saver:
        async for kept in saver.alist(None, filter=marks, limit=LATELY if thread is None else TURNS):
            state = kept.checkpoint["channel_values"]
            note = note or state.get("note", {})
            if "answer" in state:
                run = to_run(kept.config["configurable"]["thread_id"], state)
                # What another version found is not what this one would find.
                runs.append(run if kept.metadata.get("version") == __version__ else outline(run))
    return Memory.of(thread, runs), note


def listed() -> list[sqlite3.Row]:
    """caller, thread, runs and asked_s of each, the one used last first."""
    return _rows(LIST)


def forget(thread: str, caller: str = HERE) -> None:
    """The thread with all its runs; the file holds nothing of them afterwards."""
    if not _rows(OF_THREAD, caller=caller, thread=thread):
        raise ConfigError(f"there is no thread {thread!r}; `medvid threads` lists those that are")
    gone = [delete.format(OF_THREAD) for delete in DELETE]
    ((busy, *_),) = _rows(*gone, "COMMIT", "PRAGMA wal_checkpoint(TRUNCATE)", caller=caller, thread=thread)
    if busy:
        raise ConfigError(f"{thread!r} is forgotten, but parts may stand in {runs_file()}-wal until every medvid that uses it has ended")


def expire(keep_s: float) -> None:
    """Runs of a server's callers that are older, or beyond the most that are kept."""
    _rows(*(delete.format(OLD) for delete in DELETE), oldest_s=time.time() - keep_s, most=MOST)


def _rows(*statements: str, **values: Any) -> list[sqlite3.Row]:
    """What the last of the statements gives; nothing where no run was ever kept. What they delete is written over."""
    try:
        with closing(sqlite3.connect(runs_file(), timeout=WAIT_S)) as opened, opened:
            opened.row_factory = sqlite3.Row
            return [opened.execute(statement, values).fetchall() for statement in ("PRAGMA secure_delete = ON", *statements)][-1]
    except sqlite3.Error as error:
        if "no such table" in str(error):
            return []
        raise ConfigError(f"{runs_file()} cannot be used: {error}; end what uses it, or make its folder writable") from error
