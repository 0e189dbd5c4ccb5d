"""Every tool through the SDK's own client in this process, in both eras of the protocol: with a handshake, and without."""

from __future__ import annotations

import logging
from itertools import pairwise
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, MCPError
from mcp.types import INTERNAL_ERROR, INVALID_PARAMS

from medvid.core.access import Access
from medvid.core.errors import EngineError
from medvid.engine.base import Request
from medvid.engine.profiles import EMBEDDED
from medvid.engine.scripted import ScriptedEngine
from medvid.tools.registry import TOOLS
from tests.mcp_server.results import mark_of, text_of
from tests.mcp_server.scripted import ACTION, OWN_ARGS, scripted_engine, scripted_server, talkative_engine

pytestmark = pytest.mark.anyio

STRANGER = "0123456789abcdef"


async def test_the_tools_are_listed_in_the_registrys_order_after_list_videos(clip: Path, mode: str) -> None:
    async with Client(scripted_server(clip, scripted_engine()), mode=mode) as client:
        listed = (await client.list_tools()).tools
    assert [tool.name for tool in listed] == ["list_videos", *TOOLS]
    for tool in listed:
        assert len(tool.name) <= 20
        assert tool.annotations is not None
        hints = tool.annotations
        assert (hints.read_only_hint, hints.destructive_hint, hints.idempotent_hint, hints.open_world_hint) == (True, False, True, False)
        assert tool.input_schema["type"] == "object"
        assert tool.input_schema["additionalProperties"] is False
        assert tool.output_schema is not None
        assert tool.output_schema["type"] == "object"


@pytest.mark.parametrize("name", TOOLS)
async def test_each_tool_answers_with_an_outcome_and_a_text_that_says_the_same(clip: Path, video_id: str, mode: str, name: str) -> None:
    engine = scripted_engine()
    async with Client(scripted_server(clip, engine), mode=mode) as client:
        # The client checks structured content against the listed schema, and raises where it does not fit.
        result = await client.call_tool(name, {"video_id": video_id, **OWN_ARGS.get(name, {})})
    assert not result.is_error, text_of(result)
    outcome = result.structured_content
    assert outcome["status"] == "ok"
    assert outcome["reason"] is None
    assert outcome["evidence"]["video_id"] == video_id
    assert engine.requests
    text = text_of(result)
    assert video_id in text
    assert "Model: medvid-embedded" in text
    for value in leaves(outcome["result"]):
        assert value in text


def leaves(value: Any) -> list[str]:
    """Every text and number of a JSON value, as the text writes it."""
    if isinstance(value, dict):
        return [leaf for key, item in value.items() for leaf in leaves(item)]
    if isinstance(value, list):
        return [leaf for item in value for leaf in leaves(item)]
    return [value] if isinstance(value, str) else [] if value is None else [f"{round(value, 2):g}"]


async def test_times_and_boxes_leave_in_source_seconds_and_source_pixels(clip: Path, video_id: str) -> None:
    args = {"video_id": video_id, **OWN_ARGS["ground_object"], "span": {"start_s": 4.0, "end_s": 6.0}}
    async with Client(scripted_server(clip, scripted_engine())) as client:
        result = await client.call_tool("ground_object", args)
    first = result.structured_content["result"]["track"][0]
    # Second 0 of the clip is second 4 of the source; 320x240 is fed as 112x84, so a pixel of the checkpoint is 320 / 112 = 2.857 of ours.
    assert first["time_s"] == pytest.approx(4.0)
    assert first["box_px"] == pytest.approx([28.57, 28.57, 142.86, 142.86], abs=0.01)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ({"action": ACTION, "frames": 8}, "frames: no such argument"),
        ({"action": ACTION, "span": {"start_s": 5.0, "end_s": 2.0}}, "runs backwards"),
        ({"action": ACTION, "fps": 0}, "fps: Input should be greater than 0, not 0"),
        ({}, "action: Field required"),
    ],
)
async def test_arguments_that_do_not_fit_are_refused_before_the_model_is_asked(
    clip: Path, video_id: str, mode: str, args: dict[str, Any], said: str
) -> None:
    engine = scripted_engine()
    async with Client(scripted_server(clip, engine), mode=mode) as client:
        result = await client.call_tool("localize_action", {"video_id": video_id, **args})
    assert mark_of(result) == {"kind": "arguments", "retryable": False}
    assert said in text_of(result)
    assert "It takes: video_id, " in text_of(result)
    assert not engine.requests


async def test_a_span_past_the_end_says_where_the_video_ends(clip: Path, video_id: str) -> None:
    async with Client(scripted_server(clip, scripted_engine())) as client:
        args = {"video_id": video_id, "action": ACTION, "span": {"start_s": 90.0, "end_s": 96.0}}
        result = await client.call_tool("localize_action", args)
    assert mark_of(result) == {"kind": "video", "retryable": False}
    assert "0.0-10.0 s" in text_of(result)


