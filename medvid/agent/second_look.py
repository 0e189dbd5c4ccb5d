"""Second look: each claim about a time looked at again by other means: a verdict, and a confidence. Source: docs/evidence.md."""

import math
from collections.abc import Sequence
from typing import Any

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
HIGHEST_FPS, AGREE, NEAR = 2.0, 0.5, 2.0
"""Looks agree from this IoU on, their ends within so many frames of the first."""
AGAIN, LOCALIZE, EVENTS = "_again", "localize_action", "caption_events"


Claim = tuple[SecondLook, str, Span, dict[str, Any], dict[str, Any]]
"""Without a verdict yet; the index of the call that gave it; what is claimed; that call's arguments and outcome."""


def claims(ledger: Ledger) -> list[Claim]:
    """Every span that was localised, but for those of second looks; the first of each outcome, then the second."""
    found = [
        (number, (look, call, Span.model_validate(span), args, content))
        for step in ledger.plan.steps
        for index, (call, args, content) in enumerate(ledger.asked(step) if step.tool == LOCALIZE and AGAIN not in step.id else ())
        for number, span in enumerate(content["result"]["spans"] if is_outcome(content) and content["status"] == "ok" else ())
        for look in [SecondLook(step=step.id, index=index, place=f"spans[{number}]", verdict="unverified")]
    ]
    return [claim for _, claim in sorted(found, key=lambda item: item[0])]


def look_again(ledger: Ledger, listing: Sequence[Listing], takes: Takes, room: int) -> tuple[Ledger, list[SecondLook]]:
    """With at most `room` second looks open, each below the step it is about, and a verdict to come for each claim."""
    made: dict[str, list[Step]] = {}
    looks: list[SecondLook] = []
    for claim in claims(ledger):
        look, below = claim[0], made.setdefault(claim[0].step, [])
        step = _step(claim, listing, takes, f"{look.step[:STEM]}{AGAIN}{len(below) + 1 if below else ''}")
        full = sum(map(len, made.values())) >= min(MOST, room)
        reason = f"at most {MOST} are looked at again, within the budget" if full else "" if step else "there is no other way to look at it"
        below += [step] if step and not full else []
        looks.append(look.model_copy(update={"reason": reason, "by": None if reason else below[-1].id}))
    return ledger.reopened(ledger.plan.with_steps(made), set()), looks


def _step(claim: Claim, listing: Sequence[Listing], takes: Takes, step_id: str) -> Step | None:
    _, _, span, args, content = claim
    video: Listing = next((video for video in listing if video["video_id"] == args["video_id"]), {})
    start, end = max(0.0, span.start_s - AROUND_S), min(span.end_s + AROUND_S, video.get("duration_s", math.inf))
    args = {**args, "span": {"start_s": start, "end_s": min(end, start + LONGEST_S)}}
    fps = min(2 * rate_of(content), video.get("fps", HIGHEST_FPS), HIGHEST_FPS)
    if "fps" in takes.get(LOCALIZE, ()) and fps > rate_of(content) and not unverified(content):
        return Step(id=step_id, tool=LOCALIZE, args=args | {"fps": fps})
    kept = {name: args[name] for name in ("video_id", "span", "insist") if name in args}
    return Step(id=step_id, tool=EVENTS, args=kept) if EVENTS in takes else None


def judged(ledger: Ledger, looks: Sequence[SecondLook]) -> tuple[Ledger, list[SecondLook]]:
    """The looks with what came of them. What is adopted is read by the operations, which are open again; calls that were made over the
    first claim stay as they are."""
    known = {(look.step, look.index, look.place): claim for claim in claims(ledger) for look in claim[:1]}
    told, revised = list[SecondLook](), ledger.revised
    for look in looks:
        claim = known[look.step, look.index, look.place]
        by = None if look.by is None else ledger.plan.step(look.by)
        told.append(look if by is None else _judged(look, claim, by.name, next(iter(ledger.contents(by.id)), None)))
        if (span := told[-1].adopted) is not None:
            result = revised.setdefault(look.step, {}).setdefault(claim[1], {"spans": list(claim[4]["result"]["spans"])})
            result["spans"][look.number] = span.model_dump()
    return ledger.reopened(ledger.plan, ledger.reading(revised.keys())), told


def _judged(look: SecondLook, claim: Claim, by: str, again: Any) -> SecondLook:
    """by: the tool of the second look. again: what it gave, None where it failed."""
    _, _, span, args, content = claim
    p, status = _sureness(content, span), again["status"] if is_outcome(again) else ""
    if status not in ("ok", "not_observed"):
        return look.model_copy(update={"reason": f"the second look {FAILED.get(status, 'failed')}", "confidence": _confidence(p, 0.5)})
    stretch, before, now = Span.model_validate(again["evidence"]["span"]), rate_of(content), rate_of(again)
    q, inside, result, wanted = _sureness(again, stretch), span.cut(stretch) or span, again["result"] or {}, (Declared.of(args["action"]),)
    told = [event["span"] for event in result.get("events", ()) if meet(tidy(f"{event['action'] or ''} {event['caption']}"), wanted)]
    seen = max(map(Span.model_validate, [*told, *result.get("spans", ())]), key=inside.iou, default=None)
    off_s = 0.0 if seen is None or by == EVENTS else max(abs(inside.start_s - seen.start_s), abs(inside.end_s - seen.end_s))
    meets = seen is not None and inside.iou(seen) >= AGREE
    agrees = meets and off_s * before <= NEAR
    # An event that a model leaves out which always answers proves nothing.
    surer = p is not None and q is not None and q >= p and (now > before if by == LOCALIZE else agrees or not unverified(content))
    who = f"{EVENTS}, which was not told what to find," if by == EVENTS else f"a look at {rate_text(now)} frames a second"
    reason = f"{who} {f'places it at {spans_text(on_grid([seen.model_dump()], now))}' if seen else f'sees nothing of it within {stretch}'}"
    adopted = seen if seen and agrees and surer and by == LOCALIZE and inside == span != seen else None
    if adopted and p and q:
        logs = f"mean log-probability {math.log(q):.3f}, against {math.log(p):.3f} at {rate_text(before)} frames a second"
        reason += f", which is adopted: {logs}"
    sure = _confidence(p, q if agrees or q is None else 0.5 if meets else 1 - q)
    verdict = "confirmed" if agrees else "rejected" if surer and not meets else "unverified"
    return look.model_copy(update={"verdict": verdict, "reason": reason, "confidence": sure, "adopted": adopted})


def _confidence(p: float | None, q: float | None) -> float | None:
    """Between 0.01 and 0.99, for no look is certain."""
    return min(0.99, max(0.01, round(1 / (1 + ((1 - p) * (1 - q) / (p * q)) ** 2), 2))) if p and q else None


def _sureness(content: dict[str, Any], span: Span) -> float | None:
    """The mean probability of a token in what the model wrote of the looks that show the span, never quite 1; None if unknown."""
    looks, raw = content["evidence"]["looks"], content["evidence"]["raw"]
    if len(looks) == len(raw):
        raw = [text for text, look in zip(raw, looks, strict=True) if look["start_s"] < span.end_s and span.start_s < look["end_s"]]
    said = [text.get("mean_logprob") for text in raw]
    return min(0.999, math.exp(min(said))) if said and None not in said else None
