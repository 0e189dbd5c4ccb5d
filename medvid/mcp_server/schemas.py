"""JSON schemas of the server's tools: what goes in, and the structured content that comes out.

Drawn from the pydantic models by the rules of JSON Schema 2020-12. Source: MCP specification, "Tools", fields `inputSchema` and
`outputSchema`.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ValidationError
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core.core_schema import CoreSchema, WithDefaultSchema


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


def complaints(error: ValidationError, args_type: type[BaseModel]) -> str:
    """What is wrong with the arguments of a call, one line each, and which it takes."""
    lines = []
    for item in error.errors(include_url=False):
        place = ".".join(str(part) for part in item["loc"]) or "arguments"
        if item["type"] == "extra_forbidden":
            lines.append(f"{place}: no such argument")
        elif item["type"] == "missing" or isinstance(item["input"], dict | list):
            lines.append(f"{place}: {item['msg'].removeprefix('Value error, ')}")
        else:
            lines.append(f"{place}: {item['msg']}, not {item['input']!r}")
    return "; ".join(lines) + f". It takes: {', '.join(args_type.model_fields) or 'no arguments'}."
