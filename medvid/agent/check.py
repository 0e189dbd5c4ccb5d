"""Check: a plan against the tools it names, before anything runs.

Found: an unknown tool or operation, a missing, unknown or wrongly typed argument, a reference that leads nowhere, a cycle, a parameter that
nothing was put in for, more calls or minutes of video than allowed. Each complaint names the step, what stands there, and what would be
right. References are checked by the schema of what they read. Source of the grammar: docs/plans.md.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from difflib import get_close_matches
from graphlib import CycleError, TopologicalSorter
from typing import Any

from medvid.agent.binding import schema_of
from medvid.agent.catalogue import LIST_VIDEOS, Listing, Tools
from medvid.agent.operations import OPS, Operation
from medvid.agent.references import ITEM, VIDEO, Every, Reference, is_reference, parse, references_in, replaced, resolve, written
from medvid.agent.shapes import Dangling, Placeholder, Validator, words
from medvid.core import Plan, PlanError, Step

BUDGET_CALLS = 60
"""Tool calls that one run may make unless told otherwise."""
BUDGET_MINUTES = 24 * 60.0
"""Minutes of video that the calls of one run may look at, each counted anew."""
ASKING = "ask_procedure"


def cost_of(plan: Plan, listing: Sequence[Listing]) -> tuple[int, float]:
    """Tool calls, and seconds of video they look at. What is not known before counts as one element, as the whole video."""
    lengths = {video["video_id"]: float(video["duration_s"]) for video in listing}
    looks: list[float] = []
    for step in (step for step in plan.steps if step.tool is not None):
        for element in step.for_each if isinstance(step.for_each, tuple) else (None,):
            args = resolve(step.args, {ITEM: element}.get)
            match args.get("span"):
                case {"start_s": int() | float() as start, "end_s": int() | float() as end}:
                    looks.append(max(0.0, end - start))
                case _:
                    looks.append(lengths.get(str(args.get("video_id")), 0.0))
    return len(looks), sum(looks)


def check_plan(
    plan: Plan, tools: Tools, *, listing: Sequence[Listing] = (), budget: int = BUDGET_CALLS, minutes: float = BUDGET_MINUTES,
    bound: bool = True,
) -> None:  # fmt: skip
    """Raises PlanError with one complaint for each thing that is wrong. A `for_each` over a reference counts as one call; the run counts
    its elements. bound: whether parameters and `$video` must have been put in."""
    complaints = list(_ids(plan)) or list(_cycles(plan)) or list(_Checker(plan, tools).all_complaints())
    complaints += [] if complaints else [*_above(*cost_of(plan, listing), budget, minutes), *(_open(plan) if bound else ())]
    if not plan.steps:
        complaints.append("the plan has no step; give it at least one")
    if complaints:
        raise PlanError("the plan may not run:", tuple(complaints))


def needed_steps(step: Step) -> set[str]:
    """The steps (in an open plan also the parameters) this one reads from."""
    return {reference.root for reference in references_in([step.args, step.for_each])} - {ITEM, VIDEO}


def _above(calls: int, video_s: float, budget: int, minutes: float) -> Iterator[str]:
    if calls > budget:
        yield f"the plan makes {calls} tool calls; the budget is {budget} calls; ask for less at once or raise the budget"
    if video_s > minutes * 60:
        told = f"the plan looks at {video_s / 60:.1f} minutes of video in all; the budget is {minutes:g} minutes"
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


class _Checker:
    def __init__(self, plan: Plan, tools: Tools) -> None:
        self.plan = plan
        self.tools = tools

    def all_complaints(self) -> Iterator[str]:
        for step in self.plan.steps:
            yield from (f"step {step.id!r} ({step.name}): {what}" for what in self._complaints(step))

    def _complaints(self, step: Step) -> Iterator[str]:
        schema = self._input_schema(step)
        if isinstance(schema, str):
            yield schema
            return
        element: Placeholder | None = None
        if step.for_each is not None:
            listed = self._list(step.for_each)
            if isinstance(listed, str):
                yield listed
                return
            if "array" not in listed.types:
                yield f"for_each is {step.for_each}, which is {words(listed)}; a list is needed"
                return
            element = listed.at(Every())
        wrong: list[str] = []

        def placeholder(reference: Reference) -> Placeholder | str:
            place = self._placeholder(reference, element)
            if isinstance(place, str):
                wrong.append(place)
            return place

        args = replaced(step.args, placeholder)
        if wrong:
            yield from wrong
            return
        # A reference may break several rules of one argument; the first says it.
        told: set[tuple[Any, str]] = set()
        for error in Validator(schema).iter_errors(args):
            text = error.instance.text if isinstance(error.instance, Placeholder) else ""
            key = (error.absolute_path[0] if error.absolute_path else None, text)
            if not text or key not in told:
                told.add(key)
                yield _in_words(error, step, schema)

    def _list(self, for_each: str | tuple[Any, ...]) -> Placeholder | str:
        """A list given as it stands is known by being there; what its elements hold is seen at the run."""
        if not isinstance(for_each, str):
            return Placeholder({"type": "array"}, {}, "for_each")
        return self._placeholder(parse(for_each), None) if is_reference(for_each) else "for_each is no reference; write $step.list"

    def _input_schema(self, step: Step) -> dict[str, Any] | str:
        """The schema of its arguments, or what is wrong with its name."""
        if step.op is not None:
            return OPS[step.op].input_schema if step.op in OPS else _unknown("operation", step.op, OPS)
        if step.tool == ASKING:
            return f"a plan may not ask by {ASKING}; call the tools themselves"
        card = self.tools.get(step.tool or "")
        return card.input_schema if card else _unknown("tool", step.tool or "", self.tools)

    def _placeholder(self, reference: Reference, element: Placeholder | None) -> Placeholder | str:
        """What the reference will read, or what is wrong with it."""
        if reference.root == ITEM and element is None:
            return f"{reference.text} stands in a step without for_each; give the step a for_each or read from a step"
        source = element if reference.root == ITEM and element else self._given(reference.root)
        for depth in range(len(reference.path)):
            try:
                source.read(reference.path[: depth + 1])
            except Dangling:
                here = source.read(reference.path[:depth])
                way = "read one element with [0], or each with [*]" if here.types == {"array"} else "read a field that is there"
                return f"{reference.text} leads nowhere: {written(reference.root, reference.path[:depth])} is {words(here)}; {way}"
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


def _unknown(kind: str, name: str, known: dict[str, Operation] | Tools) -> str:
    near = get_close_matches(name, known, n=1)
    return f"there is no {kind} {name!r}; {f'did you mean {near[0]}? ' if near else ''}The {kind}s are {', '.join(known) or 'none'}"


def _in_words(error: Any, step: Step, schema: dict[str, Any]) -> str:
    """One line: which argument, what stands there, what would be right."""
    place = ".".join(str(part) for part in error.absolute_path)
    takes = ", ".join(f"{name}{'' if name in schema.get('required', ()) else ' (optional)'}" for name in schema.get("properties", {}))
    if isinstance(error.instance, Placeholder):
        return f"argument {place}: {error.instance.text} {error.message}"
    if error.validator in ("required", "additionalProperties"):
        missing = sorted(set(error.validator_value) - set(error.instance)) if error.validator == "required" else []
        what = f"argument {missing[0]!r} is missing" if missing else error.message
        return f"{place + ': ' if place else ''}{what}; {step.name} takes {takes or 'no arguments'}"
    inner = error.context[0].message if error.context else error.message
    # What JSON does not know is a Placeholder inside: it stands as it was written.
    return f"argument {place} is {json.dumps(error.instance, default=lambda value: value.text)[:80]}; {inner}"
