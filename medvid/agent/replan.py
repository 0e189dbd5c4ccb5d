"""Replan: the one round in which a run looks again for what it did not find: wider, renamed or closer. Source: docs/evidence.md."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from medvid.agent.actions import Declared, meet
from medvid.agent.catalogue import Listing, is_outcome
from medvid.agent.check import needed_steps
from medvid.agent.ledger import Ledger
from medvid.agent.references import renamed
from medvid.agent.sentences import rate_of
from medvid.agent.words import find_instruments, tidy
from medvid.core import Plan, Step

STEM = 30
"""Letters of a step's id, of 40 at most, that are kept before a suffix."""
SUFFIXES = ("_wider", "_named", "_closer")
ENOUGH_FPS = {"not_observed": 1.0, "unreadable": 2.0}
"""By what came of the first look: from this rate on it is not looked closer at. Above two nobody trained a checkpoint of ours."""
Takes = Mapping[str, Sequence[str]]
"""The arguments of each tool that the server offers."""


def look_once_more(ledger: Ledger, listing: Sequence[Listing], takes: Takes) -> Ledger:
    """With the further looks, and what reads them, open; the same where there is nothing left to try."""
    again, ids = dict[str, Step](), {step.id for step in ledger.plan.steps}
    for step in ledger.plan.steps:
        tried = step.id.endswith(SUFFIXES) or ids & {step.id[:STEM] + suffix for suffix in SUFFIXES}
        if not tried and (new := _otherwise(step, ledger, listing, takes)):
            again[step.id] = new
    steps = [_reading(step, ledger.plan, again) for step in ledger.plan.steps]
    plan = ledger.plan.model_copy(update={"steps": tuple(steps)})
    changed = {step.id for step, old in zip(steps, ledger.plan.steps, strict=True) if step != old}
    return ledger.reopened(plan.with_steps({step_id: [new] for step_id, new in again.items()}), changed) if again else ledger


def _otherwise(step: Step, ledger: Ledger, listing: Sequence[Listing], takes: Takes) -> Step | None:
    """The step put otherwise; None where it found something, looked at several places, or can only be put as it was."""
    asked = ledger.asked(step)
    if step.for_each is not None or step.on_empty == "stop" or not asked or not is_outcome(asked[0][2]):
        return None
    ((_, given, content),) = asked
    video: Listing = next((video for video in listing if video["video_id"] == given.get("video_id")), {})
    status, fps, args, done = content["status"], rate_of(content), dict(step.args), list[str]()
    if status == "not_observed" and step.on_empty == "widen" and args.pop("span", None) is not None:
        done.append("_wider")
    if status in ("not_observed", "out_of_scope") and (name := _listed_name(given, video)):
        args |= name
        done.append("_named")
    lowered = any("rate lowered" in note for note in content.get("notes") or ())
    if "fps" in takes.get(step.name, ()) and not lowered and 0 < fps < ENOUGH_FPS.get(status, 0.0):
        args["fps"] = min(2 * fps, video.get("fps", 2 * fps))
        done.append("_closer")
    return step.model_copy(update={"id": step.id[:STEM] + done[0], "args": args}) if done else None


def _listed_name(args: Mapping[str, Any], video: Listing) -> dict[str, str] | None:
    """The one declared action, or the one instrument, that the words of an unlisted phrase mean."""
    declared, phrase = video.get("actions") or (), tidy(str(args.get("action") or args.get("object") or ""))
    if "action" in args:
        listed = {tidy(name) for action in declared for name in (action["name"], *action.get("synonyms", ()))}
        means = {action["name"] for action in declared if phrase not in listed and meet(phrase, (Declared.of(action),))}
        return {"action": means.pop()} if len(means) == 1 else None
    means = {name for name, _ in find_instruments(phrase)}
    return {"object": means.pop()} if len(means) == 1 and re.sub(r"^(?:the|an?) ", "", phrase) not in means else None


def _reading(step: Step, plan: Plan, again: Mapping[str, Step]) -> Step:
    """The step, reading the new looks. A span that it shared with a look that was widened goes too: what is read may lie outside it."""
    read = needed_steps(step) & again.keys()
    shared = any("span" not in again[one].args and step.args.get("span") == plan.step(one).args.get("span") for one in read)
    kept = {name: value for name, value in step.args.items() if name != "span" or not shared}
    return renamed(step.model_copy(update={"args": kept}), {one: again[one].id for one in read})
