"""The MCP server: `list_videos`, the video tools, `ask_procedure`, and frames as resources, over one toolbox and one library.

Built on the SDK's low-level server: the tools' schemas come from the registry's own models, not from functions' signatures, so extra
arguments are refused, and an unknown tool is the protocol error -32602 that the MCP specification asks for ("Tools", "Error handling").
"""

import base64
import functools
import logging
import re
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from mcp import types
from mcp.server import Server, ServerRequestContext
from mcp.shared.exceptions import MCPError

from medvid import __version__
from medvid.core import Access, MedVidError
from medvid.mcp_server import frames
from medvid.mcp_server.asking import Ask, asking_call
from medvid.mcp_server.calls import ERROR_META, TOLD, Call, progress_to
from medvid.mcp_server.job_tools import job_calls
from medvid.mcp_server.jobs import Jobs
from medvid.mcp_server.limits import WAITS_META, Gate
from medvid.mcp_server.tokens import access_of
from medvid.mcp_server.video_tools import listing_call, video_call
from medvid.tools.registry import TOOLS
from medvid.tools.toolbox import Toolbox

log = logging.getLogger(__name__)
Context = ServerRequestContext[Any, Any]
P = TypeVar("P")
T = TypeVar("T")
Handlers = dict[str, tuple[type[types.RequestParams], Callable[[Context, Any], Awaitable[Any]]]]
"""By protocol method: the parameters, and what answers them."""


def make_server(
    toolbox: Toolbox, access: Access, *, ask: Ask | None = None, note: str | None = None, pictures: bool = True, gate: Gate | None = None,
    jobs: Jobs | None = None, extend: Callable[[Handlers], Handlers] | None = None,
) -> Server[Any]:  # fmt: skip
    """access: what a caller who needs no token may do; every tool, listing and frame goes by the caller's. ask: what answers
    `ask_procedure`; without it that tool is not offered. note: something to know about what is served, told in the instructions and by
    list_videos. pictures: whether an answer brings a frame along, for which a program has no use. gate: what calls are held to. jobs: what
    runs those of `start_job`; without it there are no tools of jobs. extend: what else is answered, by method, under the same masking: the
    fixtures of the conformance suite."""
    library = toolbox.library
    offered: list[Call[Any]] = [listing_call(library, note), *(video_call(tool, toolbox, pictures) for tool in TOOLS.values())]
    offered += [*([asking_call(ask, toolbox)] if ask is not None else []), *(job_calls(jobs) if jobs else [])]
    calls = {call.name: call for call in offered}
    listed = [call.listed() for call in calls.values()]
    schemas = {tool.name: tool.input_schema for tool in listed}

    async def list_tools(context: Context, params: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        return types.ListToolsResult(tools=listed)

    async def call_tool(context: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
        if params.name not in calls:
            raise MCPError(code=types.INVALID_PARAMS, message=f"unknown tool {params.name!r}; there are {', '.join(calls)}")
        call = calls[params.name]
        if gate is not None:
            call = gate.before(call, waits=(context.meta or {}).get(WAITS_META) is True)
        return await call.answer(params.arguments or {}, access_of(context, access), progress_to(context))

    async def list_resources(context: Context, params: types.PaginatedRequestParams | None) -> types.ListResourcesResult:
        cursor = params.cursor if params is not None and params.cursor is not None else "0"
        if not re.fullmatch("[0-9]{1,9}", cursor):
            raise MCPError(code=types.INVALID_PARAMS, message=f"no page {cursor[:40]!r}; leave the cursor out to begin at the first")
        resources, following = await frames.first_frames(library, access_of(context, access), int(cursor))
        return types.ListResourcesResult(resources=resources, next_cursor=str(following) if following is not None else None)

    async def list_templates(context: Context, params: types.PaginatedRequestParams | None) -> types.ListResourceTemplatesResult:
        return types.ListResourceTemplatesResult(resource_templates=[frames.FRAME])

    async def read_resource(context: Context, params: types.ReadResourceRequestParams) -> types.ReadResourceResult:
        uri = str(params.uri)
        asked = frames.asked_for(uri)
        if asked is None:
            raise MCPError(types.INVALID_PARAMS, f"no resource {uri[:200]}; frames are at {frames.TEMPLATE}", {"uri": uri})
        try:
            jpeg = await frames.read_frame(library, access_of(context, access), *asked)
        except MedVidError as error:
            raise MCPError(code=types.INVALID_PARAMS, message=str(error), data={"uri": uri, ERROR_META: error.mark}) from error
        blob = base64.b64encode(jpeg).decode("ascii")
        return types.ReadResourceResult(contents=[types.BlobResourceContents(uri=uri, mime_type=frames.MIME_TYPE, blob=blob)])

    server: Server[Any] = Server(
        "medvid", version=__version__, title="medvid: questions about procedure videos",
        instructions="\n".join([TOLD["instructions"], *([note] if note else [])]), get_tool_input_schema=schemas.get,
    )  # fmt: skip
    handlers: Handlers = {
        "tools/list": (types.PaginatedRequestParams, list_tools),
        "tools/call": (types.CallToolRequestParams, call_tool),
        "resources/list": (types.PaginatedRequestParams, list_resources),
        "resources/templates/list": (types.PaginatedRequestParams, list_templates),
        "resources/read": (types.ReadResourceRequestParams, read_resource),
    }
    for method, (params_type, handler) in (extend(handlers) if extend else handlers).items():
        server.add_request_handler(method, params_type, masked(handler))
    return server


def masked(handler: Callable[[Context, P], Awaitable[T]]) -> Callable[[Context, P], Awaitable[T]]:
    """A bug is seen whole in the server's log; its text, which may hold a path of this machine, never reaches a client."""

    @functools.wraps(handler)
    async def handle(context: Context, params: P) -> T:
        try:
            return await handler(context, params)
        except MCPError:
            raise
        except Exception as error:
            log.exception("%s failed", context.method)
            raise MCPError(types.INTERNAL_ERROR, f"{context.method} failed by a fault of the server; its log says more") from error

    return handle
