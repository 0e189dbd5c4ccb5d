"""Run: a question, its plan, and everything that came of it. Plain JSON values.

This is what `--json` and `ask_procedure` give. Source: docs/formats.md, "Plans and runs".
"""

from typing import Any

from pydantic import Field, JsonValue

from medvid.core.plan import Plan
from medvid.core.span import Value

RESEARCH_USE = "Research use only; not for clinical decisions."
"""Said once with every answer."""


class Failure(Value):
    """A tool call that raised: an error, never an outcome."""

    kind: str
    message: str
    retryable: bool = False


class Statement(Value):
    """One sentence of an answer, and the step (and which of its outcomes) it rests on."""

    text: str
    step: str
    index: int | None = None


class Needs(Value):
    """What the asker has to say before a plan can be made."""

    question: str
    choices: tuple[str, ...] = ()


class Answer(Value):
    """`text` is empty where `needs` is set."""

    text: str = ""
    statements: tuple[Statement, ...] = ()
    needs: Needs | None = None


class Run(Value):
    """A question, its plan and everything that came of it. `outcomes` and `values` are keyed by step."""

    id: str
    question: str
    plan: Plan
    outcomes: dict[str, list[dict[str, JsonValue]]] = Field(default_factory=dict)
    values: dict[str, JsonValue] = Field(default_factory=dict)
    failures: dict[str, list[Failure]] = Field(default_factory=dict)
    answer: Answer = Answer()

    def to_json(self) -> dict[str, Any]:
        return {**self.model_dump(mode="json"), "plan": self.plan.to_json()}
