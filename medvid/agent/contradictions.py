"""Contradictions: outcomes that cannot all be right, by certain rules; shown side by side, never averaged. Source: docs/evidence.md."""

from collections.abc import Iterator
from itertools import permutations
from typing import Any, NamedTuple

from medvid.agent.catalogue import is_outcome
from medvid.agent.ledger import Ledger
from medvid.agent.references import references_in
from medvid.agent.second_look import AGAIN
from medvid.agent.words import base, find_instruments, tidy, words_of
from medvid.core import Contradiction, Span, Step

CALLED_ALIKE = {"grasper", "forceps", "bipolar"}
"""One of these is often called by the name of another."""
_DISSECT, _CLIP = ({"dissect"}, {"triangle", "calot"}), ({"clip", "cut"}, {"duct", "artery"})


class Found(NamedTuple):
    """One outcome. events: the actions that it says to happen, and when."""

    step: Step
    args: dict[str, Any]
    content: dict[str, Any]
    within: Span
    events: list[tuple[str, Span]]


def contradictions(ledger: Ledger) -> list[Contradiction]:
    """Of a pair of steps the first. Second looks have their verdicts instead."""
    found, told = list[Found](), dict[tuple[str, str], Contradiction]()
    for step in ledger.plan.steps:
        for _, args, content in ledger.asked(step) if AGAIN not in step.id else ():
            if is_outcome(content):
                result = content["result"] or {}
                events = [(args.get("action"), span) for span in result.get("spans", ())]
                events += [(event["action"], event["span"]) for event in result.get("events", ())]
                named = [(str(action), Span.model_validate(span)) for action, span in events if action]
                found.append(Found(step, args, content, Span.model_validate(content["evidence"]["span"]), named))
    for a, b in permutations(found, 2):
        for what, span, but in _rules(a, b) if a.content["evidence"]["video_id"] == b.content["evidence"]["video_id"] else ():
            if b.within.cut(span) == span:
                text = f"{what} by {a.step.name} ({a.step.id}), but {b.step.name} ({b.step.id}) {but}"
                told.setdefault((a.step.id, b.step.id), Contradiction(steps=(a.step.id, b.step.id), text=text))
    return list(told.values())


def _rules(a: Found, b: Found) -> Iterator[tuple[str, Span, str]]:
    """What a says, the stretch that b must have looked at to deny it, and how b does."""
    tools, late = (a.step.tool, b.step.tool), [span for action, span in b.events if _is(action, *_DISSECT)]
    early = [(f"“{action}” is at {span}", span) for action, span in a.events if _is(action, *_CLIP)]
    for action, span in a.events:
        here = [other for name, other in b.events if name == action]
        if tools == ("localize_action", "caption_events") and here and not any(other.cut(span) for other in here):
            yield f"“{action}” is at {span}", span, f"has it only at {_and(here)}"
        if tools == ("caption_events", "localize_action") and b.content["status"] == "not_observed" and b.args["action"] == action:
            yield f"“{action}” is at {span}", span, f"observed nothing of it within {b.within}"
    if tools[0] == "assess_cvs" and a.content["status"] == "ok":
        early += [(f"the critical view has points at {a.within}", a.within)] * any(a.content["result"]["scores"].values())
        if b.content["status"] == "not_assessable" and "too dark" in b.content["reason"]:
            yield f"the critical view has scores at {a.within}", a.within, "found that stretch too dark to assess"
    for what, span in early if tools[1] == "caption_events" and late else ():
        if all(span.end_s <= other.start_s for other in late):
            yield what, Span.of(0.0, span.end_s), f"puts the dissection later, at {_and(late)}"
    if tools == ("ground_object", "caption_region") and b.content["status"] == "ok":
        roots = {reference.root for reference in references_in([b.step.args["box_px"], b.step.for_each])}
        thing, named = _instruments(str(a.args["object"])), _instruments(b.content["result"]["text"])
        if a.step.id in roots and thing and named and not thing & named and not (thing & CALLED_ALIKE and named & CALLED_ALIKE):
            yield f"what is in the box is the {_and(thing)}", b.within, f"names the {_and(sorted(named))} there"


def _instruments(text: str) -> set[str]:
    return {name for name, _ in find_instruments(tidy(text))}


def _is(action: str, verbs: set[str], nouns: set[str]) -> bool:
    words = set(map(base, words_of(tidy(action))))
    return bool(words & verbs) and bool(words & nouns)


def _and(items: Any) -> str:
    return " and ".join(map(str, items))
