"""What a call gave, for the tests of this folder."""

from __future__ import annotations

from typing import Any

from mcp.types import CallToolResult, TextContent


def text_of(result: CallToolResult) -> str:
    assert len(result.content) == 1
    only = result.content[0]
    assert isinstance(only, TextContent)
    return only.text


def mark_of(result: CallToolResult) -> Any:
    assert result.is_error
    assert result.meta is not None
    return result.meta["medvid/error"]
