"""Second look: each claim about a time is looked at again by other means, and what comes of it is a verdict with a confidence.

The means: the same tool at twice the rate over the stretch around the claim; where that rate is above what checkpoints are trained at, or
the model always answers, `caption_events`, which is not told what to find. The looks are steps of the plan (`s1_again`). A look confirms
a claim where its span meets it by half; it rejects it where it does not, and the model was at least as sure of that. Its span is adopted
where it confirms at the higher rate and the model was surer of it, never because it can be read.

Confidence: the two looks as independent opinions, whose odds are those of the mean probability of a token, the second's turned over where
it does not confirm. The product is squared, for a token is a digit, and a claim is right that meets the truth by half. How far it is off
stands in the checkpoint's card (benchmarks/agent/calibration.py).
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from medvid.agent.actions import Declared, meet
from medvid.agent.catalogue import Listing, is_outcome
from medvid.agent.ledger import Ledger
from medvid.agent.replan import STEM, Takes
from medvid.agent.sentences import FAILED, on_grid, rate_of, rate_text, spans_text, unverified
from medvid.agent.words import tidy
from medvid.core import SecondLook, Span, Step

MOST = 4
"""Claims of one run that are looked at again, the first of each step before its second."""
AROUND_S, LONGEST_S = 2.0, 30.0
"""Before and after a claim, and in all: of what is longer, its beginning is looked at."""
HIGHEST_FPS, AGREE = 2.0, 0.5
AGAIN, LOCALIZE, EVENTS = "_again", "localize_action", "caption_events"


class Claim(NamedTuple):
    """look: as yet without a verdict. call: the index of the call whose outcome has the span as its number-th."""

    look: SecondLook
    call: str
    number: int
    span: Span
    args: dict[str, Any]
    content: dict[str, Any]


def claims(ledger: Ledger) -> list[Claim]:
    """Every span that was localised, but for those of second looks; the first of each outcome, then the second."""
    found = [
        Claim(look, call, number, Span.model_validate(span), args, content)
        for step in ledger.plan.steps
        for index, (call, args, content) in enumerate(ledger.asked(step) if step.tool == LOCALIZE and AGAIN not in step.id else ())
        for number, span in enumerate(content["result"]["spans"] if is_outcome(content) and content["status"] == "ok" else ())
        for look in [SecondLook(step=step.id, index=index, place=f"spans[{number}]", verdict="unverified")]
    ]
    return sorted(found, key=lambda claim: claim.number)


def look_again(ledger: Ledger, listing: Sequence[Listing], takes: Takes, room: int) -> tuple[Ledger, list[SecondLook]]:
    """With at most `room` second looks open, each below the step it is about, and a verdict to come for each claim."""
    made: dict[str, list[Step]] = {}
    looks: list[SecondLook] = []
    for claim in claims(ledger):
        below = made.setdefault(claim.look.step, [])
        step = _step(claim, listing, takes, f"{claim.look.step[:STEM]}{AGAIN}{len(below) + 1 if below else ''}")
        full = sum(map(len, made.values())) >= min(MOST, room)
        reason = f"at most {MOST} are looked at again, within the budget" if full else "" if step else "there is no other way to look at it"
        below += [step] if step and not full else []
        looks.append(claim.look.model_copy(update={"reason": reason, "by": None if reason else below[-1].id}))
    return ledger.reopened(ledger.plan.with_steps(made), set()), looks


def _step(claim: Claim, listing: Sequence[Listing], takes: Takes, step_id: str) -> Step | None:
    video: Listing = next((video for video in listing if video["video_id"] == claim.args["video_id"]), {})
    start, end = max(0.0, claim.span.start_s - AROUND_S), min(claim.span.end_s + AROUND_S, video.get("duration_s", math.inf))
    args = {**claim.args, "span": {"start_s": start, "end_s": min(end, start + LONGEST_S)}}
    fps = min(2 * rate_of(claim.content), video.get("fps", HIGHEST_FPS), HIGHEST_FPS)
    if "fps" in takes.get(LOCALIZE, ()) and fps > rate_of(claim.content) and not unverified(claim.content):
        return Step(id=step_id, tool=LOCALIZE, args=args | {"fps": fps})
    kept = {name: args[name] for name in ("video_id", "span", "insist") if name in args}
    return Step(id=step_id, tool=EVENTS, args=kept) if EVENTS in takes else None


def judged(ledger: Ledger, looks: Sequence[SecondLook]) -> tuple[Ledger, list[SecondLook]]:
    """The looks with what came of them. What is adopted is read by the operations, which are open again; calls that were made over the
    first claim stay as they are."""
    told, revised = [], ledger.revised
    made = {(claim.look.step, claim.look.index, claim.look.place): claim for claim in claims(ledger)}
    for look in looks:
        claim = made[look.step, look.index, look.place]
        by = None if look.by is None else ledger.plan.step(look.by)
        told.append(look if by is None else _judged(look, claim, by.name, next(iter(ledger.contents(by.id)), None)))
        if (span := told[-1].adopted) is not None:
            result = revised.setdefault(look.step, {}).setdefault(claim.call, {"spans": list(claim.content["result"]["spans"])})
            result["spans"][claim.number] = span.model_dump()
    return ledger.reopened(ledger.plan, ledger.reading(revised.keys())), told


def _judged(look: SecondLook, claim: Claim, by: str, content: Any) -> SecondLook:
    """by: the tool of the second look. content: of it, None where it failed."""
    p, status = _sureness(claim.content, claim.span), content["status"] if is_outcome(content) else ""
    if status not in ("ok", "not_observed"):
        return look.model_copy(update={"reason": f"the second look {FAILED.get(status, 'failed')}", "confidence": _confidence(p, 0.5)})
    stretch, before, now = Span.model_validate(content["evidence"]["span"]), rate_of(claim.content), rate_of(content)
    q, inside = _sureness(content, stretch), claim.span.cut(stretch) or claim.span
    seen = max(_seen(content, str(claim.args["action"])), key=inside.iou, default=None)
    agrees = seen is not None and inside.iou(seen) >= AGREE
    # An event that a model leaves out which always answers proves nothing.
    surer = p is not None and q is not None and q >= p and (now > before if by == LOCALIZE else agrees or not unverified(claim.content))
    who = f"{EVENTS}, which was not told what to find," if by == EVENTS else f"a look at {rate_text(now)} frames a second"
    reason = f"{who} {f'places it at {spans_text(on_grid([seen.model_dump()], now))}' if seen else f'sees nothing of it within {stretch}'}"
    adopted = seen if seen and agrees and surer and by == LOCALIZE and inside == claim.span != seen else None
    if adopted and p and q:
        reason += f", which is adopted: mean log-probability {math.log(q):.3f} against {math.log(p):.3f} at {rate_text(before)}"
    side = None if q is None else q if agrees else 1 - q
    verdict = "confirmed" if agrees else "rejected" if surer else "unverified"
    return look.model_copy(update={"verdict": verdict, "reason": reason, "confidence": _confidence(p, side), "adopted": adopted})


def _confidence(p: float | None, q: float | None) -> float | None:
    """Between 0.01 and 0.99, for no look is certain."""
    return min(0.99, max(0.01, round(1 / (1 + ((1 - p) * (1 - q) / (p * q)) ** 2), 2))) if p and q else None


def _seen(content: dict[str, Any], action: str) -> list[Span]:
    """Where the second look has the action."""
    result, wanted = content["result"] or {}, (Declared.of(action),)
    named = [event["span"] for event in result.get("events", ()) if event.get("action") == action or meet(tidy(event["caption"]), wanted)]
    return list(map(Span.model_validate, [*named, *result.get("spans", ())]))


def _sureness(content: dict[str, Any], span: Span) -> float | None:
    """The mean probability of a token in what the model wrote of the looks that show the span, never quite 1; None if unknown."""
    looks, raw = content["evidence"]["looks"], content["evidence"]["raw"]
    if len(looks) == len(raw):
        raw = [text for text, look in zip(raw, looks, strict=True) if look["start_s"] < span.end_s and span.start_s < look["end_s"]]
    said = [text.get("mean_logprob") for text in raw]
    return min(0.999, math.exp(min(said))) if said and None not in said else None