async def test_an_unknown_video_is_an_access_error(clip: Path, mode: str) -> None:
    async with Client(scripted_server(clip, scripted_engine()), mode=mode) as client:
        result = await client.call_tool("summarize_video", {"video_id": STRANGER})
    assert mark_of(result) == {"kind": "access", "retryable": False}
    assert "list_videos" in text_of(result)


@pytest.mark.parametrize("retryable", [True, False])
async def test_a_failing_engine_is_an_error_that_says_whether_to_ask_again(clip: Path, video_id: str, mode: str, retryable: bool) -> None:
    def fail(request: Request) -> str:
        raise EngineError("the model ran out of memory; ask for fewer frames", retryable=retryable)

    async with Client(scripted_server(clip, ScriptedEngine(EMBEDDED, fail)), mode=mode) as client:
        result = await client.call_tool("summarize_video", {"video_id": video_id})
    assert mark_of(result) == {"kind": "engine", "retryable": retryable}
    assert "ran out of memory" in text_of(result)


async def test_an_unknown_tool_is_a_protocol_error(clip: Path, mode: str) -> None:
    async with Client(scripted_server(clip, scripted_engine()), mode=mode) as client:
        with pytest.raises(MCPError, match="list_videos, localize_action") as raised:
            await client.call_tool("localise_action", {})
    assert raised.value.error.code == INVALID_PARAMS == -32602


async def test_a_bug_is_logged_whole_and_its_text_stays_here(
    clip: Path, video_id: str, mode: str, caplog: pytest.LogCaptureFixture
) -> None:
    def break_down(request: Request) -> str:
        raise RuntimeError("cannot open volume7/secret.bin")

    async with Client(scripted_server(clip, ScriptedEngine(EMBEDDED, break_down)), mode=mode) as client:
        with caplog.at_level(logging.ERROR), pytest.raises(MCPError, match="fault of the server") as raised:
            await client.call_tool("summarize_video", {"video_id": video_id})
    assert raised.value.error.code == INTERNAL_ERROR
    assert "secret" not in str(raised.value.error)
    assert "volume7/secret.bin" in caplog.text


async def test_progress_reaches_the_client_and_only_grows(clip: Path, video_id: str, mode: str) -> None:
    heard: list[tuple[float, float | None, str | None]] = []

    async def hear(done: float, total: float | None, message: str | None) -> None:
        heard.append((done, total, message))

    async with Client(scripted_server(clip, scripted_engine()), mode=mode) as client:
        await client.call_tool("localize_action", {"video_id": video_id, "action": ACTION}, progress_callback=hear)
    done = [item[0] for item in heard]
    assert done
    assert all(later > earlier for earlier, later in pairwise(done))
    assert all(total is not None and 0 <= value <= total for value, total, _ in heard)


async def test_a_call_that_its_client_gives_up_stops_the_engine(clip: Path, video_id: str, mode: str) -> None:
    engine, started = talkative_engine()
    async with Client(scripted_server(clip, engine), mode=mode) as client:
        async with anyio.create_task_group() as calls:
            calls.start_soon(client.call_tool, "summarize_video", {"video_id": video_id})
            with anyio.fail_after(5):
                await started.wait()
            await anyio.sleep(0.1)
            calls.cancel_scope.cancel()
        await anyio.sleep(0.1)
        made = engine.tokens_made
        await anyio.sleep(0.2)
        assert 0 < engine.tokens_made == made
        # The connection lives on.
        assert (await client.list_tools()).tools


async def test_list_videos_names_the_video_its_procedure_and_its_actions(clip: Path, video_id: str, mode: str) -> None:
    async with Client(scripted_server(clip, scripted_engine(), note="Only this one."), mode=mode) as client:
        result = await client.call_tool("list_videos", {})
        instructions = client.instructions
    (video,) = result.structured_content["videos"]
    assert video["video_id"] == video_id
    assert video["title"] == "operation"
    assert video["simulated"] is True
    assert video["duration_s"] == pytest.approx(10.0)
    assert ACTION in [action["name"] for action in video["actions"]]
    assert result.structured_content["note"] == "Only this one."
    text = text_of(result)
    for part in ("1 video.", video_id, "operation", "10.0 s", "320x240", "simulated", ACTION, "Only this one."):
        assert part in text
    assert str(clip.parent) not in text
    assert instructions is not None
    assert "Only this one." in instructions


async def test_a_caller_who_may_see_no_video_sees_none(clip: Path, video_id: str) -> None:
    server = scripted_server(clip, scripted_engine(), access=Access(videos=frozenset()))
    async with Client(server) as client:
        listed = await client.call_tool("list_videos", {})
        refused = await client.call_tool("summarize_video", {"video_id": video_id})
    assert listed.structured_content["videos"] == []
    assert text_of(listed) == "0 videos."
    assert mark_of(refused)["kind"] == "access"
