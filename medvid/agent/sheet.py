"""Sheet: the steps of a plan while it is written. What an earlier turn asked can be taken over; what nothing needs is left out."""

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, field

from medvid.agent.check import needed_steps
from medvid.agent.references import renamed
from medvid.core import Step


def needed_by(steps: Sequence[Step], some: Set[str]) -> set[str]:
    """Every step that these directly or indirectly read from. steps: in an order in which they can run."""
    found: set[str] = set()
    for step in reversed(steps):
        found |= needed_steps(step) if step.id in some | found else set()
    return found


@dataclass(slots=True)
class Sheet:
    """wanted: the steps that the question asks for; others are there because an earlier turn had them."""

    steps: list[Step] = field(default_factory=list)
    wanted: set[str] = field(default_factory=set)

    def add(self, step: Step, *, wanted: bool = True) -> str:
        """The id of a step that does this: a new one, or an earlier one that does the same."""
        step = step.model_copy(update={"id": f"s{len(self.steps) + 1}", "on_empty": "skip"})
        same = next((old.id for old in self.steps if old.model_copy(update={"id": step.id}) == step), None)
        self.steps += [] if same else [step]
        self.wanted |= {same or step.id} if wanted else set()
        return same or step.id

    def adopt(self, steps: Iterable[Step], *, wanted: bool = False) -> list[Step]:
        """Takes over steps of another plan, and gives them as they stand here."""
        names: dict[str, str] = {}
        for step in steps:
            names[step.id] = self.add(renamed(step, names), wanted=wanted)
        return [step for step in self.steps if step.id in names.values()]

    def done(self) -> tuple[Step, ...]:
        """What is wanted and what that needs, named s1, s2, ... A restricted look that a later look needs is widened where it is empty."""
        kept = [step for step in self.steps if step.id in self.wanted | needed_by(self.steps, self.wanted)]
        names = {step.id: f"s{i}" for i, step in enumerate(kept, 1)}
        led = needed_by(kept, {step.id for step in kept if step.tool})
        wide = {step.id for step in kept if step.tool and step.id in led and "span" in step.args and step.for_each is None}
        return tuple(renamed(step, names, id=names[step.id], on_empty="widen" if step.id in wide else "skip") for step in kept)
