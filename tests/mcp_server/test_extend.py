"""What `make_server` is handed beside the product's own: served as its own is, with the same masking."""

from __future__ import annotations

from pathlib import Path

import pytest
from mcp import Client, MCPError
from mcp.types import (
    INTERNAL_ERROR,
    CallToolRequestParams,
    CallToolResult,
    GetPromptRequestParams,
    GetPromptResult,
    PromptMessage,
    TextContent,
)

from medvid.mcp_server.server import Context, Handlers
from tests.conformance.fixtures import CALLS, TOOLS, with_fixtures
from tests.mcp_server.results import mark_of, text_of
from tests.mcp_server.scripted import scripted_engine, scripted_server

pytestmark = pytest.mark.anyio


async def prompt(context: Context, params: GetPromptRequestParams) -> GetPromptResult:
    return GetPromptResult(messages=[PromptMessage(role="user", content=TextContent(type="text", text=f"Think of {params.name}."))])


async def broken(context: Context, params: CallToolRequestParams) -> CallToolResult:
    raise RuntimeError("the secret place of a file")


def client_of(clip: Path, extend: object, mode: str) -> Client:
    return Client(scripted_server(clip, scripted_engine(), extend=extend), mode=mode)


async def test_another_method_is_answered_and_the_own_ones_still_are(clip: Path, video_id: str, mode: str) -> None:
    def with_prompt(own: Handlers) -> Handlers:
        return {**own, "prompts/get": (GetPromptRequestParams, prompt)}

    async with client_of(clip, with_prompt, mode) as client:
        said = (await client.get_prompt("cutting")).messages[0].content
        listed = await client.call_tool("list_videos", {})
    assert said.text == "Think of cutting."
    assert listed.structured_content["videos"][0]["video_id"] == video_id


async def test_a_bug_in_it_is_masked_as_the_products_own_are(clip: Path, mode: str) -> None:
    def with_bug(own: Handlers) -> Handlers:
        return {**own, "tools/call": (CallToolRequestParams, broken)}

    async with client_of(clip, with_bug, mode) as client:
        with pytest.raises(MCPError, match="failed by a fault of the server") as raised:
            await client.call_tool("list_videos", {})
    assert raised.value.error.code == INTERNAL_ERROR
    assert "secret" not in str(raised.value)


async def test_the_conformance_fixtures_answer_beside_the_products_tools(clip: Path, mode: str) -> None:
    async with client_of(clip, with_fixtures, mode) as client:
        names = [tool.name for tool in (await client.list_tools()).tools]
        failed = await client.call_tool("test_error_handling", {})
    assert names[0] == "list_videos"
    assert names[-len(CALLS) - len(TOOLS) :] == [*CALLS, *TOOLS]
    assert mark_of(failed) == {"kind": "video", "retryable": False}
    assert text_of(failed) == "This tool intentionally returns an error for testing"
