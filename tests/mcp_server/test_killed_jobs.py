"""A job outlives its server: killed in mid-work and started again, the server goes on and asks nothing a second time."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, StdioServerParameters

from tests.mcp_server.results import text_of
from tests.mcp_server.scripted import ACTION

pytestmark = [pytest.mark.anyio, pytest.mark.slow]
JOBS = {
    # 100 frames at a budget of 32 are windows from frames 0, 24, 48 and 68 on.
    "localize_action": ({"action": ACTION, "fps": 10}, 4),
    "ask_procedure": ({"question": "When is the cystic duct clipped, and was the critical view of safety achieved before that?"}, 3),
}
"""The arguments of a job beside the video, and how many looks it takes; of the question's one is the second look."""


@contextmanager
def serving(clip: Path, log: Path, data: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server and its address; killed at the end, if it still runs."""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "XDG_DATA_HOME": str(data), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "tests.mcp_server.serving", str(clip), str(log), "0.7"]
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield server, server.stdout.readline().strip()
        finally:
            server.kill()


def said(log: Path, what: str) -> list[str]:
    lines = log.read_text().splitlines() if log.exists() else []
    return [line.split()[1] for line in lines if line.startswith(what)]


async def until_ended(client: Client, job_id: str) -> Any:
    with anyio.fail_after(60):
        while True:
            status = (await client.call_tool("job_status", {"job_id": job_id})).structured_content
            if status["state"] not in ("queued", "running"):
                return status
            await anyio.sleep(0.3)


@pytest.mark.parametrize(
    ("tool", "end"), [("localize_action", signal.SIGKILL), ("ask_procedure", signal.SIGKILL), ("localize_action", signal.SIGINT)]
)
async def test_a_job_goes_on_after_its_server_was_stopped_and_no_answered_look_is_asked_again(
    clip: Path, video_id: str, tmp_path: Path, tool: str, end: signal.Signals
) -> None:
    log, data = tmp_path / "log", tmp_path / "data"
    own, looks = JOBS[tool]
    arguments = {**own, **({"video_ids": [video_id]} if tool == "ask_procedure" else {"video_id": video_id})}
    with serving(clip, log, data) as (server, url):
        async with Client(url) as client:
            started = await client.call_tool("start_job", {"tool": tool, "arguments": arguments})
            assert not started.is_error, text_of(started)
            job_id = started.structured_content["job_id"]
            with anyio.fail_after(30):
                while True:  # until a look is kept: from then on it may not be asked again
                    status = (await client.call_tool("job_status", {"job_id": job_id})).structured_content
                    if status["parts_in_all"]:
                        break
                    await anyio.sleep(0.05)
            assert status["state"] == "running"
            assert status["parts"][0]["status"] == "ok"
            server.send_signal(end)
            server.wait(10)
    with closing(sqlite3.connect(data / "medvid" / "jobs.sqlite")) as opened:
        # One that was interrupted lets go of its job; one that was killed holds it until its lease is over.
        assert opened.execute("SELECT state FROM jobs").fetchall() == [("queued" if end == signal.SIGINT else "running",)]
        ((looks_kept,),) = opened.execute("SELECT count(*) FROM looks").fetchall()
    kept = said(log, "answered")[:looks_kept]
    assert 0 < len(kept) < looks

    with serving(clip, log, data) as (_, url):
        async with Client(url) as client:
            ended = await until_ended(client, job_id)
            result = await client.call_tool("job_result", {"job_id": job_id})
            # Told directly, the tool gives the same, but for the time it took.
            direct = await client.call_tool(tool, arguments)
    assert ended["state"] == "done"
    assert not result.is_error
    asked = Counter(said(log, "asked"))
    assert len(asked) == looks
    # Once for the job and once for the direct call; only what was under way when the server stopped may be asked once more.
    assert all(asked[look] == 2 for look in kept), asked
    assert all(count in (2, 3) for count in asked.values()), asked
    assert without_time(result.structured_content) == without_time(direct.structured_content)


async def test_a_job_goes_on_with_the_next_server_over_standard_input(clip: Path, video_id: str, tmp_path: Path, mode: str) -> None:
    log = tmp_path / "log"
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "XDG_DATA_HOME": str(tmp_path / "data"), "OMP_NUM_THREADS": "1"}
    args = ["-m", "tests.mcp_server.serving", str(clip), str(log), "0.5", "stdio"]
    server = StdioServerParameters(command=sys.executable, args=args, env=env)
    arguments = {"video_id": video_id, "action": ACTION, "fps": 10}
    async with Client(server, mode=mode) as client:
        started = await client.call_tool("start_job", {"tool": "localize_action", "arguments": arguments})
        job_id = started.structured_content["job_id"]
        with anyio.fail_after(30):
            while True:
                status = (await client.call_tool("job_status", {"job_id": job_id})).structured_content
                if status["parts_in_all"]:
                    break
                await anyio.sleep(0.05)
    assert len(said(log, "answered")) < 4
    async with Client(server, mode=mode) as client:
        ended = await until_ended(client, job_id)
        result = await client.call_tool("job_result", {"job_id": job_id})
    assert ended["state"] == "done"
    assert len(result.structured_content["evidence"]["raw"]) == 4
    asked = Counter(said(log, "asked"))
    assert len(asked) == 4
    # The look that was under way when its client left is asked again, and no other.
    assert sum(asked.values()) <= 5, asked


def without_time(content: Any) -> Any:
    """The same, but for what differs from run to run: seconds and a run's id."""
    if isinstance(content, dict):
        left_out = ("elapsed_s", "id") if "plan" in content else ("elapsed_s",)
        return {key: without_time(value) for key, value in content.items() if key not in left_out}
    return [without_time(item) for item in content] if isinstance(content, list) else content
