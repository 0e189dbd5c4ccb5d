"""Several MCP servers as one: ours, and others', whose tools are named `NAME__tool` and take part in plans.

What another's tool says is not ours: it is quoted as that server's word, and never read as an outcome of ours, whatever it looks like.
"""

import logging
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import httpx2
import mcp

from medvid.agent.catalogue import Client, ToolCard, is_outcome, list_tools
from medvid.core import ConfigError

T = TypeVar("T")
LONGEST_NAME = 64
LONGEST_CALL_S = 600.0
_GIVEN = re.compile(r"(?:([a-z][a-z0-9]{0,19})=)?(https?://\S+)")


def server_of(tool: str | None) -> str | None:
    """The name of the server whose tool it is; None for ours."""
    return tool.partition("__")[0] if tool and "__" in tool else None


@dataclass(frozen=True, slots=True)
class Servers:
    """One client of our server and of others. urls: by name. theirs: their tools, as they were when they were first asked."""

    own: Client
    urls: Mapping[str, str]
    theirs: Sequence[ToolCard]

    async def list_tools(self, *, cursor: str | None = None) -> Any:
        page = await self.own.list_tools(cursor=cursor)
        return page.model_copy(update={"tools": [*page.tools, *(self.theirs if cursor is None else ())]})

    async def call_tool(
        self, name: str, arguments: dict[str, Any] | None = None, *, progress_callback: Any = None, meta: Any = None
    ) -> Any:
        url = self.urls.get(server_of(name) or "")
        if url is None:
            return await self.own.call_tool(name, arguments, progress_callback=progress_callback, meta=meta)
        called = name.partition("__")[2]
        result = await _exchange(url, lambda client: client.call_tool(called, arguments, progress_callback=progress_callback))
        content = result.structured_content
        return result.model_copy(update={"structured_content": {"outcome": content}}) if is_outcome(content) else result


async def with_servers(own: Client, given: Sequence[str]) -> Client:
    """`own` and the servers given, each as `URL` or `NAME=URL`. Raises ConfigError for one that cannot be reached or named apart."""
    urls, theirs = {}, []
    for i, text in enumerate(given, 1):
        match = _GIVEN.fullmatch(text)
        name = match and (match[1] or f"mcp{i}")
        if match is None or name is None or name in urls:
            raise ConfigError(f"--mcp {text!r} names no server of its own; write its http:// or https:// address, or NAME=ADDRESS")
        urls[name] = match[2]
        try:
            tools = await _exchange(match[2], list_tools)
        except mcp.MCPError as error:
            raise ConfigError(f"{error.message}; start it, or leave it out") from error
        named = [replace(card, name=f"{name}__{card.name}", output_schema=None) for card in tools.values()]
        if long := [card.name for card in named if len(card.name) > LONGEST_NAME]:
            logging.getLogger(__name__).warning("left out, with names above %d letters: %s", LONGEST_NAME, ", ".join(long))
        theirs += [card for card in named if card.name not in long]
    return Servers(own, urls, theirs) if urls else own


async def _exchange(url: str, ask: Callable[[mcp.Client], Awaitable[T]]) -> T:
    """One exchange over a connection of its own: a server that vanishes takes nothing of ours along. Raises MCPError."""
    try:
        async with mcp.Client(url, read_timeout_seconds=LONGEST_CALL_S) as client:
            return await ask(client)
    except* (mcp.MCPError, httpx2.HTTPError, OSError) as group:
        error: BaseException = group
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        raise mcp.MCPError(mcp.types.INTERNAL_ERROR, f"the MCP server {url} cannot be reached: {error}") from None
