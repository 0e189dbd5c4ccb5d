"""Events: what a run tells while it goes on, for a command line's lines and a server's progress."""

from dataclasses import dataclass
from typing import Literal, Protocol

Kind = Literal["planned", "advanced", "started", "progress", "retried", "finished", "failed", "skipped", "replanned", "answered"]


@dataclass(frozen=True, slots=True)
class Event:
    """step: its id, None for the whole run. index: the element of its for_each. status: of the outcome, once finished.
    done, total: units of the step's own progress. steps_done, steps: how many of the plan's steps are settled."""

    kind: Kind
    message: str
    step: str | None = None
    index: int | None = None
    status: str | None = None
    done: float | None = None
    total: float | None = None
    steps_done: int | None = None
    steps: int | None = None


class OnEvent(Protocol):
    async def __call__(self, event: Event) -> None: ...


async def tell_nobody(event: Event) -> None:
    """Drops every event."""
