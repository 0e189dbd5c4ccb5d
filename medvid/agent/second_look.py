"""Second look: each claim about a time is looked at again by other means, and what comes of it is a verdict with a confidence.

The means: the same tool at twice the rate over the stretch around the claim; where that rate is above what checkpoints are trained at, or
the model always answers, `caption_events`, which is not told what to find. The looks are steps of the plan (`s1_again`). A look confirms
a claim where its span meets it by half; it rejects it where it does not, and the model was at least as sure of that. Its span is adopted
where it confirms at the higher rate and the model was surer of it, never because it can be read.

Confidence: the two looks as independent opinions, each as sure as its mean token probability p: pq / (pq + (1-p)(1-q)), where q is the
second's p, or 1-p where it does not confirm. How far it is off stands in the checkpoint's card (benchmarks/agent/calibration.py).
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from medvid.agent.actions import Declared, meet
from medvid.agent.catalogue import Listing, is_outcome
from medvid.agent.ledger import Ledger
from medvid.agent.replan import ENOUGH_FPS, STEM, Takes
from medvid.agent.sentences import FAILED, on_grid, rate_of, rate_text, spans_text, unverified
from medvid.agent.words import tidy
from medvid.core import Plan, SecondLook, Span, Step

MOST = 4
"""Claims of one run that are looked at again, the first of each step before its second."""
AROUND_S = 2.0
LONGEST_S = 30.0
"""Of a longer stretch its beginning is looked at."""
HIGHEST_FPS = max(ENOUGH_FPS.values())
AGREE = 0.5
AGAIN, LOCALIZE, EVENTS = "_again", "localize_action", "caption_events"


class Claim(NamedTuple):
    """look: the verdict to come. call: the index of the call that gave the span, the number-th of its outcome."""

    look: SecondLook
    step: Step
    call: str
    number: int
    span: Span
    args: dict[str, Any]
    content: dict[str, Any]


def claims(ledger: Ledger) -> list[Claim]:
    """Every span that was localised, but for those of second looks; the first of each outcome, then the second."""
    return sorted(
        (
            Claim(look, step, call, number, Span.model_validate(span), args, content)
            for step in ledger.plan.steps
            if step.tool == LOCALIZE and AGAIN not in step.id
            for index, (call, args, content) in enumerate(ledger.asked(step))
            if is_outcome(content) and content["status"] == "ok"
            for number, span in enumerate(content["result"]["spans"])
            for look in [SecondLook(step=step.id, index=index, place=f"spans[{number}]", verdict="unverified")]
        ),
        key=lambda claim: claim.number,
    )


def look_again(ledger: Ledger, listing: Sequence[Listing], takes: Takes, room: int) -> tuple[Plan, list[SecondLook]]:
    """The plan with at most `room` second looks, each below the step it is about, and a verdict to come for each claim."""
    made: dict[str, list[Step]] = {}
    looks: list[SecondLook] = []
    for claim in claims(ledger):
        below = made.setdefault(claim.step.id, [])
        step, reason = _step(claim, listing, takes, f"{claim.step.id[:STEM]}{AGAIN}{len(below) + 1 if below else ''}"), ""
        if step is None or sum(map(len, made.values())) >= min(MOST, room):
            reason = "there is no other way to look at it" if step is None else f"at most {MOST} are looked at again, within the budget"
        below += [step] if step and not reason else []
        looks.append(claim.look.model_copy(update={"reason": reason, "by": None if reason else below[-1].id}))
    steps = [new for step in ledger.plan.steps for new in (step, *made.get(step.id, ()))]
    return ledger.plan.model_copy(update={"steps": tuple(steps)}), looks


def _step(claim: Claim, listing: Sequence[Listing], takes: Takes, step_id: str) -> Step | None:
    video: Listing = next((video for video in listing if video["video_id"] == claim.args["video_id"]), {})
    start, end = max(0.0, claim.span.start_s - AROUND_S), min(claim.span.end_s + AROUND_S, video.get("duration_s", math.inf))
    args = {**claim.args, "span": {"start_s": start, "end_s": min(end, start + LONGEST_S)}}
    fps = min(2 * rate_of(claim.content), video.get("fps", HIGHEST_FPS), HIGHEST_FPS)
    if "fps" in takes.get(LOCALIZE, ()) and fps > rate_of(claim.content) and not unverified(claim.content):
        return Step(id=step_id, tool=LOCALIZE, args=args | {"fps": fps})
    kept = {name: args[name] for name in ("video_id", "span", "insist") if name in args}
    return Step(id=step_id, tool=EVENTS, args=kept) if EVENTS in takes else None


def judged(ledger: Ledger, looks: Sequence[SecondLook]) -> tuple[list[SecondLook], dict[str, dict[str, Any]]]:
    """The looks with what came of them, and the results that are adopted (ledger.revised)."""
    known = {(claim.step.id, claim.look.index, claim.look.place): claim for claim in claims(ledger)}
    told, revised = list(looks), dict[str, dict[str, Any]]()
    for i, look in enumerate(looks):
        claim = known[look.step, look.index, look.place]
        if look.by is not None:
            told[i], span = _judge(look, claim, ledger.plan.step(look.by), next(iter(ledger.contents(look.by)), None))
            if span is not None:
                result = revised.setdefault(look.step, {}).setdefault(claim.call, {"spans": list(claim.content["result"]["spans"])})
                result["spans"][claim.number] = span.model_dump()
    return told, revised


def _judge(look: SecondLook, claim: Claim, by: Step, content: Any) -> tuple[SecondLook, Span | None]:
    """The look with its verdict, and the span that is adopted. content: of the second look, None where it failed."""
    p, status = _sureness(claim.content, claim.span), content["status"] if is_outcome(content) else ""
    if status not in ("ok", "not_observed"):
        return look.model_copy(update={"reason": f"the second look {FAILED.get(status, 'failed')}", "confidence": p and round(p, 2)}), None
    stretch, rates = Span.model_validate(content["evidence"]["span"]), (rate_of(claim.content), rate_of(content))
    inside = claim.span.cut(stretch) or claim.span
    seen = max(_seen(content, str(claim.args["action"])), key=inside.iou, default=None)
    agrees = seen is not None and inside.iou(seen) >= AGREE
    q = _sureness(content, stretch)
    # An event that a model leaves out which always answers proves nothing.
    means = rates[1] > rates[0] if by.tool == LOCALIZE else agrees or not unverified(claim.content)
    surer = p is not None and q is not None and q >= p and means
    saw = f"places it at {spans_text(on_grid([seen.model_dump()], rates[1]))}" if seen else f"sees nothing of it within {stretch}"
    who = f"{EVENTS}, which was not told what to find," if by.tool == EVENTS else f"a look at {rate_text(rates[1])} frames a second"
    reason = f"{who} {saw}"
    adopted = seen if seen and agrees and surer and by.tool == LOCALIZE and inside == claim.span != seen else None
    if p and q:
        if adopted:
            reason += f", which is adopted: mean log-probability {math.log(q):.3f} against {math.log(p):.3f} at {rate_text(rates[0])}"
        side = q if agrees else 1 - q
        look = look.model_copy(update={"confidence": round(p * side / (p * side + (1 - p) * (1 - side)), 2)})
    return look.model_copy(update={"verdict": "confirmed" if agrees else "rejected" if surer else "unverified", "reason": reason}), adopted


def _seen(content: dict[str, Any], action: str) -> list[Span]:
    """Where the second look has the action."""
    result = content["result"] or {}
    named = [(event, tidy(f"{event.get('action') or ''} {event['caption']}")) for event in result.get("events", ())]
    spans = [event["span"] for event, text in named if event.get("action") == action or meet(text, (Declared.of(action),))]
    return list(map(Span.model_validate, [*spans, *result.get("spans", ())]))


def _sureness(content: dict[str, Any], span: Span) -> float | None:
    """The mean probability of a token in what the model wrote of the looks that show the span, never quite 1; None if unknown."""
    looks, raw = content["evidence"]["looks"], content["evidence"]["raw"]
    if len(looks) == len(raw):
        raw = [text for text, look in zip(raw, looks, strict=True) if look["start_s"] < span.end_s and span.start_s < look["end_s"]]
    said = [text.get("mean_logprob") for text in raw]
    return min(0.999, math.exp(min(said))) if said and None not in said else None
