"""`medvid mcp`, as an MCP client starts it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

from medvid.simulate import Truth
from medvid.tools.registry import TOOLS
from tests.cli.conftest import ACTION
from tests.cli.program import ORACLE, environment, medvid


@pytest.mark.anyio
async def test_a_client_lists_and_calls_the_tools_over_standard_input_and_output(operation: tuple[Path, Truth]) -> None:
    path, truth = operation
    command = StdioServerParameters(command=sys.executable, args=["-m", ORACLE, "mcp", str(path)], env=environment())
    async with Client(stdio_client(command)) as client:
        names = {tool.name for tool in (await client.list_tools()).tools}
        assert names == {"list_videos", *TOOLS, "ask_procedure"}
        listed = (await client.call_tool("list_videos", {})).structured_content
        (video,) = (listed or {})["videos"]
        found = await client.call_tool("localize_action", {"video_id": video["video_id"], "action": ACTION})
    spans = [event.span.model_dump() for event in truth.events if event.action == ACTION]
    assert (found.structured_content or {})["result"] == {"spans": spans}


def test_beyond_this_machine_it_does_not_start_without_a_token(operation: tuple[Path, Truth]) -> None:
    done = medvid("mcp", str(operation[0]), "--http", "--host", "0.0.0.0", "--port", "0", program=ORACLE)
    assert done.returncode == 2
    assert "no token and no allowed host (--allow-host) and no allowed origin (--allow-origin) is set" in done.stderr
    assert done.stdout == ""


def test_mcp_token_prints_the_token_alone_on_stdout_and_keeps_its_hash(tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    made = medvid("mcp-token", "theatre-2", "--tokens", file, "--video", "0123456789abcdef")
    assert made.returncode == 0
    token = made.stdout.strip()
    assert len(token) == 43  # 32 bytes in base64
    assert token not in file.read_text()
    assert '"theatre-2"' in file.read_text()
    assert token not in made.stderr
    again = medvid("mcp-token", "theatre-2", "--tokens", file)
    assert again.returncode == 2
    assert "has a token already" in again.stderr
