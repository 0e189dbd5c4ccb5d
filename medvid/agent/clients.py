"""Several MCP servers as one: ours, and others', whose tools are named `NAME__tool` and take part in plans.

What another's tool says is not ours: it is quoted as that server's word, and never read as an outcome of ours, whatever it looks like.
"""

import logging
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx2
import mcp

from medvid.agent.catalogue import Client, is_outcome
from medvid.core import ConfigError

T = TypeVar("T")
LONGEST_NAME = 64
LONGEST_CALL_S = 600.0
_GIVEN = re.compile(r"(?:([a-z][a-z0-9]{0,19})=)?(https?://\S+)")


def server_of(tool: str | None) -> str | None:
    """The name of the server whose tool it is; None for ours."""
    return tool.partition("__")[0] if tool and "__" in tool else None


@dataclass(frozen=True, slots=True)
class Other:
    """Another server, as it was when it was first asked. tools: by their own names."""

    url: str
    tools: Sequence[mcp.types.Tool]


@dataclass(frozen=True, slots=True)
class Servers:
    """One client of our server and of others, by name."""

    own: Client
    others: Mapping[str, Other]

    async def list_tools(self, *, cursor: str | None = None) -> Any:
        page = await self.own.list_tools(cursor=cursor)
        theirs = [(f"{name}__{tool.name}", tool) for name, other in self.others.items() if cursor is None for tool in other.tools]
        if long := [name for name, _ in theirs if len(name) > LONGEST_NAME]:
            logging.getLogger(__name__).warning("left out, with names above %d letters: %s", LONGEST_NAME, ", ".join(long))
        apart = [tool.model_copy(update={"name": name, "output_schema": None}) for name, tool in theirs if name not in long]
        return page.model_copy(update={"tools": [*page.tools, *apart]})

    async def call_tool(
        self, name: str, arguments: dict[str, Any] | None = None, *, progress_callback: Any = None, meta: Any = None
    ) -> Any:
        other = self.others.get(server_of(name) or "")
        if other is None:
            return await self.own.call_tool(name, arguments, progress_callback=progress_callback, meta=meta)
        called = name.partition("__")[2]
        result = await _exchange(other.url, lambda client: client.call_tool(called, arguments, progress_callback=progress_callback))
        content = result.structured_content
        return result.model_copy(update={"structured_content": {"outcome": content}}) if is_outcome(content) else result


async def with_servers(own: Client, given: Sequence[str]) -> Client:
    """`own` and the servers given, each as `URL` or `NAME=URL`. Raises ConfigError for one that cannot be reached."""
    others: dict[str, Other] = {}
    for text in given:
        match = _GIVEN.fullmatch(text)
        if match is None:
            raise ConfigError(f"{text!r} is no MCP server; write its http:// or https:// address, or NAME=ADDRESS")
        try:
            said, tools = await _exchange(match[2], _introduced)
        except mcp.MCPError as error:
            raise ConfigError(f"{error.message}; start it, or leave it out") from error
        name = match[1] or re.sub(r"[^a-z0-9]", "", said.lower())[:20] or "other"
        others[name if name not in others else f"{name}{len(others)}"] = Other(match[2], tools)
    return Servers(own, others) if others else own


async def _introduced(client: mcp.Client) -> tuple[str, list[mcp.types.Tool]]:
    page = await client.list_tools()
    tools = list(page.tools)
    while page.next_cursor:
        page = await client.list_tools(cursor=page.next_cursor)
        tools += page.tools
    return client.server_info.name if client.server_info else "", tools


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
