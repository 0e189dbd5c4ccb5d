"""What stands before a call: the time it may take, how many there may be, and who said that they wait."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client

from medvid.agent import runs
from medvid.app import open_library, open_server, open_toolbox, planner
from medvid.core.settings import Settings
from medvid.engine.base import Reply, Request
from medvid.engine.profiles import EMBEDDED
from medvid.engine.scripted import ScriptedEngine
from medvid.mcp_server.jobs import Jobs
from medvid.mcp_server.limits import Gate
from tests.mcp_server.results import mark_of, text_of
from tests.mcp_server.scripted import ACTION, scripted_engine, scripted_reply, scripted_server, talkative_engine

pytestmark = pytest.mark.anyio
WAITS: Any = {"medvid/waits": True}


def gate(at_once: int = 8, waiting: int = 16, deadline_s: float = 60.0, **options: Any) -> Gate:
    return Gate(at_once, waiting, deadline_s, **{"jobs": True, **options})


def served(clip: Path, engine: ScriptedEngine, tmp_path: Path, **options: Any) -> Any:
    """A server, and its toolbox."""
    toolbox = open_toolbox(Settings(), open_library(Settings(), [clip]), engine)
    return open_server(toolbox, gate=gate(**options), jobs=Jobs(toolbox, tmp_path / "jobs.sqlite")), toolbox


async def test_a_call_past_the_deadline_is_stopped_with_its_model_and_told_the_limit(clip: Path, video_id: str, mode: str) -> None:
    engine, _ = talkative_engine()
    async with Client(scripted_server(clip, engine, gate=gate(deadline_s=0.5)), mode=mode) as client:
        result = await client.call_tool("summarize_video", {"video_id": video_id})
        made = engine.tokens_made
        await anyio.sleep(0.2)
    assert mark_of(result) == {"kind": "too_long", "retryable": False}
    assert "stopped after 0.5 s" in text_of(result)
    assert "start_job" in text_of(result)
    assert 0 < engine.tokens_made == made


async def test_a_call_that_would_take_too_long_is_answered_with_the_estimate_and_the_job_to_start(
    clip: Path, video_id: str, mode: str, tmp_path: Path
) -> None:
    engine = scripted_engine()
    server, toolbox = served(clip, engine, tmp_path)
    toolbox.pace.note("localize_action", 1, 1.0, 600.0)  # loads the weights
    toolbox.pace.note("localize_action", 1, 1.0, 20.0)
    args = {"video_id": video_id, "action": ACTION, "fps": 10.0}
    async with Client(server, mode=mode) as client:
        result = await client.call_tool("localize_action", args)
        short = await client.call_tool("localize_action", {**args, "fps": 1.0})
        asked = len(engine.requests)
        waited = await client.call_tool("localize_action", args, meta=WAITS)
    assert mark_of(result) == {"kind": "too_long", "retryable": False}
    # Four windows of 32 frames, each a full budget, at 20 s.
    text = text_of(result)
    assert "would take about 80 s, above 50 s" in text
    named, _ = json.JSONDecoder().raw_decode(text, text.index("{"))
    assert named == {"tool": "localize_action", "arguments": args}
    # Ten frames in one look: 20 * sqrt(1 * 10 / 32) = 11 s.
    assert not short.is_error
    assert asked == 1
    assert not waited.is_error
    assert len(engine.requests) == 5


async def test_our_own_agent_waits_for_calls_however_long_they_take(clip: Path, video_id: str, tmp_path: Path) -> None:
    server, toolbox = served(clip, scripted_engine(), tmp_path)
    toolbox.pace.note("localize_action", 1, 1.0, 600.0)  # loads the weights
    toolbox.pace.note("localize_action", 1, 1.0, 600.0)
    async with Client(server) as client:
        run = await runs.ask("When is the cystic duct clipped?", [video_id], client, checkpoints=Path(":memory:"))
    assert not run.failures
    assert "1.0-3.0 s" in run.answer.text


async def test_what_is_out_of_scope_is_answered_at_once_however_long_the_video(clip: Path, video_id: str, tmp_path: Path) -> None:
    server, toolbox = served(clip, scripted_engine(), tmp_path)
    toolbox.pace.note("assess_skill", 1, 1.0, 600.0)  # loads the weights
    toolbox.pace.note("assess_skill", 1, 1.0, 600.0)
    async with Client(server) as client:
        result = await client.call_tool("assess_skill", {"video_id": video_id})  # the clip is no suturing
        insisted = await client.call_tool("assess_skill", {"video_id": video_id, "insist": True})
    assert result.structured_content["status"] == "out_of_scope"
    assert mark_of(insisted)["kind"] == "too_long"


async def test_a_question_takes_at_least_a_pass_over_its_videos(clip: Path, video_id: str, tmp_path: Path) -> None:
    toolbox = served(clip, scripted_engine(), tmp_path)[1]
    server = open_server(toolbox, gate=gate(), jobs=Jobs(toolbox, tmp_path / "jobs.sqlite", ask=planner), ask=planner(toolbox))
    toolbox.pace.note("localize_action", 1, 1.0, 600.0)  # loads the weights
    toolbox.pace.note("localize_action", 1, 1.0, 100.0)
    async with Client(server) as client:
        result = await client.call_tool("ask_procedure", {"video_ids": [video_id], "question": "When is the cystic duct clipped?"})
    # Ten seconds at one frame a second, of a budget of 32: 100 * sqrt(1 * 10 / 32) = 56 s.
    assert "ask_procedure would take about 56 s" in text_of(result)


async def test_before_anything_was_measured_nothing_is_refused(clip: Path, video_id: str, tmp_path: Path) -> None:
    server, _ = served(clip, scripted_engine(), tmp_path, short_s=0.0)
    async with Client(server) as client:
        first = await client.call_tool("summarize_video", {"video_id": video_id})  # not counted: it may load the weights
        second = await client.call_tool("summarize_video", {"video_id": video_id})
        third = await client.call_tool("summarize_video", {"video_id": video_id})
    assert not first.is_error
    assert not second.is_error
    assert mark_of(third)["kind"] == "too_long"


async def test_calls_beyond_those_that_run_and_wait_are_busy_and_told_when_to_come_back(clip: Path, video_id: str, mode: str) -> None:
    started = anyio.Event()

    class Stuck(ScriptedEngine):
        async def generate(self, request: Request) -> Reply:
            first = not self.requests
            self.requests.append(request)
            if first:
                started.set()
                await anyio.sleep_forever()
            return Reply(scripted_reply(request))

    engine = Stuck(EMBEDDED, "")
    server = scripted_server(clip, engine, gate=gate(at_once=1, waiting=1))
    async with Client(server, mode=mode) as client:
        async with anyio.create_task_group() as calls:
            calls.start_soon(client.call_tool, "summarize_video", {"video_id": video_id})
            with anyio.fail_after(5):
                await started.wait()
            calls.start_soon(client.call_tool, "summarize_video", {"video_id": video_id})
            await anyio.sleep(0.2)
            refused = await client.call_tool("assess_cvs", {"video_id": video_id})
            listed = await client.call_tool("list_videos", {})  # looks at no video
            assert len(engine.requests) == 1
            calls.cancel_scope.cancel()
        await anyio.sleep(0.2)
        after = await client.call_tool("summarize_video", {"video_id": video_id})
    # A call takes 5 s before one was measured; two are before this one and one runs at once.
    assert mark_of(refused) == {"kind": "busy", "retryable": True, "retry_after_s": 10.0}
    assert "ask again in 10 s" in text_of(refused)
    assert not listed.is_error
    assert not after.is_error  # the places of calls that were given up are free


async def test_every_window_tells_of_itself_as_it_is_done(clip: Path, video_id: str, mode: str) -> None:
    heard: list[tuple[float, float | None, str | None]] = []

    async def hear(done: float, total: float | None, message: str | None) -> None:
        heard.append((done, total, message))

    args = {"video_id": video_id, "action": ACTION, "fps": 10.0}
    async with Client(scripted_server(clip, scripted_engine(), gate=gate()), mode=mode) as client:
        await client.call_tool("localize_action", args, progress_callback=hear)
    assert [(done, total) for done, total, _ in heard] == [(0, 4), (1, 4), (2, 4), (3, 4), (4, 4)]
    # Windows of 3.2 s from 0, 2.4, 4.8 and 6.8 s on.
    assert sorted(str(message) for _, _, message in heard[1:]) == [
        f"localize_action: looked at {span} s" for span in ("0.0-3.2", "2.4-5.6", "4.8-8.0", "6.8-10.0")
    ]
