"""Call: one tool as an MCP client meets it, how its arguments are read, and what a call gives back.

Errors: a MedVidError, and arguments that do not fit, come back as `isError` with the text and `_meta["medvid/error"] = {kind, retryable}`,
so that the model which called can read them and mend its call. Source: MCP specification, "Tools", "Error handling".
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from mcp.server import ServerRequestContext
from mcp.types import CallToolResult, ContentBlock, TextContent, ToolAnnotations
from mcp.types import Tool as McpTool
from pydantic import BaseModel, ValidationError

from medvid.core.access import Access
from medvid.core.errors import ArgumentsError, MedVidError
from medvid.core.progress import Progress
from medvid.mcp_server import schemas

ERROR_META = "medvid/error"
LARGEST_RESULT_BYTES = 1_000_000
"""Some clients drop what is larger."""
A = TypeVar("A", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Answered:
    """What a call gives: structured content as plain JSON, a text that stands alone, and what is to be seen beside it."""

    structured: dict[str, Any]
    text: str
    seen: tuple[ContentBlock, ...] = ()


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
        content = [TextContent(type="text", text=answered.text), *answered.seen]
        result = CallToolResult(content=content, structured_content=answered.structured)
        size = len(result.model_dump_json(by_alias=True).encode())
        if size > LARGEST_RESULT_BYTES:
            too_large = f"the answer of {self.name} has {size / 1e6:.1f} MB, above the {LARGEST_RESULT_BYTES / 1e6:g} MB that clients take"
            return failed(f"{too_large}; ask about a shorter span, or for fewer times", kind="size", retryable=False)
        return result


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
