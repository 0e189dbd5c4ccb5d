"""Approval: what a plan will cost, and whether somebody has to say yes to it first. Source: docs/formats.md, "Approval"."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from medvid.agent.catalogue import LIST_VIDEOS, Listing
from medvid.agent.references import ITEM, resolve
from medvid.core import Plan, PlanError, Value

NOTHING: Mapping[str, float] = {}


class Cost(Value):
    """Tool calls, minutes of video they look at, and seconds, None where nothing was timed yet. As a bound: asked above it."""

    calls: int = 0
    video_min: float = 0.0
    seconds: float | None = None
    least: bool = False

    def above(self, bound: "Cost") -> bool:
        pairs = ((self.calls, bound.calls), (self.video_min, bound.video_min), (self.seconds, bound.seconds))
        return any(own is not None and most is not None and own > most for own, most in pairs)

    def __str__(self) -> str:
        took = "an unknown time (nothing was timed yet)" if self.seconds is None else f"about {self.seconds:.0f} s"
        calls = f"{'at least ' if self.least else ''}{self.calls} tool call{'' if self.calls == 1 else 's'}"
        return f"{calls}, {self.video_min:.1f} minutes of video, {took}"


ALWAYS = Cost(calls=-1)


class Waiting(PlanError):
    """A run that waits for a yes to its plan. Nothing of it was run, and nothing is lost when the program ends."""

    def __init__(self, run_id: str, plan: Plan, cost: Cost) -> None:
        self.run_id, self.plan, self.cost = run_id, plan, cost
        super().__init__(
            f"run {run_id} waits for a yes to its plan: {cost}. `medvid resume {run_id}` shows the plan and asks, --yes allows it unasked; "
            "MEDVID_APPROVE_CALLS, MEDVID_APPROVE_VIDEO_MIN and MEDVID_APPROVE_S say above what it waits"
        )


def cost_of(plan: Plan, listing: Sequence[Listing], paces: Mapping[str, float] = NOTHING) -> Cost:
    """A span that is not known yet counts as the whole video; a `for_each` over what is found later as one call. paces: of Memory."""
    lengths_s = {video["video_id"]: float(video["duration_s"]) for video in listing}
    calls, video_s, seconds = 0, 0.0, 0.0
    looking = [step for step in plan.steps if step.tool not in (None, LIST_VIDEOS)]
    for step in looking:
        for element in step.for_each if isinstance(step.for_each, tuple) else (None,):
            args = resolve(step.args, {ITEM: element}.get)
            look_s = _length_s(args.get("span"), lengths_s.get(str(args.get("video_id"))))
            calls, video_s, seconds = calls + 1, video_s + look_s, seconds + look_s * paces.get(step.name, paces.get("", 0.0))
    least = any(isinstance(step.for_each, str) for step in looking)
    return Cost(calls=calls, video_min=round(video_s / 60, 2), seconds=round(seconds, 1) if paces else None, least=least)


def _length_s(span: Any, whole_s: float | None) -> float:
    """whole_s: of the video, None where it is not listed."""
    match span:
        case {"start_s": int() | float() as start_s, "end_s": int() | float() as end_s}:
            return max(0.0, min(end_s, math.inf if whole_s is None else whole_s) - start_s)
    return whole_s or 0.0
