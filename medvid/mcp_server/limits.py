"""Gate: what stands before a call, so that no client waits in vain and no server drowns. Source: docs/formats.md, "Jobs"."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import anyio
from mcp.types import CallToolResult

from medvid.core import Access, BusyError, Progress, TooLongError
from medvid.mcp_server.calls import A, Answered, Call

WAITS_META = "medvid/waits"
SHORT_S = 50.0  # Many clients give a call up after 60 s, even one that reports progress.


class Gate:
    """at_once, waiting: calls that look at videos. deadline_s: of every call. jobs: whether there is a `start_job` for long ones."""

    def __init__(self, at_once: int, waiting: int, deadline_s: float, *, jobs: bool, short_s: float = SHORT_S) -> None:
        self.at_once, self.waiting, self.deadline_s, self.jobs, self.short_s = at_once, waiting, deadline_s, jobs, short_s
        self._places = anyio.Semaphore(at_once)
        self._usual_s = 5.0

    def before(self, call: Call[A], *, waits: bool) -> Call[A]:
        """The call as this gate lets it through."""

        async def run(args: A, access: Access, progress: Progress) -> Answered | CallToolResult:
            way_out = "ask about less"
            with anyio.move_on_after(self.deadline_s):
                if call.expected_s is None:
                    return await call.run(args, access, progress)
                if self.jobs:
                    given = args.model_dump_json(exclude_unset=True)
                    way_out += f', or call start_job with {{"tool": "{call.name}", "arguments": {given}}} and then job_status'
                    expected_s = None if waits else await call.expected_s(args, access)
                    if expected_s is not None and expected_s > self.short_s:
                        raise TooLongError(f"{call.name} would take about {expected_s:.0f} s, above {self.short_s:g} s; {way_out}")
                async with self._place():
                    return await call.run(args, access, progress)
            raise TooLongError(f"{call.name} was stopped after {self.deadline_s:g} s, the most one call may take; {way_out}")

        return replace(call, run=run)

    @asynccontextmanager
    async def _place(self) -> AsyncIterator[None]:
        waiting = self._places.statistics().tasks_waiting
        if self._places.value == 0 and waiting >= self.waiting:
            retry_after_s = round(min(60.0, max(1.0, self._usual_s * (waiting + 1) / self.at_once)), 1)
            raise BusyError(f"busy: {self.at_once} calls run and {waiting} wait, the most here", retry_after_s=retry_after_s)
        async with self._places:
            started_s = time.monotonic()
            yield
            self._usual_s = 0.8 * self._usual_s + 0.2 * (time.monotonic() - started_s)
