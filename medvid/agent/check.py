"""Check: a plan against the tools it names, before anything runs.

Found: an unknown tool or operation, a missing, unknown or wrongly typed argument, a reference that leads nowhere, a cycle, a parameter that
nothing was put in for, more calls or minutes of video than allowed. Each complaint names the step, what stands there, and what would be
right. References are checked by the schema of what they read. Source of the grammar: docs/plans.md.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from difflib import get_close_matches
from graphlib import CycleError, TopologicalSorter
from typing import Any

from medvid.agent.approval import Cost, cost_of
from medvid.agent.binding import schema_of
from medvid.agent.catalogue import LIST_VIDEOS, Listing, Tools
from medvid.agent.operations import OPS
from medvid.agent.references import ITEM, VIDEO, Every, Reference, is_reference, parse, references_in, replaced
from medvid.agent.shapes import Dangling, Placeholder, Schema, Validator, misfit, words
from medvid.core import Plan, PlanError, Step

BUDGET_CALLS = 60  # tool calls that one run may make unless told otherwise
BUDGET_MINUTES = 24 * 60.0  # of video that they may look at, each counted anew
ASKING = "ask_procedure"


def check_plan(
    plan: Plan, tools: Tools, *, listing: Sequence[Listing] = (), budget: int = BUDGET_CALLS, minutes: float = BUDGET_MINUTES,
    bound: bool = True,
) -> None:  # fmt: skip
    """Raises PlanError with one complaint for each thing that is wrong. A `for_each` over a reference counts as one call; the run counts
    its elements. bound: whether parameters and `$video` must have been put in."""
    complaints = list(_ids(plan)) or list(_cycles(plan)) or list(_Checker(plan, tools).all_complaints())
    complaints += [] if complaints else [*_above(cost_of(plan, listing), budget, minutes), *(_open(plan) if bound else ())]
    if not plan.steps:
        complaints.append("the plan has no step; give it at least one")
    if complaints:
        raise PlanError("the plan may not run:", tuple(complaints))


def needed_steps(step: Step) -> set[str]:
    """The steps (in an open plan also the parameters) this one reads from."""
    return {reference.root for reference in references_in([step.args, step.for_each])} - {ITEM, VIDEO}


def _above(cost: Cost, calls: int, minutes: float) -> Iterator[str]:
    if cost.calls > calls:
        yield f"the plan makes {cost.calls} tool calls; the budget is {calls} calls; ask for less at once or raise the budget"
    if cost.video_min > minutes:
        told = f"the plan looks at {cost.video_min:.1f} minutes of video in all; the budget is {minutes:g} minutes"
        yield f"{told}; ask about shorter spans or fewer videos, or raise the budget"


def _open(plan: Plan) -> Iterator[str]:
    for step in plan.steps:
        roots = {reference.root for reference in references_in([step.args, step.for_each])}
        for root in sorted(roots & {VIDEO, *plan.parameters}):
            yield f"step {step.id!r} ({step.name}) reads ${root}, and nothing was put in for it; give it a value before the plan runs"


def _ids(plan: Plan) -> Iterator[str]:
    ids = [step.id for step in plan.steps]
    for step_id in sorted({step_id for step_id in ids if ids.count(step_id) > 1}):
        yield f"step {step_id!r} is there {ids.count(step_id)} times; give each step its own id"
    for name in sorted({ITEM, VIDEO} & {*ids, *plan.parameters} | set(ids) & plan.parameters.keys()):
        yield f"{name!r} names a step or a parameter, and ${name} means something else already; name it otherwise"
    for step in plan.steps:
        try:
            needed = needed_steps(step)
        except PlanError as error:
            yield f"step {step.id!r} ({step.name}): {error}"
            continue
        for root in sorted(needed - {*ids, *plan.parameters}):
            yield f"step {step.id!r} ({step.name}) reads ${root}, and no step has that id; the steps are {', '.join(ids)}"


def _cycles(plan: Plan) -> Iterator[str]:
    try:
        TopologicalSorter({step.id: needed_steps(step) for step in plan.steps}).prepare()
    except CycleError as error:
        yield f"the steps {' -> '.join(error.args[1])} wait for each other; let one of them read something else"


class _Wrong(Exception):
    """What is wrong with a step, in words."""


class _Checker:
    def __init__(self, plan: Plan, tools: Tools) -> None:
        self.plan = plan
        self.tools = tools

    def all_complaints(self) -> Iterator[str]:
        for step in self.plan.steps:
            try:
                told = list(self._complaints(step))
            except _Wrong as wrong:
                told = [str(wrong)]
            yield from (f"step {step.id!r} ({step.name}): {what}" for what in told)

    def _complaints(self, step: Step) -> Iterator[str]:
        schema, element = self._input_schema(step), None
        if isinstance(step.for_each, str):
            listed = self._placeholder(parse(step.for_each), None) if is_reference(step.for_each) else None
            if listed is None or "array" not in listed.types:
                raise _Wrong(f"for_each is {step.for_each}, which is {words(listed) if listed else 'a text'}; a list is needed")
            element = listed.at(Every())
        elif step.for_each is not None:  # what the elements of a list hold that stands there is seen at the run
            element = Placeholder({}, {}, "")
        args = replaced(step.args, lambda reference: self._placeholder(reference, element))
        takes = Placeholder(schema, schema, "")
        for path, place in _places(args):
            with suppress(Dangling):  # an unknown argument is told below
                if what := misfit(place, takes.read(path)):
                    yield f"argument {'.'.join(map(str, path))}: {place.text} {what}"
        yield from (_in_words(error, step, schema) for error in Validator(schema).iter_errors(args))

    def _input_schema(self, step: Step) -> Schema:
        if step.tool == ASKING:
            raise _Wrong(f"a plan may not ask by {ASKING}; call the tools themselves")
        kind, known = ("operation", OPS) if step.op else ("tool", self.tools)
        if step.name not in known:
            near = [f"did you mean {name}? " for name in get_close_matches(step.name, known, n=1)]
            raise _Wrong(f"there is no {kind} {step.name!r}; {''.join(near)}The {kind}s are {', '.join(known) or 'none'}")
        return OPS[step.op].input_schema if step.op else self.tools[step.name].input_schema

    def _placeholder(self, reference: Reference, element: Placeholder | None) -> Placeholder:
        """What the reference will read."""
        if reference.root == ITEM and element is None:
            raise _Wrong(f"{reference.text} stands in a step without for_each; give the step a for_each or read from a step")
        source = element if reference.root == ITEM and element else self._given(reference.root)
        for depth in range(len(reference.path)):
            try:
                source.read(reference.path[: depth + 1])
            except Dangling:
                here = source.read(reference.path[:depth])
                way = "read one element with [0], or each with [*]" if here.types == {"array"} else "read a field that is there"
                raise _Wrong(f"{reference.text} leads nowhere: {reference.up_to(depth)} is {words(here)}; {way}") from None
        return replace(source.read(reference.path), text=reference.text)

    def _given(self, root: str) -> Placeholder:
        """What a step, an open parameter or `$video` will be."""
        if root in self.plan.parameters:
            return Placeholder(schema_of(self.plan.parameters[root]), {}, f"${root}")
        step = Step(id=VIDEO, tool=LIST_VIDEOS) if root == VIDEO else self.plan.step(root)
        card = self.tools.get(step.tool or "")
        schema: Any = OPS[step.op].gives if step.op in OPS else (card.output_schema if card else None) or {}
        source = Placeholder(schema, schema, f"${root}")
        if root == VIDEO:
            return source.read(("videos", Every())).at(0)
        if card is not None and card.gives_outcome:
            source = source.at("result")
        return source.listed() if step.for_each else source


def _places(value: Any, path: tuple[str | int | Every, ...] = ()) -> Iterator[tuple[tuple[str | int | Every, ...], Placeholder]]:
    if isinstance(value, Placeholder):
        yield path, value
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from _places(inner, (*path, key))


def _in_words(error: Any, step: Step, schema: Schema) -> str:
    """One line: which argument, what stands there, what would be right."""
    place = ".".join(str(part) for part in error.absolute_path)
    takes = ", ".join(f"{name}{'' if name in schema.get('required', ()) else ' (optional)'}" for name in schema.get("properties", {}))
    if error.validator in ("required", "additionalProperties"):
        missing = sorted(set(error.validator_value) - set(error.instance)) if error.validator == "required" else []
        what = f"argument {missing[0]!r} is missing" if missing else error.message
        return f"{place + ': ' if place else ''}{what}; {step.name} takes {takes or 'no arguments'}"
    inner = error.context[0].message if error.context else error.message
    # What JSON does not know is a Placeholder inside: it stands as it was written.
    return f"argument {place} is {json.dumps(error.instance, default=lambda value: value.text)[:80]}; {inner}"
