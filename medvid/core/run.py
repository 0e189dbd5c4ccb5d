"""Run: a question, its plan, and everything that came of it. Plain JSON values.

This is what `--json` and `ask_procedure` give. Source: docs/formats.md, "Plans and runs".
"""

from typing import Any, Literal

from pydantic import Field, JsonValue

from medvid.core.plan import Plan
from medvid.core.span import Span, Value

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


class SecondLook(Value):
    """What an independent look says of one claim about a time. index: of the outcome. place: where the claim stands in its result, such as
    `spans[0]`. by: the step that looked again, None where none could. confidence: of the claim as first made, in [0, 1], None without
    log-probabilities. adopted: what stands in its place where the second look is better supported."""

    step: str
    index: int = 0
    place: str
    verdict: Literal["confirmed", "rejected", "unverified"]
    by: str | None = None
    reason: str = ""
    confidence: float | None = None
    adopted: Span | None = None

    @property
    def number(self) -> int:
        """Which span of the outcome, as `place` says."""
        return int(self.place[len("spans[") : -1])


class Contradiction(Value):
    """Steps whose outcomes cannot all be right, and why."""

    steps: tuple[str, ...]
    text: str


class Planning(Value):
    """One try of a language model at a plan or at the answer's text, as asked and as answered. complaints: why it was not taken."""

    model: str
    prompt: str
    answer: str
    complaints: tuple[str, ...] = ()


class Answer(Value):
    """`text` is empty where `needs` is set. unused: words of the question that no step rests on. written_by: `template`, or a
    model's name."""

    text: str = ""
    statements: tuple[Statement, ...] = ()
    needs: Needs | None = None
    unused: tuple[str, ...] = ()
    written_by: str = "template"


class Run(Value):
    """A question, its plan and everything that came of it. `outcomes` and `values` are keyed by step. reused: steps whose outcome was there
    already, and the run that holds it. limits: each bound that was hit, in words. thread: of the conversation it is a turn of."""

    id: str
    question: str
    plan: Plan
    outcomes: dict[str, list[dict[str, JsonValue]]] = Field(default_factory=dict)
    values: dict[str, JsonValue] = Field(default_factory=dict)
    failures: dict[str, list[Failure]] = Field(default_factory=dict)
    answer: Answer = Answer()
    looks: tuple[SecondLook, ...] = ()
    contradictions: tuple[Contradiction, ...] = ()
    plannings: tuple[Planning, ...] = ()
    reused: dict[str, str] = Field(default_factory=dict)
    limits: tuple[str, ...] = ()
    thread: str | None = None

    def to_json(self) -> dict[str, Any]:
        return {**self.model_dump(mode="json"), "plan": self.plan.to_json()}
