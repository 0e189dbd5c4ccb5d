"""Ledger: how far a plan has come. Which steps are ready, with which arguments, and what each has given.

Its entries are the plain JSON of the graph's state:

    calls     {step: {index: {"content": JSON, "took_s"} | {"failure": {kind, message, retryable}}}}; index "0" without a for_each
    counts    {step: elements of its for_each}
    values    {step: what an operation gave}
    faults    {step: [failure]}: what could not be called or computed
    skipped   {step: {index: the reference that read nothing}}; index "" for the whole step
    revised   {step: {index: the result that a better supported second look puts in the place of the call's own}}

A needed argument that reads null skips its call; an empty for_each runs zero times. A step whose `on_empty` is `stop` is waited for by all
that stand below it, and where it finds nothing they are skipped. Pure: nothing here waits or calls.
"""

import math
from collections.abc import Mapping, Set
from copy import copy
from dataclasses import dataclass, field
from typing import Any

from medvid.agent.catalogue import is_outcome
from medvid.agent.check import needed_steps
from medvid.agent.operations import OPS
from medvid.agent.references import ITEM, holds_null, resolve
from medvid.agent.shapes import Validator
from medvid.core import Plan, Run, Step

ENTRIES = ("calls", "counts", "values", "faults", "skipped", "revised")
LIMIT = "limit"
"""The kind of a failure that is a bound of the run's."""


@dataclass(frozen=True, slots=True)
class Call:
    """One tool call that is ready. index: the element of its step's for_each."""

    step: str
    index: int
    tool: str
    args: dict[str, Any]


