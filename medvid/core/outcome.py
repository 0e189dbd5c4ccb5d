"""Outcome: what a tool says, in source seconds and source pixels, with what it looked at. There is no default result.

Source: docs/formats.md, "Outcomes".
"""

from functools import cache
from typing import Generic, Literal, Self, TypeVar

from pydantic import Field, model_validator

from medvid.core.span import Span, Value

R = TypeVar("R")
Status = Literal["ok", "not_observed", "not_assessable", "out_of_scope", "unreadable"]
Feeding = Literal["faithful", "published"]


class Look(Value):
    """One stretch that a model was shown."""

    start_s: float
    end_s: float
    fps: float
    frames: int


class RawText(Value):
    """What the model wrote for one look."""

    text: str
    mean_logprob: float | None = None


class Reliability(Value):
    """A checkpoint's measured figure on one task. A figure or baseline that nobody measured is None and says so in `text`."""

    qa_type: str
    metric: str
    figure: float | None = None
    baseline: float | None = None
    baseline_name: str = "majority"
    tests: int | None = None
    source: str = ""
    feeding: Feeding = "faithful"

    @property
    def text(self) -> str:
        """One line: `STG mIoU 0.202 on 780 tests (published feeding; baseline not published)`."""
        if self.figure is None:
            return f"{self.metric}: not measured in {self.feeding} mode"
        baseline = f"{self.baseline_name} {self.baseline:.3f}" if self.baseline is not None else "baseline not published"
        tests = f" on {self.tests:,} tests" if self.tests is not None else ""
        return f"{self.metric} {self.figure:.3f}{tests} ({self.feeding} feeding; {baseline})"


def asked_as(model: str, feeding: str) -> str:
    """Whose answers these are, for who keeps them: the model, and how it is fed where that is not the usual way."""
    return model + (" (published feeding)" if feeding == "published" else "")


class Evidence(Value):
    """What an outcome rests on. `span`: the source span asked for; `looks`: what was truly shown."""

    video_id: str
    span: Span
    looks: tuple[Look, ...]
    model: str
    feeding: Feeding
    raw: tuple[RawText, ...] = ()
    reliability: tuple[Reliability, ...] = ()
    elapsed_s: float = 0.0


class Outcome(Value, Generic[R]):
    """A tool's answer. `result` is set exactly when `status` is `ok`, `reason` exactly when it is not."""

    status: Status
    result: R | None = None
    reason: str | None = Field(default=None, description="set exactly when status is not ok: what, and the way out")
    notes: tuple[str, ...] = ()
    evidence: Evidence

    @model_validator(mode="after")
    def _result_exactly_when_ok(self) -> Self:
        if (self.status == "ok") != (self.result is not None) or (self.status == "ok") != (self.reason is None):
            raise ValueError(f"an outcome {self.status!r} needs {'a result' if self.status == 'ok' else 'a reason'} and nothing else")
        return self


@cache
def outcome_type(result_type: type[R]) -> "type[Outcome[R]]":
    """`Outcome` of a result that is known at run time only. pydantic alone would make the type anew for every outcome."""
    return Outcome[result_type]  # type: ignore[valid-type]
