"""What is true of a simulated procedure, tool by tool, in source seconds and pixels; and of a whole plan, step by step.

Taken from the simulator's events, states and boxes, not from any model's text. Nothing is cut to frames: who compares allows for them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from medvid.agent.operations import OPS
from medvid.agent.references import ITEM, holds_null, replaced, resolve
from medvid.core import Box, Plan, Span, Step
from medvid.medvidbench.oracle import instrument_in
from medvid.medvidbench.texts import region_text
from medvid.simulate import Event, Truth, make_procedure
from medvid.tools.assess_cvs import CRITERIA
from medvid.tools.assess_skill import ASPECTS

FRAME_S = 1.0
"""Seconds between the frames that the embedded model is shown: no time can be told more finely."""
NOT_SUITED = {"assess_cvs": "suturing", "assess_skill": "cholecystectomy"}
"""The kind that a tool was not trained on: its outcome is out of scope."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A step that cannot run, for want of what it reads."""


def event_json(event: Event, span: Span) -> dict[str, Any]:
    return {"span": span.model_dump(), "action": event.action, "instrument": event.instrument}


def true_value(tool: str, args: Mapping[str, Any], truth: Truth) -> Any:
    """The `result` of a tool as it would be; None where there is nothing. Scores and next steps that the last second decides are lists of
    what may be said."""
    window = Span.model_validate(args["span"]) if args.get("span") else Span.of(0.0, truth.duration_s)
    pieces = [(event, part) for event in truth.events if (part := event.span.cut(window)) is not None and part.duration_s > 0]
    match tool:
        case "localize_action":
            spans = [part.model_dump() for event, part in pieces if event.action == named(str(args["action"]), truth)]
            return {"spans": spans} if spans else None
        case "caption_events":
            return {"events": [event_json(event, part) for event, part in pieces]} if pieces else None
        case "summarize_video":
            return {"actions": sorted({event.action for event, _ in pieces})}
        case "ground_object":
            return _track(str(args["object"]), window, float(args.get("every_s", 1.0)), truth)
        case "caption_region":
            name = instrument_in(Box.model_validate(args["box_px"]), truth, float(args["time_s"]))
            own = [event for event, _ in pieces if event.instrument == name]
            return {"text": region_text(name, own)} if name is not None else None
        case "predict_next":
            found = list(dict.fromkeys(_next(truth, window.end_s - back) for back in (1e-3, FRAME_S)))
            return {"may_be": found} if any(found) else None
        case "assess_skill":
            return {"may_be": [dict(zip(ASPECTS, truth.skill, strict=True))]} if truth.skill else None
        case "assess_cvs":
            ends = (window.end_s - FRAME_S, window.end_s - 1e-3)
            states = [state.scores for state in truth.cvs if state.start_s <= ends[1]]
            over = sum(ends[0] < state.start_s <= ends[1] for state in truth.cvs)
            return {"may_be": [dict(zip(CRITERIA, scores, strict=True)) for scores in states[-1 - over :]]} if states else None
    return None


def named(phrase: str, truth: Truth) -> str | None:
    """The action of the procedure's list that a phrase names; None where it names none."""
    said = phrase.strip().casefold()
    return next((one.name for one in truth.case.actions if said in (name.casefold() for name in (one.name, *one.synonyms))), None)


def _track(thing: str, window: Span, every_s: float, truth: Truth) -> Any:
    times = [window.start_s + i * every_s for i in range(max(1, int((window.duration_s - 1e-6) / every_s) + 1))]
    name = thing.casefold().removeprefix("the ")
    found = [{"time_s": time_s, "box_px": list(box.root)} for time_s in times if (box := truth.box_at(name, time_s)) is not None]
    return {"track": found} if found else None


def _next(truth: Truth, time_s: float) -> str | None:
    events = make_procedure(truth.seed, truth.kind).events
    begun = [event for event in events if event.span.start_s <= truth.offset_s + time_s]
    return next((event.action for event in events[len(begun) :] if not begun or event.action != begun[-1].action), None)


def true_values(plan: Plan, truths: Mapping[str, Truth]) -> dict[str, Any]:
    """What each step gives: a tool's `result` (None: nothing is there; a Skipped: it cannot run) or an operation's value; a list of them
    for a for_each."""
    values: dict[str, Any] = {}
    waiting = list(plan.steps)
    while waiting:
        step = next(step for step in waiting if all(root in values for root in _roots(step)))
        waiting.remove(step)
        values[step.id] = _step_value(step, values, truths)
    return values


def _roots(step: Step) -> set[str]:
    found: set[str] = set()
    replaced([step.args, step.for_each], lambda reference: found.add(reference.root))
    return found - {ITEM}


def _step_value(step: Step, values: Mapping[str, Any], truths: Mapping[str, Truth]) -> Any:
    def given(root: str) -> Any:
        return None if isinstance(values[root], Skipped) else values[root]

    if step.for_each is None:
        return _one(step, lambda root: given(root), truths)
    elements = resolve(list(step.for_each) if isinstance(step.for_each, tuple) else step.for_each, given) or []
    return [_one(step, lambda root, element=element: element if root == ITEM else given(root), truths) for element in elements]


def _one(step: Step, lookup: Any, truths: Mapping[str, Truth]) -> Any:
    args = resolve(step.args, lookup)
    if step.op is not None:
        return OPS[step.op].run(**{name: None if holds_null(step.args[name], value) else value for name, value in args.items()})
    if holds_null(step.args, args):
        return Skipped()
    if "video_id" not in args:
        return {"videos": sorted(truths)}
    return true_value(step.name, args, truths[args["video_id"]])


def is_nothing(value: Any) -> bool:
    """Whether a step found nothing, in truth."""
    return value is None or isinstance(value, Skipped) or value in ([], 0, 0.0) or (isinstance(value, list) and all(map(is_nothing, value)))


