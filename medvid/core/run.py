"""Run: a question, its plan, and everything that came of it. Plain JSON values.

This is what `--json` and `ask_procedure` give. Source: docs/formats.md, "Plans and runs".
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field, JsonValue

from medvid.core.plan import Plan
from medvid.core.span import FROZEN

RESEARCH_USE = "Research use only; not for clinical decisions."
"""Said once with every answer."""


class Failure(BaseModel):
    """A tool call that raised: an error, never an outcome."""

    model_config = FROZEN

    kind: str
    message: str
    retryable: bool = False


class Statement(BaseModel):
    """One sentence of an answer, and the step (and which of its outcomes) it rests on."""

    model_config = FROZEN

    text: str
    step: str
    index: int | None = None


class Needs(BaseModel):
    """What the asker has to say before a plan can be made."""

    model_config = FROZEN

    question: str
    choices: tuple[str, ...] = ()


class Answer(BaseModel):
    """`text` is empty where `needs` is set."""

    model_config = FROZEN

    text: str = ""
    statements: tuple[Statement, ...] = ()
    needs: Needs | None = None


class Run(BaseModel):
    """A question, its plan and everything that came of it. `outcomes` and `values` are keyed by step."""

    model_config = FROZEN

    id: str
    question: str
    plan: Plan
    outcomes: dict[str, list[dict[str, JsonValue]]] = Field(default_factory=dict)
    values: dict[str, JsonValue] = Field(default_factory=dict)
    failures: dict[str, list[Failure]] = Field(default_factory=dict)
    answer: Answer = Answer()

    def to_json(self) -> dict[str, Any]:
        """The JSON form that `--json` and `ask_procedure` give."""
        return {**self.model_dump(mode="json"), "plan": self.plan.to_json()}
