"""Contradictions: outcomes that cannot all be right, found by rules. They are shown side by side, never averaged and never settled.

Only what is certain is a rule: what tells of an absence looked at all of the other's stretch; second looks have their verdicts instead.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations
from typing import Any

from medvid.agent.catalogue import is_outcome
from medvid.agent.ledger import Ledger
from medvid.agent.references import references_in
from medvid.agent.sentences import spans_text
from medvid.agent.words import base, find_instruments, tidy, words_of
from medvid.core import Contradiction, Span, Step

CALLED_ALIKE = {"grasper", "forceps", "bipolar"}
"""One of these is often called by the name of another."""


@dataclass(frozen=True, slots=True)
class Found:
    """One outcome, and what it says to happen when."""

    step: Step
    args: dict[str, Any]
    content: dict[str, Any]

    @property
    def within(self) -> Span:
        return Span.model_validate(self.content["evidence"]["span"])

    @property
    def events(self) -> list[tuple[str, Span]]:
        result = self.content["result"] or {}
        told = [(self.args.get("action"), span) for span in result.get("spans", ())]
        told += [(event["action"], event["span"]) for event in result.get("events", ())]
        return [(str(action), Span.model_validate(span)) for action, span in told if action]


def contradictions(ledger: Ledger) -> list[Contradiction]:
    """One a pair of steps, of each rule the first."""
    steps = [step for step in ledger.plan.steps if step.tool and "_again" not in step.id]
    found = [Found(step, args, content) for step in steps for _, args, content in ledger.asked(step) if is_outcome(content)]
    told: dict[tuple[str, str], Contradiction] = {}
    for a, b in permutations(found, 2):
        for what, but in (*_place(a, b), *_too_early(a, b), *_too_dark(a, b), *_instrument(a, b)):
            text = f"{what} by {a.step.name} ({a.step.id}), but {b.step.name} ({b.step.id}) {but}"
            told.setdefault((a.step.id, b.step.id), Contradiction(steps=(a.step.id, b.step.id), text=text))
    return list(told.values())


def _covers(a: Found, b: Found, span: Span) -> bool:
    """Whether b looked at a stretch of a's video that holds the span."""
    return a.content["evidence"]["video_id"] == b.content["evidence"]["video_id"] and b.within.cut(span) == span


def _place(a: Found, b: Found) -> Iterator[tuple[str, str]]:
    """What one localised where events name it elsewhere only, and what events name where a look for it observed nothing."""
    kinds = (a.step.tool, b.step.tool, b.content["status"])
    for action, span in a.events:
        if not _covers(a, b, span):
            continue
        here = [other for name, other in b.events if name == action]
        if kinds == ("localize_action", "caption_events", "ok") and here and not any(other.cut(span) for other in here):
            yield f"“{action}” is at {spans_text([span])}", f"has it only at {spans_text(here)}"
        if kinds == ("caption_events", "localize_action", "not_observed") and b.args.get("action") == action:
            yield f"“{action}” is at {spans_text([span])}", f"observed nothing of it within {spans_text([b.within])}"


def _too_early(a: Found, b: Found) -> Iterator[tuple[str, str]]:
    """A duct or artery clipped or cut, or points of the critical view, before the dissection that events seen from the start put later."""
    late = [span for action, span in b.events if b.step.tool == "caption_events" and _is(action, {"dissect"}, {"triangle", "calot"})]
    early = [(f"“{action}” is at", span) for action, span in a.events if _is(action, {"clip", "cut"}, {"duct", "artery"})]
    if a.step.tool == "assess_cvs" and any((a.content["result"] or {"scores": {}})["scores"].values()):
        early = [("the critical view has points at", a.within)]
    for what, span in early:
        if late and _covers(a, b, Span.of(0.0, span.end_s)) and all(span.end_s <= other.start_s for other in late):
            yield f"{what} {spans_text([span])}", f"puts the dissection later, at {spans_text(late)}"


def _too_dark(a: Found, b: Found) -> Iterator[tuple[str, str]]:
    dark = b.content["status"] == "not_assessable" and "too dark" in b.content["reason"]
    if dark and a.step.tool == "assess_cvs" and a.content["status"] == "ok" and _covers(a, b, a.within):
        yield f"the critical view has scores at {spans_text([a.within])}", "found that stretch too dark to assess"


def _instrument(a: Found, b: Found) -> Iterator[tuple[str, str]]:
    """What was grounded, and a caption of that box that names other instruments only."""
    if b.step.tool == "caption_region" and b.content["status"] == "ok":
        roots = {reference.root for reference in references_in([b.step.args["box_px"], b.step.for_each])}
        thing, named = _instruments(str(a.args.get("object", ""))), _instruments(b.content["result"]["text"])
        if a.step.id in roots and thing and named and not thing & named and not (thing & CALLED_ALIKE and named & CALLED_ALIKE):
            yield f"what is in the box is the {' '.join(thing)}", f"names the {' and '.join(sorted(named))} there"


def _instruments(text: str) -> set[str]:
    return {name for name, _ in find_instruments(tidy(text))}


def _is(action: str, verbs: set[str], nouns: set[str]) -> bool:
    words = set(map(base, words_of(tidy(action))))
    return bool(words & verbs) and bool(words & nouns)
