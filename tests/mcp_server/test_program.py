"""`medvid mcp` as a client starts it: another process, a real network with random weights, over standard input and output."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from mcp import Client

from tests.engine.tiny import tiny_checkpoint
from tests.mcp_server.test_transports import stdio_command


@pytest.mark.slow
@pytest.mark.anyio
async def test_the_program_answers_tools_and_questions(clip: Path, video_id: str, tmp_path: Path) -> None:
    model = tiny_checkpoint(tmp_path / "tiny", "qwen3_vl")
    command = stdio_command(clip).model_copy(update={"args": ["-m", "medvid.cli", "mcp", "--model", str(model), str(clip)]})
    assert command.command == sys.executable
    async with Client(command) as client:
        listed = await client.call_tool("list_videos", {})
        answered = await client.call_tool("assess_cvs", {"video_id": video_id})
        asked = await client.call_tool("ask_procedure", {"video_ids": [video_id], "question": "When is the cystic duct clipped?"})
    assert [video["video_id"] for video in listed.structured_content["videos"]] == [video_id]
    # Random weights write no answer; that is said, and nothing is made up.
    assert answered.structured_content["status"] == "unreadable"
    assert answered.structured_content["evidence"]["model"] == "tiny"
    assert answered.structured_content["evidence"]["raw"][0]["text"]
    assert [step["tool"] for step in asked.structured_content["plan"]["steps"]] == ["localize_action"] * 2
    # Unreadable, so it is asked once more at a higher rate, and no more than that.
    assert [asked.structured_content["outcomes"][step][0]["status"] for step in ("s1", "s1_closer")] == ["unreadable"] * 2
    assert asked.structured_content["answer"]["text"]
