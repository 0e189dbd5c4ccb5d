"""Plan: the named steps that answer a question. A plain JSON value.

A step is `{id, tool, args}` or `{id, op, args}`, with an optional `for_each`. Arguments may refer to earlier steps: `$id.path` reads
an outcome's `result` or an operation's value, `$item` is the current element. Source: docs/formats.md, "Plans and runs".
"""

from typing import Any, Self

from pydantic import Field, JsonValue, model_validator

from medvid.core.span import Value


class Step(Value):
    """One tool call, or one pure operation on spans. Exactly one of `tool` and `op` is set."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")
    tool: str | None = None
    op: str | None = None
    args: dict[str, JsonValue] = Field(default_factory=dict)
    for_each: str | None = Field(default=None, description="a reference to a list; the step runs once for each element, as $item")

    @model_validator(mode="after")
    def _tool_or_op(self) -> Self:
        if (self.tool is None) == (self.op is None):
            raise ValueError(f"step {self.id!r} needs exactly one of tool and op")
        return self

    @property
    def name(self) -> str:
        return self.tool or self.op or ""

    def to_json(self) -> dict[str, Any]:
        return self.model_dump(mode="json", exclude_none=True)


class Plan(Value):
    """Named steps in an order in which they can run."""

    steps: tuple[Step, ...]

    def step(self, step_id: str) -> Step:
        return next(step for step in self.steps if step.id == step_id)

    def to_json(self) -> dict[str, Any]:
        return {"steps": [step.to_json() for step in self.steps]}
