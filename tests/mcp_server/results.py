"""What a call gave, for the tests of this folder."""

from __future__ import annotations

from typing import Any

from mcp.types import CallToolResult, TextContent


def text_of(result: CallToolResult) -> str:
    """The one text that a result holds, which comes first."""
    first, *others = result.content
    assert isinstance(first, TextContent)
    assert not any(isinstance(block, TextContent) for block in others)
    return first.text


def mark_of(result: CallToolResult) -> Any:
    assert result.is_error
    assert result.meta is not None
    return result.meta["medvid/error"]
