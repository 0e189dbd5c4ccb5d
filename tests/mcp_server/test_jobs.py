"""Jobs through the SDK's client, in both eras of the protocol."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client
from mcp.types import CallToolResult

from medvid.app import open_library, open_server, open_toolbox, planner
from medvid.core.access import Access
from medvid.core.errors import ConfigError, EngineError
from medvid.core.settings import Settings
from medvid.engine.base import Request
from medvid.engine.profiles import EMBEDDED
from medvid.engine.scripted import ScriptedEngine
from medvid.mcp_server.jobs import Jobs
from tests.mcp_server.results import mark_of, text_of
from tests.mcp_server.scripted import ACTION, scripted_engine, scripted_reply, talkative_engine

pytestmark = pytest.mark.anyio
WINDOWS = 4
"""100 frames at a budget of 32 are looked at from frames 0, 24, 48 and 68 on."""


class House:
    """A server with jobs over one file, and clients of it."""

    def __init__(self, clip: Path, engine: ScriptedEngine, file: Path, **options: Any) -> None:
        self.toolbox = open_toolbox(Settings(), open_library(Settings(), [clip]), engine)
        self.jobs = Jobs(self.toolbox, file, ask=planner, **options)

    @asynccontextmanager
    async def client(self, mode: str = "auto", access: Access | None = None) -> AsyncIterator[Client]:
        server = open_server(self.toolbox, access=access, ask=planner(self.toolbox), jobs=self.jobs)
        async with self.jobs.running(), Client(server, mode=mode) as client:
            yield client


async def start(client: Client, tool: str, **arguments: Any) -> str:
    result = await client.call_tool("start_job", {"tool": tool, "arguments": arguments})
    assert not result.is_error, text_of(result)
    assert result.structured_content["tool"] == tool
    return str(result.structured_content["job_id"])


async def status_of(client: Client, job_id: str, **more: Any) -> CallToolResult:
    return await client.call_tool("job_status", {"job_id": job_id, **more})


async def until(client: Client, job_id: str, *states: str) -> Any:
    with anyio.fail_after(20):
        while True:
            status = (await status_of(client, job_id)).structured_content
            if status["state"] in states:
                return status
            await anyio.sleep(0.05)


def without_time(content: Any) -> Any:
    return {**content, "evidence": {**content["evidence"], "elapsed_s": 0.0}}


async def test_a_job_gives_what_the_tool_gives_and_its_parts_on_the_way(clip: Path, video_id: str, mode: str, tmp_path: Path) -> None:
    house = House(clip, scripted_engine(), tmp_path / "jobs.sqlite")
    arguments = {"video_id": video_id, "action": ACTION, "fps": 10.0}
    async with house.client(mode) as client:
        job_id = await start(client, "localize_action", **arguments)
        status = await until(client, job_id, "done")
        told = text_of(await status_of(client, job_id))
        last = (await status_of(client, job_id, first_part=3)).structured_content
        result = await client.call_tool("job_result", {"job_id": job_id})
        direct = await client.call_tool("localize_action", arguments)
    assert without_time(result.structured_content) == without_time(direct.structured_content)
    assert text_of(result) == text_of(direct)
    assert result.meta == direct.meta
    assert (status["done"], status["total"], status["left_s"], status["parts_in_all"]) == (4, 4, None, 4)
    # Each window was told 1.0-3.0 seconds; in source time the one from second 2.4 on says 3.4-5.4 s.
    parts = {part["span"]["start_s"]: part for part in status["parts"]}
    assert parts[2.4]["result"]["spans"] == [{"start_s": pytest.approx(3.4), "end_s": pytest.approx(5.4)}]
    assert {(part["tool"], part["status"]) for part in status["parts"]} == {("localize_action", "ok")}
    assert f"job {job_id} of localize_action: done, 4 of 4" in told
    assert "3.4" in told and "5.4" in told
    assert len(last["parts"]) == 1
    assert video_id not in told and ACTION not in told


async def test_what_jobs_take_tells_how_long_calls_will_take(clip: Path, video_id: str, tmp_path: Path) -> None:
    house = House(clip, scripted_engine(), tmp_path / "jobs.sqlite")
    async with house.client() as client:
        for _ in range(2):  # the first may load the weights
            await until(client, await start(client, "summarize_video", video_id=video_id), "done")
    assert house.toolbox.pace.expected_s("summarize_video", 1, 1.0) is not None


async def test_a_jobs_questions_are_asked_once_however_often_it_is_looked_up(clip: Path, video_id: str, tmp_path: Path) -> None:
    engine = scripted_engine()
    async with House(clip, engine, tmp_path / "jobs.sqlite").client() as client:
        job_id = await start(client, "localize_action", video_id=video_id, action=ACTION, fps=10.0)
        await until(client, job_id, "done")
        for _ in range(3):
            await client.call_tool("job_result", {"job_id": job_id})
    assert len(engine.requests) == WINDOWS


async def test_the_planner_runs_as_a_job_and_its_looks_are_parts(clip: Path, video_id: str, mode: str, tmp_path: Path) -> None:
    async with House(clip, scripted_engine(), tmp_path / "jobs.sqlite").client(mode) as client:
        job_id = await start(client, "ask_procedure", video_ids=[video_id], question="When is the cystic duct clipped?")
        status = await until(client, job_id, "done")
        result = await client.call_tool("job_result", {"job_id": job_id})
    assert "1.0-3.0 s" in result.structured_content["answer"]["text"]
    part, again = status["parts"]
    assert again["tool"] == "localize_action", "the second look"
    assert part["tool"] == "localize_action"
    assert part["result"]["spans"] == [{"start_s": 1.0, "end_s": 3.0}]


async def test_a_job_whose_tool_fails_gives_the_tools_own_error(clip: Path, video_id: str, mode: str, tmp_path: Path) -> None:
    def fail(request: Request) -> str:
        raise EngineError("the model ran out of memory; ask for fewer frames", retryable=True)

    async with House(clip, ScriptedEngine(EMBEDDED, fail), tmp_path / "jobs.sqlite").client(mode) as client:
        job_id = await start(client, "summarize_video", video_id=video_id)
        await until(client, job_id, "failed")
        result = await client.call_tool("job_result", {"job_id": job_id})
    assert mark_of(result) == {"kind": "engine", "retryable": True}
    assert "ran out of memory" in text_of(result)


async def test_a_bug_in_a_job_ends_that_job_and_its_text_stays_in_the_log(
    clip: Path, video_id: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def break_down(request: Request) -> str:
        raise RuntimeError("cannot open volume7/secret.bin")

    async with House(clip, ScriptedEngine(EMBEDDED, break_down), tmp_path / "jobs.sqlite").client() as client:
        job_id = await start(client, "summarize_video", video_id=video_id)
        await until(client, job_id, "failed")
        result = await client.call_tool("job_result", {"job_id": job_id})
    assert mark_of(result)["kind"] == "server"
    assert "secret" not in text_of(result)
    assert "volume7/secret.bin" in caplog.text


@pytest.mark.parametrize(
    ("asked", "kind", "said"),
    [
        ({"tool": "localize_action", "arguments": {"video_id": "?"}}, "arguments", "video_id"),
        ({"tool": "summarize_video", "arguments": {"video_id": "0123456789abcdef"}}, "access", "list_videos"),
        ({"tool": "start_job", "arguments": {}}, "config", "localize_action"),
        ({"tool": "summarize_video", "arguments": {}, "wait": True}, "arguments", "no such argument"),
    ],
)
async def test_what_the_tool_would_refuse_is_refused_before_there_is_a_job(
    clip: Path, tmp_path: Path, mode: str, asked: dict[str, Any], kind: str, said: str
) -> None:
    house = House(clip, scripted_engine(), tmp_path / "jobs.sqlite")
    async with house.client(mode) as client:
        result = await client.call_tool("start_job", asked)
        assert not await house.jobs.rows("SELECT id FROM jobs")
    assert mark_of(result)["kind"] == kind
    assert said in text_of(result)


async def test_a_cancelled_job_stops_the_model_and_has_no_result(clip: Path, video_id: str, mode: str, tmp_path: Path) -> None:
    engine, started = talkative_engine()
    async with House(clip, engine, tmp_path / "jobs.sqlite").client(mode) as client:
        job_id = await start(client, "summarize_video", video_id=video_id)
        with anyio.fail_after(10):
            await started.wait()
        early = await client.call_tool("job_result", {"job_id": job_id})
        cancelled = await client.call_tool("cancel_job", {"job_id": job_id})
        await anyio.sleep(1.5)
        made = engine.tokens_made
        await anyio.sleep(0.3)
        again = await client.call_tool("cancel_job", {"job_id": job_id})
        result = await client.call_tool("job_result", {"job_id": job_id})
    assert 0 < engine.tokens_made == made < 400
    assert cancelled.structured_content["state"] == again.structured_content["state"] == "cancelled"
    assert mark_of(early)["kind"] == mark_of(result)["kind"] == "job"
    assert "is running and has no result" in text_of(early)
    assert "is cancelled and has no result" in text_of(result)


async def test_another_callers_job_does_not_exist(clip: Path, video_id: str, tmp_path: Path) -> None:
    house = House(clip, scripted_engine(), tmp_path / "jobs.sqlite")
    async with house.client(access=Access(caller="one")) as client:
        job_id = await start(client, "summarize_video", video_id=video_id)
        await until(client, job_id, "done")
    async with house.client(access=Access(caller="two")) as client:
        refused = [await client.call_tool(name, {"job_id": job_id}) for name in ("job_status", "job_result", "cancel_job")]
        unknown = await client.call_tool("job_status", {"job_id": "0" * 16})
    assert [text_of(result) for result in refused] == [text_of(unknown).replace("0" * 16, job_id)] * 3
    assert mark_of(unknown) == {"kind": "job", "retryable": False}


async def test_a_job_runs_under_its_callers_access(clip: Path, video_id: str, tmp_path: Path) -> None:
    """Also in the next server, which knows the caller from the job alone."""
    file, narrow = tmp_path / "jobs.sqlite", Access(caller="one", videos=frozenset({video_id}), max_span_s=7.0)
    job = await House(clip, scripted_engine(), file).jobs.start("summarize_video", {"video_id": video_id, "span": span(0.0, 5.0)}, narrow)
    house = House(clip, scripted_engine(), file)
    await house.jobs.rows("UPDATE jobs SET arguments = :a", a=f'{{"video_id": "{video_id}"}}')  # all ten seconds
    async with house.client(access=Access(caller="one")) as client:
        await until(client, job["id"], "failed")
        result = await client.call_tool("job_result", {"job_id": job["id"]})
    assert mark_of(result)["kind"] == "access"
    assert "above the caller's 7 s" in text_of(result)


def span(start_s: float, end_s: float) -> dict[str, float]:
    return {"start_s": start_s, "end_s": end_s}


async def test_a_caller_has_so_many_unfinished_jobs_and_no_more(clip: Path, video_id: str, mode: str, tmp_path: Path) -> None:
    engine, _ = talkative_engine()
    async with House(clip, engine, tmp_path / "jobs.sqlite", most=2).client(mode) as client:
        first = await start(client, "summarize_video", video_id=video_id)
        await start(client, "summarize_video", video_id=video_id)
        refused = await client.call_tool("start_job", {"tool": "summarize_video", "arguments": {"video_id": video_id}})
        await client.call_tool("cancel_job", {"job_id": first})
        await start(client, "summarize_video", video_id=video_id)
    assert mark_of(refused) == {"kind": "busy", "retryable": True, "retry_after_s": 60.0}
    assert "2 jobs of yours are unfinished" in text_of(refused)


async def test_an_expired_job_is_known_without_its_content_and_a_week_later_not_at_all(clip: Path, video_id: str, tmp_path: Path) -> None:
    file = tmp_path / "jobs.sqlite"
    house = House(clip, scripted_engine(), file, keep_s=1.0)
    async with house.client() as client:
        job_id = await start(client, "localize_action", video_id=video_id, action=ACTION)
        await until(client, job_id, "expired")
        status = await status_of(client, job_id)
        result = await client.call_tool("job_result", {"job_id": job_id})
        with sqlite3.connect(file) as opened:
            (row,) = opened.execute("SELECT arguments, message, result FROM jobs").fetchall()
            looks = opened.execute("SELECT * FROM looks").fetchall()
        opened.close()
        content = file.read_bytes()
        await house.jobs.rows("UPDATE jobs SET expires_s = expires_s - 604800")
        await until(client, await start(client, "summarize_video", video_id=video_id), "expired")
        gone = await status_of(client, job_id)
    assert (status.structured_content["state"], status.structured_content["parts"]) == ("expired", [])
    assert "is expired and has no result" in text_of(result)
    assert row == ("{}", "", None)
    assert looks == []
    assert ACTION.encode() not in content  # written over, not only forgotten
    assert mark_of(gone)["kind"] == "job"


async def test_an_unfinished_job_that_expires_is_stopped(clip: Path, video_id: str, tmp_path: Path) -> None:
    engine, _ = talkative_engine()
    async with House(clip, engine, tmp_path / "jobs.sqlite", keep_s=1.0).client() as client:
        job_id = await start(client, "summarize_video", video_id=video_id)
        await until(client, job_id, "expired")
        await anyio.sleep(1.5)
        made = engine.tokens_made
        await anyio.sleep(0.3)
        assert 0 < engine.tokens_made == made < 400


async def test_time_left_is_told_from_the_work_done_and_before_that_from_the_pace(clip: Path, video_id: str, tmp_path: Path) -> None:
    gone_on, hold = anyio.Event(), anyio.Event()

    class Slow(ScriptedEngine):
        async def generate(self, request: Request) -> Any:
            if self.requests:
                gone_on.set()
                await hold.wait()
            return await super().generate(request)

    house = House(clip, Slow(EMBEDDED, scripted_reply), tmp_path / "jobs.sqlite")
    house.toolbox.max_in_flight = 1
    house.toolbox.pace.note("localize_action", 1, 1.0, 600.0)  # loads the weights
    house.toolbox.pace.note("localize_action", 1, 1.0, 100.0)
    job = await house.jobs.start("localize_action", {"video_id": video_id, "action": ACTION, "fps": 10.0}, Access())
    server = open_server(house.toolbox, jobs=house.jobs)
    async with Client(server) as client:
        queued = (await status_of(client, job["id"])).structured_content
        async with house.jobs.running():
            with anyio.fail_after(10):
                await gone_on.wait()
                while True:
                    status = (await status_of(client, job["id"])).structured_content
                    if status["done"]:
                        break
                    await anyio.sleep(0.1)
            hold.set()
            await until(client, job["id"], "done")
    assert (queued["state"], queued["left_s"], queued["elapsed_s"]) == ("queued", pytest.approx(400.0), 0.0)
    # One of four windows: three times as long again.
    assert status["left_s"] == pytest.approx(3 * status["elapsed_s"], rel=0.1, abs=0.2)


async def test_a_job_over_which_three_servers_died_is_given_up(clip: Path, video_id: str, tmp_path: Path) -> None:
    engine = scripted_engine()
    house = House(clip, engine, tmp_path / "jobs.sqlite")
    job = await house.jobs.start("summarize_video", {"video_id": video_id}, Access())
    await house.jobs.rows("UPDATE jobs SET state = 'running', attempts = 3, lease_s = 0")
    async with house.client() as client:
        await until(client, job["id"], "failed")
        result = await client.call_tool("job_result", {"job_id": job["id"]})
    assert "the server stopped 3 times" in text_of(result)
    assert not engine.requests


async def test_a_job_is_run_by_one_server_at_a_time_and_by_none_that_serves_other_videos(clip: Path, video_id: str, tmp_path: Path) -> None:
    engines = [scripted_engine(token_s=0.01) for _ in range(3)]
    file = tmp_path / "jobs.sqlite"
    one, two, other = (House(clip, engine, file, home=home) for engine, home in zip(engines, ("a", "a", "b"), strict=True))
    async with one.client() as client, two.jobs.running(), other.jobs.running():
        for _ in range(4):
            await start(client, "summarize_video", video_id=video_id)
        for row in await one.jobs.rows("SELECT id FROM jobs"):
            await until(client, row["id"], "done")
    assert len(engines[0].requests) + len(engines[1].requests) == 4
    assert not engines[2].requests


async def test_a_file_that_holds_no_jobs_is_named_as_the_server_starts(clip: Path, tmp_path: Path) -> None:
    file = tmp_path / "jobs.sqlite"
    file.write_bytes(b"no database" * 100)
    with pytest.raises(ConfigError, match=r"jobs\.sqlite cannot hold jobs: file is not a database; move it away"):
        House(clip, scripted_engine(), file)


async def test_the_tools_of_jobs_say_what_they_change(clip: Path, mode: str, tmp_path: Path) -> None:
    async with House(clip, scripted_engine(), tmp_path / "jobs.sqlite").client(mode) as client:
        listed = {tool.name: tool for tool in (await client.list_tools()).tools}
    hints = {
        name: (hint.read_only_hint, hint.destructive_hint, hint.idempotent_hint, hint.open_world_hint)
        for name in ("start_job", "job_status", "job_result", "cancel_job")
        if (hint := listed[name].annotations)
    }
    assert hints == {
        "start_job": (False, False, False, False),
        "job_status": (True, False, False, False),
        "job_result": (True, False, True, False),
        "cancel_job": (False, True, True, False),
    }
