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
        assert names == {"list_videos", *TOOLS, "ask_procedure", "start_job", "job_status", "job_result", "cancel_job"}
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


def test_a_new_token_is_alone_on_stdout_and_only_its_hash_is_kept(tmp_path: Path) -> None:
    kept = tmp_path / "medvid" / "tokens.toml"
    made = medvid("mcp", "--new-token", "theatre-2", env={"XDG_CONFIG_HOME": str(tmp_path)})
    assert made.returncode == 0
    token = made.stdout.strip()
    assert len(token) == 43  # 32 bytes in base64
    assert token not in kept.read_text() + made.stderr
    assert 'name = "theatre-2"' in kept.read_text()
    refused = medvid("mcp", "--new-token", 'a"b', env={"XDG_CONFIG_HOME": str(tmp_path)})
    assert refused.returncode == 2
    assert "callers" in refused.stderr
    assert 'a"b' not in kept.read_text()