@dataclass(slots=True)
class Ledger:
    plan: Plan
    calls: dict[str, dict[str, Any]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    faults: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    skipped: dict[str, dict[str, str]] = field(default_factory=dict)
    revised: dict[str, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def of(cls, state: Mapping[str, Any]) -> "Ledger":
        """From the graph's state; its entries are copied."""
        copies = {name: {key: copy(value) for key, value in state.get(name, {}).items()} for name in ENTRIES}
        return cls(Plan.model_validate(state["plan"]), **copies)

    @classmethod
    def of_run(cls, run: Run) -> "Ledger":
        """Of a finished run, without what failed or was skipped."""
        calls = {step: {str(i): {"content": content} for i, content in enumerate(contents)} for step, contents in run.outcomes.items()}
        return cls(run.plan, calls, {step: len(made) for step, made in calls.items()}, dict(run.values))

    def to_json(self) -> dict[str, Any]:
        """What a node writes back. `calls` are left out: each call writes its own."""
        return {name: getattr(self, name) for name in ENTRIES if name != "calls"}

    def settled(self, step: Step) -> bool:
        """Whether nothing of this step is still to come."""
        if step.id in self.values or step.id in self.faults or "" in self.skipped.get(step.id, {}):
            return True
        known = len(self.calls.get(step.id, {})) + len(self.skipped.get(step.id, {}))
        return step.id in self.counts and known >= self.counts[step.id]

    def contents(self, step_id: str) -> list[Any]:
        """What the step's calls gave, in order, without those that failed."""
        return self._made(step_id, "content")

    def asked(self, step: Step) -> list[tuple[str, dict[str, Any], Any]]:
        """For each of `contents` the index of its call, the arguments, and the content, a revised result in its place."""
        elements, entries, revised = self.elements(step), self.calls.get(step.id, {}), self.revised.get(step.id, {})
        return [
            (i, self.arguments(step, elements[int(i)]), content | {"result": revised[i]} if i in revised else content)
            for i in sorted(entries, key=int)
            if (content := entries[i].get("content")) is not None
        ]

    def failures(self, step_id: str) -> list[dict[str, Any]]:
        return self._made(step_id, "failure") + self.faults.get(step_id, [])

    def _made(self, step_id: str, what: str) -> list[Any]:
        entries = self.calls.get(step_id, {})
        return [entries[index][what] for index in sorted(entries, key=int) if what in entries[index]]

    def given(self, step_id: str) -> Any:
        """What a reference to the step reads: a result, an operation's value, another tool's content; a list of them for a for_each."""
        if step_id in self.values:
            return self.values[step_id]
        entries, revised = self.calls.get(step_id, {}), self.revised.get(step_id, {})
        contents = [entries.get(str(i), {}).get("content") for i in range(self.counts.get(step_id, 0))]
        read = [content.get("result") if is_outcome(content) else content for content in contents]
        read = [revised.get(str(i), result) for i, result in enumerate(read)]
        return read if self.plan.step(step_id).for_each else next(iter(read), None)

    def found_nothing(self, step: Step) -> bool:
        """Of a settled step: an operation that gave null, 0 or an empty list; a tool that failed or gave no result."""
        if step.op is not None:
            return not self.values.get(step.id)
        return not any(content["status"] == "ok" if is_outcome(content) else True for content in self.contents(step.id))

    def limit(self, budget: int, seconds: float) -> str | None:
        """The bound that the calls made so far have reached, in words; None where there is room for another."""
        made = [entry for entries in self.calls.values() for entry in entries.values()]
        if len(made) >= budget:
            return f"the budget of {budget} tool calls is used up"
        return f"the budget of {seconds:g} s is used up" if sum(entry.get("took_s", 0.0) for entry in made) >= seconds else None

    def advance(self, budget: int, seconds: float = math.inf) -> list[Call]:
        """Runs the operations that are ready, notes what cannot run, and gives the calls to make now. budget: of calls. seconds: that the
        calls together may take; nothing is begun after them."""
        calls: list[Call] = []
        moved = True
        while moved:
            moved, stops = False, list[Step]()
            for step in self.plan.steps:
                gates, needed = tuple(stops), map(self.plan.step, needed_steps(step))
                stops += [step] if self._stops(step) else []
                if self.settled(step) or step.id in self.counts or not all(map(self.settled, (*gates, *needed))):
                    continue
                moved = True
                if stopped := next(filter(self.found_nothing, gates), None):
                    self.skipped[step.id] = {"": f"${stopped.id}"}
                else:
                    room = budget - len(calls) - sum(len(made) for made in self.calls.values())
                    calls += self._start(step, room, self.limit(budget, seconds))
        return calls

    def _stops(self, step: Step) -> bool:
        """Whether the steps below wait for this one; never where it reads, through whatever steps, one of them."""
        above = {other.id for other in self.plan.steps[: self.plan.steps.index(step)]}
        return step.on_empty == "stop" and behind(self.plan, step) <= above

    def reopened(self, plan: Plan, changed: Set[str]) -> "Ledger":
        """The same ledger for another plan: steps that changed, and those without a call that read them, are open again."""
        open_again = changed | Ledger(plan, self.calls).reading(changed)
        kept = {name: {key: value for key, value in getattr(self, name).items() if key not in open_again} for name in ENTRIES}
        return Ledger(plan, **kept)

    def reading(self, ids: Set[str]) -> set[str]:
        """The steps without a call that read one of these, directly or through each other."""
        found: set[str] = set()
        for _ in self.plan.steps:
            found |= {step.id for step in self.plan.steps if step.id not in self.calls and needed_steps(step) & (ids | found)}
        return found

    def _start(self, step: Step, budget: int, limit: str | None) -> list[Call]:
        elements = self.elements(step)
        if not elements:
            self.skipped[step.id] = {"": str(step.for_each)}
        if step.op is not None:
            self._compute(step, elements)
            return []
        return self._calls(step, elements, budget, limit) if elements else []

    def _compute(self, step: Step, elements: list[Any]) -> None:
        operation = OPS[step.op or ""]
        values = []
        for element in elements:
            args = {name: None if holds_null(step.args[name], value) else value for name, value in self.arguments(step, element).items()}
            if errors := [error.message for error in Validator(operation.input_schema).iter_errors(args)]:
                self.faults[step.id] = [_fault(f"{step.name} cannot take what was read: {errors[0]}")]
                return
            values.append(operation.run(**args))
        self.values[step.id] = values if step.for_each else values[0]

    def _calls(self, step: Step, elements: list[Any], budget: int, limit: str | None) -> list[Call]:
        calls, skipped = [], {}
        for index, element in enumerate(elements):
            args = self.arguments(step, element)
            if empty := holds_null(step.args, args):
                skipped[str(index)] = empty
            else:
                calls.append(Call(step.id, index, step.tool or "", args))
        if skipped and not calls and step.for_each is None:
            skipped = {"": skipped["0"]}
        if skipped:
            self.skipped[step.id] = skipped
        if calls and (limit or len(calls) > budget):
            above = limit or f"{len(calls)} calls of {step.name} are above the {max(budget, 0)} calls left in the budget"
            self.faults[step.id] = [_fault(f"{above}; ask for less at once", LIMIT)]
            return []
        if "" not in skipped:
            self.counts[step.id] = len(elements)
        return calls

    def elements(self, step: Step) -> list[Any]:
        """What it runs for."""
        return [None] if step.for_each is None else list(resolve(step.for_each, self.given) or ())

    def arguments(self, step: Step, element: Any) -> dict[str, Any]:
        """The step's, with references read. element: of its for_each."""
        resolved: dict[str, Any] = resolve(step.args, lambda root: element if root == ITEM else self.given(root))
        return resolved


def behind(plan: Plan, step: Step) -> set[str]:
    """The steps that this one reads, directly or through others."""
    needed = needed_steps(step)
    return needed.union(*(behind(plan, plan.step(step_id)) for step_id in needed))


def _fault(message: str, kind: str = "plan") -> dict[str, Any]:
    return {"kind": kind, "message": message, "retryable": False}
