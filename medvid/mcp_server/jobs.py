"""Jobs: calls that go on when their caller has left, and after a restart, without making a look again that was made.

Several servers may share `jobs.sqlite`: who runs a job renews a lease on it, and a lapsed one is free for the next server of the same
`home`. Source: docs/formats.md, "Jobs"; the statements stand in jobs.toml.
"""

import hashlib
import json
import logging
import secrets
import sqlite3
import time
import tomllib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
from mcp.types import CallToolResult
from pydantic import TypeAdapter

from medvid import __version__
from medvid.core import Access, BusyError, ConfigError, JobError
from medvid.mcp_server import asking
from medvid.mcp_server.asking import Ask, asking_call
from medvid.mcp_server.calls import Call, failed
from medvid.mcp_server.video_tools import video_call
from medvid.tools.look import Inquiry, Seen
from medvid.tools.looks import Window
from medvid.tools.pace import Pace
from medvid.tools.registry import TOOLS
from medvid.tools.toolbox import Toolbox

log = logging.getLogger(__name__)

AT_ONCE = 2  # Jobs that a server runs at once, beside its calls.
ATTEMPTS = 3  # A job over which servers died this often, and came no further, is not taken up again.
BEAT_S, LEASE_S, POLL_S = 1.0, 10.0, 2.0
KEPT = 100  # Finished jobs of one caller; the oldest beyond them expires.
ACCESS, SEEN = TypeAdapter(Access), TypeAdapter(Seen)
Job = sqlite3.Row

SQL: dict[str, str] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))


class KeptToolbox(Toolbox):
    """The server's toolbox for one job: a look that the job has made before is read back."""

    def __init__(self, toolbox: Toolbox, jobs: "Jobs", job: Job) -> None:
        vars(self).update(vars(toolbox))
        self.jobs, self.job_id = jobs, job["id"]
        if job["done"]:
            self.pace = Pace()  # what is read back says nothing about the model's speed

    async def look(self, window: Window, inquiry: Inquiry) -> Seen:
        tool = inquiry.tool
        asked = (tool.name, inquiry.args, inquiry.case, inquiry.span, window, self.asked, __version__)
        key = hashlib.blake2b(repr(asked).encode(), digest_size=16).hexdigest()
        if kept := await self.jobs.rows(SQL["kept_look"], job=self.job_id, key=key):
            seen = SEEN.validate_json(kept[0]["seen"])
            return seen if seen.result is None else replace(seen, result=tool.result_type.model_validate(seen.result))
        seen = await super().look(window, inquiry)
        await self.jobs.rows(SQL["keep"], job=self.job_id, key=key, tool=tool.name, seen=SEEN.dump_json(seen).decode())
        return seen


