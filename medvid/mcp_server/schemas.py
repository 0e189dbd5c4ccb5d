"""JSON schemas of the server's tools: what goes in, and the structured content that comes out.

Drawn from the pydantic models by the rules of JSON Schema 2020-12. Source: MCP specification, "Tools", fields `inputSchema` and
`outputSchema`.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ValidationError
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import CoreSchema


class _Untitled(GenerateJsonSchema):
    """Leaves out the titles made from names: they tell a model nothing and cost it tokens in every conversation."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def generate(self, schema: CoreSchema, mode: Literal["validation", "serialization"] = "validation") -> dict[str, Any]:
        drawn = super().generate(schema, mode)
        for model in (drawn, *drawn.get("$defs", {}).values()):
            model.pop("title", None)
        if "JsonValue" in drawn.get("$defs", {}):
            # An empty schema says the same, but strict clients take it for a mistake.
            kinds = ("object", "array", "string", "number", "boolean", "null")
            drawn["$defs"]["JsonValue"] = {"anyOf": [{"type": kind} for kind in kinds]}
        return drawn


def input_schema(args_type: type[BaseModel]) -> dict[str, Any]:
    """What a call may hold. Anything else is refused, because an argument that is silently ignored changes the question."""
    return {**_drawn(args_type, "validation"), "additionalProperties": False}


def output_schema(result_type: type[BaseModel], *, whole: bool = True) -> dict[str, Any]:
    """What structured content holds. whole: every field is always there; else fields that have a default may be missing."""
    return _drawn(result_type, "serialization" if whole else "validation")


def _drawn(model: type[BaseModel], mode: Literal["validation", "serialization"]) -> dict[str, Any]:
    drawn = model.model_json_schema(mode=mode, schema_generator=_Untitled)
    # The class's docstring is written for readers of the code; the tool's own description stands beside the schema.
    drawn.pop("description", None)
    return drawn


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
