"""Several MCP servers as one: ours, and others', whose tools are named `NAME__tool` and take part in plans.

What another's tool says is not ours: it is quoted as that server's word, and never read as an outcome of ours, whatever it looks like.
"""

import logging
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
import mcp

from medvid.agent.catalogue import Client, is_outcome
from medvid.core import ConfigError

LONGEST_NAME = 64
LONGEST_CALL_S = 600.0
_GIVEN = re.compile(r"(?:([a-z][a-z0-9]{0,19})=)?(https?://\S+)")


def server_of(tool: str | None) -> str | None:
    """The name of the server whose tool it is; None for ours."""
    return tool.partition("__")[0] if tool and "__" in tool else None


@dataclass(frozen=True, slots=True)
class Servers:
    """One client of our server and of others, by name."""

    own: Client
    others: Mapping[str, Client]

    async def list_tools(self, *, cursor: str | None = None) -> Any:
        page = await self.own.list_tools(cursor=cursor)
        tools = list(page.tools)
        for name, client in self.others.items() if cursor is None else ():
            theirs: Any = None
            while theirs is None or theirs.next_cursor:
                theirs = await client.list_tools(cursor=theirs.next_cursor if theirs else None)
                tools += [tool.model_copy(update={"name": f"{name}__{tool.name}", "output_schema": None}) for tool in theirs.tools]
        if long := [tool.name for tool in tools if len(tool.name) > LONGEST_NAME]:
            logging.getLogger(__name__).warning("left out, with names above %d letters: %s", LONGEST_NAME, ", ".join(long))
        return page.model_copy(update={"tools": [tool for tool in tools if tool.name not in long]})

    async def call_tool(
        self, name: str, arguments: dict[str, Any] | None = None, *, progress_callback: Any = None, meta: Any = None
    ) -> Any:
        server = server_of(name)
        if server is None or server not in self.others:
            return await self.own.call_tool(name, arguments, progress_callback=progress_callback, meta=meta)
        called = name.partition("__")[2]
        result = await self.others[server].call_tool(called, arguments, progress_callback=progress_callback)
        content = result.structured_content
        return result.model_copy(update={"structured_content": {"outcome": content}}) if is_outcome(content) else result


@asynccontextmanager
async def with_servers(own: Client, given: Sequence[str]) -> AsyncIterator[Client]:
    """`own` and the servers given, each as `URL` or `NAME=URL`. Raises ConfigError for one that cannot be reached."""
    others: dict[str, mcp.Client] = {}
    try:
        for text in given:
            match = _GIVEN.fullmatch(text)
            if match is None:
                raise ConfigError(f"{text!r} is no MCP server; write its http:// or https:// address, or NAME=ADDRESS")
            client = await _connected(match[2])
            name = match[1] or re.sub(r"[^a-z0-9]", "", client.server_info.name.lower() if client.server_info else "")[:20] or "other"
            others[name if name not in others else f"{name}{len(others)}"] = client
        yield Servers(own, others) if others else own
    finally:
        for client in reversed(others.values()):
            await client.__aexit__(None, None, None)


async def _connected(url: str) -> mcp.Client:
    client = mcp.Client(url, read_timeout_seconds=LONGEST_CALL_S)
    try:
        await client.__aenter__()
    except* (mcp.MCPError, httpx2.HTTPError, OSError) as group:
        error: BaseException = group
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        raise ConfigError(f"the MCP server {url} cannot be reached: {error}; start it, or leave it out") from None
    return client