class Jobs:
    """home: servers that may go on with each other's jobs, because they serve the same videos with the same model. most: unfinished jobs of
    one caller. keep_s: how long a job is kept from its start, and from its end. Raises ConfigError where the file cannot be used."""

    def __init__(
        self, toolbox: Toolbox, file: Path, *, ask: Callable[[Toolbox], Ask] | None = None, home: str = "", most: int = 16,
        keep_s: float = 7 * 86400.0,
    ) -> None:  # fmt: skip
        self.toolbox, self.file, self.ask = toolbox, file, ask
        self.own: dict[str, Any] = {"home": home, "most": most, "keep_s": keep_s, "lease_s": LEASE_S, "kept": KEPT}
        self._wake, self._threads = anyio.Event(), anyio.CapacityLimiter(4)  # of its own: decoding may hold all others for long
        try:
            with closing(sqlite3.connect(file, timeout=30)) as opened:
                opened.executescript(SQL["tables"])
        except sqlite3.Error as error:
            raise ConfigError(f"{file} cannot hold jobs: {error}; move it away, or make its folder writable") from error

    async def rows(self, statement: str, **values: Any) -> list[sqlite3.Row]:
        """One statement is one transaction, in a worker thread."""

        def execute() -> list[sqlite3.Row]:
            with closing(sqlite3.connect(self.file, timeout=30)) as opened, opened:
                opened.row_factory = sqlite3.Row
                opened.execute("PRAGMA secure_delete = ON")  # what expired is written over
                return opened.execute(statement, {"now": time.time(), **self.own, **values}).fetchall()

        return await anyio.to_thread.run_sync(execute, limiter=self._threads)

    async def start(self, tool: str, arguments: dict[str, Any], access: Access) -> Job:
        """Raises what the tool would raise before it looks, and BusyError."""
        call = self._call(tool, self.toolbox)
        expected_s = await call.expected_s(call.read(arguments), access) if call.expected_s else None
        added = await self.rows(
            SQL["add"], id=secrets.token_hex(8), caller=access.caller, access=ACCESS.dump_json(access).decode(), tool=tool,
            arguments=json.dumps(arguments), expected_s=expected_s,
        )  # fmt: skip
        if not added:
            raise BusyError(f"busy: {self.own['most']} jobs of yours are unfinished, the most here; cancel one", retry_after_s=60.0)
        self._wake.set()
        self._wake = anyio.Event()
        return added[0]

    async def find(self, job_id: str, access: Access) -> Job:
        """Raises JobError; another caller's job is not there."""
        if found := await self.rows(SQL["find"], id=job_id, caller=access.caller):
            return found[0]
        raise JobError(f"there is no job {job_id!r}; start_job gives the id of a new one")

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Jobs run while this lasts; what it leaves unfinished is free for the next server."""
        async with anyio.create_task_group() as workers:
            for _ in range(AT_ONCE):
                workers.start_soon(self._work)
            yield
            workers.cancel_scope.cancel()

    async def _work(self) -> None:
        while True:
            try:
                await self.rows(SQL["expire"])
                if claimed := await self.rows(SQL["claim"], owner=secrets.token_hex(8)):
                    await self._run(claimed[0])
                    continue
            except* sqlite3.Error:
                log.exception("%s cannot be used", self.file)  # a full disk takes no server down
            with anyio.move_on_after(POLL_S):
                await self._wake.wait()

    async def _run(self, job: Job) -> None:
        far: dict[str, Any] = {name: job[name] for name in ("id", "owner", "done", "total", "message")}
        result: CallToolResult | None = None

        async def tell(done: float, total: float, message: str) -> None:
            far.update(done=done, total=total, message=message)

        async def hold() -> None:
            while await self.rows(SQL["renew"], **far):
                await anyio.sleep(BEAT_S)
                await self.rows(SQL["expire"])
            group.cancel_scope.cancel()  # cancelled, expired, or another server's by now

        try:
            async with anyio.create_task_group() as group:
                group.start_soon(hold)
                result = await self._answer(job, tell)
                group.cancel_scope.cancel()
        finally:
            with anyio.CancelScope(shield=True):
                if result is None:
                    await self.rows(SQL["release"], **far)
                else:
                    state = "failed" if result.is_error else "done"
                    await self.rows(SQL["end"], **far, state=state, result=result.model_dump_json(by_alias=True))

    async def _answer(self, job: Job, tell: Any) -> CallToolResult:
        if job["attempts"] > ATTEMPTS:
            return failed(f"the server stopped {ATTEMPTS} times while it ran this job; ask about less", kind="server", retryable=False)
        call = self._call(job["tool"], KeptToolbox(self.toolbox, self, job))
        try:
            return await call.answer(json.loads(job["arguments"]), ACCESS.validate_json(job["access"]), tell)
        except Exception:
            log.exception("job %s of %s failed", job["id"], job["tool"])
            return failed(f"{job['tool']} failed by a fault of the server; its log says more", kind="server", retryable=False)

    def _call(self, tool: str, toolbox: Toolbox) -> Call[Any]:
        if tool == asking.NAME and self.ask is not None:
            return asking_call(self.ask(toolbox), toolbox)
        if tool not in TOOLS:
            raise ConfigError(f"start_job runs {', '.join([*TOOLS, *([asking.NAME] if self.ask else [])])}, not {tool!r}")
        return video_call(TOOLS[tool], toolbox)
