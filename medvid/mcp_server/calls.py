"""Call: one tool as an MCP client meets it, how its arguments are read, and what a call gives back.

Errors: a MedVidError, and arguments that do not fit, come back as `isError` with the text and `_meta["medvid/error"] = {kind, retryable}`,
so that the model which called can read them and mend its call. Source: MCP specification, "Tools", "Error handling".
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from mcp.server import ServerRequestContext
from mcp.types import CallToolResult, TextContent, ToolAnnotations
from mcp.types import Tool as McpTool
from pydantic import BaseModel, ValidationError

from medvid.core.access import Access
from medvid.core.errors import ArgumentsError, MedVidError
from medvid.core.progress import Progress
from medvid.mcp_server import schemas

ERROR_META = "medvid/error"
A = TypeVar("A", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Answered:
    """What a call gives: structured content as plain JSON, and a text that stands alone."""

    structured: dict[str, Any]
    text: str


@dataclass(frozen=True, slots=True)
class Call(Generic[A]):
    """args_type: what the arguments must be. run: answers them under the caller's access; raises MedVidError. expected_s: how long that
    takes, None where nobody knows yet; a call without it looks at no video. repeatable: the same call gives the same answer."""

    name: str
    title: str
    description: str
    args_type: type[A]
    output_schema: dict[str, Any]
    run: Callable[[A, Access, Progress], Awaitable[Answered | CallToolResult]]
    expected_s: Callable[[A, Access], Awaitable[float | None]] | None = None
    repeatable: bool = True
    changes: Literal["nothing", "start", "stop"] = "nothing"

    def listed(self) -> McpTool:
        """As `tools/list` shows it. All four hints are set: what a client assumes of a missing one is the worst."""
        return McpTool(
            name=self.name,
            title=self.title,
            description=self.description,
            input_schema=schemas.input_schema(self.args_type),
            output_schema=self.output_schema,
            annotations=ToolAnnotations(
                title=self.title, read_only_hint=self.changes == "nothing", destructive_hint=self.changes == "stop",
                idempotent_hint=self.repeatable, open_world_hint=False,
            ),
        )

    def read(self, arguments: dict[str, Any]) -> A:
        try:
            return self.args_type.model_validate(arguments)
        except ValidationError as error:
            raise ArgumentsError(f"{self.name}: {schemas.complaints(error, self.args_type)}") from error

    async def answer(self, arguments: dict[str, Any], access: Access, progress: Progress) -> CallToolResult:
        try:
            answered = await self.run(self.read(arguments), access, progress)
        except MedVidError as error:
            return failed(str(error), **error.mark)
        if isinstance(answered, CallToolResult):
            return answered
        return CallToolResult(content=[TextContent(type="text", text=answered.text)], structured_content=answered.structured)


def failed(text: str, **mark: Any) -> CallToolResult:
    """mark: kind, retryable and, where it is known, retry_after_s."""
    return CallToolResult(content=[TextContent(type="text", text=text)], is_error=True, _meta={ERROR_META: mark})


def progress_to(context: ServerRequestContext[Any, Any]) -> Progress:
    """Progress as notifications to the client that asked for them. The protocol wants every value above the last."""
    told = -1.0

    async def tell(done: float, total: float, message: str) -> None:
        nonlocal told
        if done > told:
            told = done
            await context.session.report_progress(done, total, message)

    return tell
