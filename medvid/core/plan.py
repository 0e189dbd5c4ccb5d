"""Plan: the named steps that answer a question, and the parameters by which it is used again. A plain JSON value.

A step is `{id, tool, args}` or `{id, op, args}`, with an optional `for_each`. Arguments may refer to earlier steps: `$id.path` reads
an outcome's `result` or an operation's value, `$item` is the current element. A reusable plan also reads its parameters (`$action`) and
the video it is used on (`$video.video_id`), both put in before it runs. Source: docs/plans.md.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Self

from pydantic import Field, JsonValue, model_validator

from medvid.core.span import Value

NAME = r"^[a-z][a-z0-9_]{0,39}$"


class Parameter(Value):
    """What a plan leaves open. default: used where nothing is given; None where it has to be given."""

    type: Literal["string", "number", "integer", "boolean", "span"] = "string"
    says: str = ""
    default: JsonValue = None


class Step(Value):
    """One tool call, or one pure operation on spans. Exactly one of `tool` and `op` is set."""

    id: str = Field(pattern=NAME)
    tool: str | None = None
    op: str | None = None
    args: dict[str, JsonValue] = Field(default_factory=dict)
    for_each: str | tuple[JsonValue, ...] | None = Field(
        default=None, description="a list, or a reference to one; the step runs once for each element, as $item"
    )
    on_empty: Literal["skip", "stop", "widen"] = Field(
        default="skip",
        description="where it finds nothing: skip the steps that need it, stop the plan, or look once without its span and then skip",
    )

    @model_validator(mode="after")
    def _tool_or_op(self) -> Self:
        if (self.tool is None) == (self.op is None):
            raise ValueError(f"step {self.id!r} needs exactly one of tool and op")
        return self

    @property
    def name(self) -> str:
        return self.tool or self.op or ""

    def to_json(self) -> dict[str, Any]:
        """Without what is left at its default."""
        return self.model_dump(mode="json", exclude_defaults=True) | {"args": self.model_dump(mode="json")["args"]}


class Plan(Value):
    """Named steps in an order in which they can run. title: of an analysis, for people."""

    steps: tuple[Step, ...]
    parameters: dict[str, Parameter] = Field(default_factory=dict)
    title: str = ""

    def step(self, step_id: str) -> Step:
        return next(step for step in self.steps if step.id == step_id)

    def with_steps(self, below: Mapping[str, Sequence[Step]]) -> "Plan":
        """With further steps, each below the one whose id it is given under."""
        return self.model_copy(update={"steps": tuple(new for step in self.steps for new in (step, *below.get(step.id, ())))})

    def to_json(self) -> dict[str, Any]:
        said: dict[str, Any] = {"title": self.title} if self.title else {}
        if self.parameters:
            said["parameters"] = {name: given.model_dump(mode="json", exclude_defaults=True) for name, given in self.parameters.items()}
        return {**said, "steps": [step.to_json() for step in self.steps]}
