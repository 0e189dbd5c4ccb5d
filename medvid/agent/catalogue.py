"""Catalogue: the tools and videos of an MCP server, as any client sees them, by `tools/list` and by calling `list_videos`.

A tool of ours gives an Outcome as structured content; any other tool's structured content is taken as it stands.
Source: MCP specification, "Tools".
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from medvid.core import AccessError, EngineError

LIST_VIDEOS = "list_videos"
Listing = Mapping[str, Any]
"""One video as `list_videos` shows it: video_id, title, duration_s, fps, size, procedure, actions [{name, synonyms}], simulated."""


class Client(Protocol):
    """What is used of a connected `mcp.Client`."""

    async def list_tools(self, *, cursor: str | None = None) -> Any: ...

    async def call_tool(
        self, name: str, arguments: dict[str, Any] | None = None, *, progress_callback: Any = None, meta: Any = None
    ) -> Any: ...


@dataclass(frozen=True, slots=True)
class ToolCard:
    """A tool as the server describes it. output_schema: None where it promises nothing."""

    name: str
    description: str
    input_schema: dict[str, Any]
    output_schema: dict[str, Any] | None = None

    @property
    def arguments(self) -> tuple[str, ...]:
        return tuple(self.input_schema.get("properties", {}))

    @property
    def gives_outcome(self) -> bool:
        """Whether a reference reads the `result` inside, as it does for every video tool of ours."""
        return {"status", "result", "evidence"} <= set((self.output_schema or {}).get("properties", {}))


Tools = Mapping[str, ToolCard]


def cards(tools: Iterable[Any]) -> dict[str, ToolCard]:
    return {tool.name: ToolCard(tool.name, tool.description or "", tool.input_schema, tool.output_schema) for tool in tools}


async def list_tools(client: Client) -> dict[str, ToolCard]:
    page = await client.list_tools()
    listed = list(page.tools)
    while page.next_cursor:
        page = await client.list_tools(cursor=page.next_cursor)
        listed += page.tools
    return cards(listed)


async def list_videos(client: Client, video_ids: Iterable[str] | None = None) -> list[dict[str, Any]]:
    """The listings of these videos, in this order; of all that are served where None. Raises AccessError for an id that is not served."""
    served: dict[str, dict[str, Any]] = {}
    page: dict[str, Any] | None = {}
    while page is not None:
        result = await client.call_tool(LIST_VIDEOS, page)
        content = result.structured_content
        if result.is_error or not isinstance(content, dict) or "videos" not in content:
            raise EngineError(f"the server's {LIST_VIDEOS} gave no list: {text_of(result)[:200]!r}; look at the server's log")
        served |= {video["video_id"]: video for video in content["videos"]}
        page = {"offset": content["next_offset"]} if content.get("next_offset") else None
    if video_ids is None:
        return list(served.values())
    if missing := [video_id for video_id in video_ids if video_id not in served]:
        raise AccessError(f"video {', '.join(missing)} is not served here; `medvid videos` lists the {len(served)} that are")
    return [served[video_id] for video_id in video_ids]


def text_of(result: Any) -> str:
    return "\n".join(block.text for block in result.content if getattr(block, "type", None) == "text")


def is_outcome(content: Any) -> bool:
    return isinstance(content, dict) and {"status", "evidence"} <= content.keys()
