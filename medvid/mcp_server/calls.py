"""Call: one tool as an MCP client meets it, its JSON schemas, how its arguments are read, and what a call gives back.

An error of ours is a result too, so that the model which called can read it and mend its call. Source: docs/formats.md, "What the server
sends"; MCP specification, "Tools", fields `inputSchema` and `outputSchema`, and "Error handling".
"""

import tomllib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

from mcp.server import ServerRequestContext
from mcp.types import CallToolResult, ContentBlock, TextContent, ToolAnnotations
from mcp.types import Tool as McpTool
from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core.core_schema import CoreSchema, WithDefaultSchema

from medvid.core import Access, MedVidError, Progress
from medvid.tools.base import read_args

TOLD: dict[str, str] = tomllib.loads(Path(__file__).with_name("told.toml").read_text(encoding="utf-8"))
"""What a client reads of the server, and of each tool that is the server's own."""
ERROR_META = "medvid/error"
LARGEST_RESULT_BYTES = 1_000_000  # Some clients drop what is larger.
A = TypeVar("A", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Answered:
    """What a call gives: structured content as plain JSON, a text that stands alone, and what is to be seen beside it."""

    structured: dict[str, Any]
    text: str
    seen: tuple[ContentBlock, ...] = ()


@dataclass(frozen=True, slots=True)
class Call(Generic[A]):
    name: str
    title: str
    description: str
    args_type: type[A]
    output_schema: dict[str, Any]
    run: Callable[[A, Access, Progress], Awaitable[Answered | CallToolResult]]  # under the caller's access; raises MedVidError
    expected_s: Callable[[A, Access], Awaitable[float | None]] | None = None  # None while nobody knows; a call without it looks at no video
    repeatable: bool = True  # the same call gives the same answer
    changes: Literal["nothing", "start", "stop"] = "nothing"

    def listed(self) -> McpTool:
        """As `tools/list` shows it. All four hints are set: what a client assumes of a missing one is the worst."""
        hints = ToolAnnotations(
            title=self.title, read_only_hint=self.changes == "nothing", destructive_hint=self.changes == "stop",
            idempotent_hint=self.repeatable, open_world_hint=False,
        )  # fmt: skip
        return McpTool(
            name=self.name, title=self.title, description=self.description, input_schema=input_schema(self.args_type),
            output_schema=self.output_schema, annotations=hints,
        )  # fmt: skip

    def read(self, arguments: dict[str, Any]) -> A:
        return read_args(self.name, self.args_type, arguments)

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


class _Spare(GenerateJsonSchema):
    """Leaves out what costs a model tokens in every conversation and tells it nothing: titles made from names, docstrings written for
    readers of the code, and, of what comes out, what a missing field would mean."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def default_schema(self, schema: WithDefaultSchema) -> dict[str, Any]:
        return super().default_schema(schema) if self.mode == "validation" else self.generate_inner(schema["schema"])

    def generate(self, schema: CoreSchema, mode: Literal["validation", "serialization"] = "validation") -> dict[str, Any]:
        drawn = super().generate(schema, mode)
        for model in (drawn, *drawn.get("$defs", {}).values()):
            closed = ("additionalProperties",) if mode == "serialization" and "properties" in model else ()
            for keyword in ("title", "description", *closed):
                model.pop(keyword, None)
        if "JsonValue" in drawn.get("$defs", {}):
            # An empty schema says the same, but strict clients take it for a mistake.
            kinds = ("object", "array", "string", "number", "boolean", "null")
            drawn["$defs"]["JsonValue"] = {"anyOf": [{"type": kind} for kind in kinds]}
        return drawn


def input_schema(args_type: type[BaseModel]) -> dict[str, Any]:
    """What a call may hold. Anything else is refused, because an argument that is silently ignored changes the question."""
    return {**args_type.model_json_schema(schema_generator=_Spare), "additionalProperties": False}


def output_schema(result_type: type[BaseModel]) -> dict[str, Any]:
    """What structured content holds; fields that are not required may be missing."""
    return result_type.model_json_schema(mode="serialization", schema_generator=_Spare)
