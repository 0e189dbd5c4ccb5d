"""Ledger: how far a plan has come. Which steps are ready, with which arguments, what each has given, and where to look wider.

Its entries are the plain JSON of the graph's state:

    calls     {step: {index: {"content": JSON} | {"failure": {kind, message, retryable}}}}; index "0" where the step has no for_each
    counts    {step: elements of its for_each}
    values    {step: what an operation gave}
    faults    {step: [failure]}: what could not be called or computed
    skipped   {step: {index: the reference that read nothing}}; index "" for the whole step

A needed argument that reads null skips its call; an empty for_each runs zero times. Once, where a step that others need observed nothing,
the plan looks wider: the step is asked again without its span restriction, as a new step, and the steps that were skipped for want of it
read the new one. The first look and its outcome stay in the run, so the answer says both. Pure: nothing here waits or calls.
"""

import json
import re
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field
from typing import Any

from medvid.agent.catalogue import is_outcome
from medvid.agent.check import needed_steps
from medvid.agent.operations import OPS
from medvid.agent.references import ITEM, holds_null, resolve
from medvid.agent.shapes import Validator
from medvid.core import Plan, Run, Step

ENTRIES = ("calls", "counts", "values", "faults", "skipped")
WIDER = "_wider"


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

    def failures(self, step_id: str) -> list[dict[str, Any]]:
        return self._made(step_id, "failure") + self.faults.get(step_id, [])

    def _made(self, step_id: str, what: str) -> list[Any]:
        entries = self.calls.get(step_id, {})
        return [entries[index][what] for index in sorted(entries, key=int) if what in entries[index]]

    def given(self, step_id: str) -> Any:
        """What a reference to the step reads: a result, an operation's value, another tool's content; a list of them for a for_each."""
        if step_id in self.values:
            return self.values[step_id]
        entries = self.calls.get(step_id, {})
        contents = [entries.get(str(i), {}).get("content") for i in range(self.counts.get(step_id, 0))]
        read = [content.get("result") if is_outcome(content) else content for content in contents]
        return read if self.plan.step(step_id).for_each else next(iter(read), None)

    def advance(self, budget: int) -> list[Call]:
        """Runs the operations that are ready, notes what cannot run, and gives the calls to make now."""
        calls: list[Call] = []
        moved = True
        while moved:
            moved = False
            for step in self.plan.steps:
                started = self.settled(step) or step.id in self.counts
                if not started and all(self.settled(self.plan.step(needed)) for needed in needed_steps(step)):
                    calls += self._start(step, budget - len(calls) - sum(len(made) for made in self.calls.values()))
                    moved = True
        return calls

    def reopened(self, plan: Plan, changed: set[str]) -> "Ledger":
        """The same ledger for another plan: steps that changed, and those skipped for want of a changed one, are open again."""
        open_again = set(changed)
        for step in plan.steps:
            if step.id not in self.calls and needed_steps(step) & open_again:
                open_again.add(step.id)
        kept = {name: {key: value for key, value in getattr(self, name).items() if key not in open_again} for name in ENTRIES}
        return Ledger(plan, **kept)

    def _start(self, step: Step, budget: int) -> list[Call]:
        elements = [None] if step.for_each is None else list(resolve(step.for_each, self.given) or ())
        if not elements:
            self.skipped[step.id] = {"": str(step.for_each)}
        if step.op is not None:
            self._compute(step, elements)
            return []
        return self._calls(step, elements, budget) if elements else []

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

    def _calls(self, step: Step, elements: list[Any], budget: int) -> list[Call]:
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
        if len(calls) > budget:
            left = f"the {max(budget, 0)} calls left in the budget"
            self.faults[step.id] = [_fault(f"{len(calls)} calls of {step.name} are above {left}; ask for less at once")]
            return []
        if "" not in skipped:
            self.counts[step.id] = len(elements)
        return calls

    def arguments(self, step: Step, element: Any) -> dict[str, Any]:
        """The step's, with references read. element: of its for_each."""
        resolved: dict[str, Any] = resolve(step.args, lambda root: element if root == ITEM else self.given(root))
        return resolved


def _fault(message: str) -> dict[str, Any]:
    return {"kind": "plan", "message": message, "retryable": False}


def look_wider(ledger: Ledger) -> Plan | None:
    """The plan with wider looks added; None where nothing can be widened."""
    wanting = _wanting(ledger)
    widened = {
        step.id: step.model_copy(update={"id": step.id + WIDER, "args": {name: step.args[name] for name in step.args if name != "span"}})
        for step in ledger.plan.steps
        if step.id in wanting and _observed_nothing(ledger, step)
    }
    if not widened:
        return None
    steps: list[Step] = []
    for step in ledger.plan.steps:
        steps.append(_reading(step, ledger.plan, widened) if step.id in wanting else step)
        if step.id in widened:
            steps.append(widened[step.id])
    return Plan(steps=tuple(steps))


def _wanting(ledger: Ledger) -> set[str]:
    """The calls that were skipped, and every step they directly or indirectly read from."""
    found = {step.id for step in ledger.plan.steps if step.tool is not None and step.id in ledger.skipped}
    open_ids = list(found)
    while open_ids:
        needed = needed_steps(ledger.plan.step(open_ids.pop())) - found
        found |= needed
        open_ids += needed
    return found


def _observed_nothing(ledger: Ledger, step: Step) -> bool:
    """Whether it looked at a part of the video only, and saw nothing there. A for_each looked at several parts already."""
    contents = ledger.contents(step.id)
    restricted = step.tool is not None and step.for_each is None and step.args.get("span") is not None
    return restricted and bool(contents) and all(is_outcome(content) and content["status"] == "not_observed" for content in contents)


def _reading(step: Step, plan: Plan, widened: dict[str, Step]) -> Step:
    """The step, reading the wider looks. A span that it shared with a narrow look goes too: what is read may lie outside it."""
    changed = step.to_json()
    for step_id in needed_steps(step) & widened.keys():
        text = re.sub(rf'"\${step_id}(?=[."\[])', f'"${step_id}{WIDER}', json.dumps(changed))
        changed = json.loads(text)
        if changed["args"].get("span") == plan.step(step_id).args["span"]:
            del changed["args"]["span"]
    return Step.model_validate(changed)
