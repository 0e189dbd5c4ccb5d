"""What `tools/list` says, whole, and what it costs a model to read.

The snapshot holds every tool as a client sees it, for a model that nobody measured. After a change that is meant, renew it:

    python -m tests.mcp_server.test_surface
"""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import anyio
import pytest
from mcp import Client

from medvid.app import open_library, open_server, open_toolbox, planner
from medvid.core.settings import Settings
from medvid.engine.base import Profile
from medvid.engine.checkpoint import read_checkpoint
from medvid.engine.profiles import EMBEDDED
from medvid.engine.scripted import ScriptedEngine
from medvid.mcp_server.jobs import Jobs
from medvid.mcp_server.video_tools import reliability_line
from medvid.tools.registry import TOOLS

SNAPSHOT = Path(__file__).parent / "snapshots" / "tools.json"
MOST_TOKENS = 6000
CHARACTERS_A_TOKEN = 4


async def surface(profile: Profile) -> list[dict[str, Any]]:
    toolbox = open_toolbox(Settings(), open_library(Settings()), ScriptedEngine(profile, lambda request: ""))
    with TemporaryDirectory() as folder:
        jobs = Jobs(toolbox, Path(folder) / "jobs.sqlite", ask=planner)
        async with Client(open_server(toolbox, ask=planner(toolbox), jobs=jobs)) as client:
            page = await client.list_tools()
    assert page.next_cursor is None
    return [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in page.tools]


@pytest.fixture(scope="module")
def tools() -> list[dict[str, Any]]:
    """With the embedded model's own reliability cards."""
    return anyio.run(surface, read_checkpoint(None).profile)


def tokens(*values: Any) -> float:
    said = [value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False) for value in values]
    return sum(map(len, said)) / CHARACTERS_A_TOKEN


def test_every_tool_is_as_the_snapshot_has_it() -> None:
    assert anyio.run(surface, EMBEDDED) == json.loads(SNAPSHOT.read_text()), f"if this is meant: python -m {__name__}"


def test_names_descriptions_and_inputs_take_few_tokens(tools: list[dict[str, Any]]) -> None:
    assert 0 < sum(tokens(tool["name"], tool["description"], tool["inputSchema"]) for tool in tools) < MOST_TOKENS


def test_outputs_take_few_tokens(tools: list[dict[str, Any]]) -> None:
    assert 0 < sum(tokens(tool["outputSchema"]) for tool in tools) < MOST_TOKENS


def test_no_schema_begins_with_a_choice(tools: list[dict[str, Any]]) -> None:
    for tool in tools:
        for schema in (tool["inputSchema"], tool["outputSchema"]):
            assert schema["type"] == "object"
            assert not {"anyOf", "oneOf", "allOf"} & schema.keys()


def test_names_are_short_and_all_hints_are_given(tools: list[dict[str, Any]]) -> None:
    for tool in tools:
        assert len(tool["name"]) <= 20
        assert {"readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"} <= tool["annotations"].keys()
        assert tool["inputSchema"]["additionalProperties"] is False


def test_the_reliability_of_each_measured_tool_is_one_line(tools: list[dict[str, Any]]) -> None:
    profile = read_checkpoint(None).profile
    described = {tool["name"]: tool["description"] for tool in tools}
    for name, tool in TOOLS.items():
        line = reliability_line(tool, profile)
        assert described[name].endswith(f"\n\n{line}")
        assert "\n" not in line
        assert len(line) < 160
        assert "not measured" not in line


if __name__ == "__main__":
    SNAPSHOT.parent.mkdir(exist_ok=True)
    SNAPSHOT.write_text(json.dumps(anyio.run(surface, EMBEDDED), indent=1, ensure_ascii=False) + "\n")
