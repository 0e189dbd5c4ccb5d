"""Replan: once, where a step that others need observed nothing, the plan looks wider.

The step is asked again without its span restriction, as a new step, and the steps that were skipped for want of it read the new one. The
first look and its outcome stay in the run, so the answer says both.
"""

from __future__ import annotations

import json
import re

from medvid.agent.catalogue import is_outcome
from medvid.agent.check import needed_steps
from medvid.agent.ledger import Ledger
from medvid.core.plan import Plan, Step

WIDER = "_wider"


def look_wider(ledger: Ledger) -> Plan | None:
    """The plan with wider looks added; None where nothing can be widened."""
    wanting = _wanting(ledger)
    widened = {step.id: _again(step) for step in ledger.plan.steps if step.id in wanting and _observed_nothing(ledger, step)}
    if not widened:
        return None
    steps: list[Step] = []
    for step in ledger.plan.steps:
        steps.append(_reading(step, ledger.plan, widened) if step.id in wanting else step)
        if step.id in widened:
            steps.append(widened[step.id])
    return Plan(steps=tuple(steps))


def _wanting(ledger: Ledger) -> set[str]:
    """The calls that were skipped, and every step they directly or indirectly read from."""
    found = {step.id for step in ledger.plan.steps if step.tool is not None and step.id in ledger.skipped}
    open_ids = list(found)
    while open_ids:
        needed = needed_steps(ledger.plan.step(open_ids.pop())) - found
        found |= needed
        open_ids += needed
    return found


def _observed_nothing(ledger: Ledger, step: Step) -> bool:
    """Whether it looked at a part of the video only, and saw nothing there. A for_each looked at several parts already."""
    contents = ledger.contents(step.id)
    restricted = step.tool is not None and step.for_each is None and step.args.get("span") is not None
    return restricted and bool(contents) and all(is_outcome(content) and content["status"] == "not_observed" for content in contents)


def _again(step: Step) -> Step:
    return step.model_copy(update={"id": step.id + WIDER, "args": {name: value for name, value in step.args.items() if name != "span"}})


def _reading(step: Step, plan: Plan, widened: dict[str, Step]) -> Step:
    """The step, reading the wider looks. A span that it shared with a narrow look goes too: what is read may lie outside it."""
    changed = step.to_json()
    for step_id in needed_steps(step) & widened.keys():
        text = re.sub(rf'"\${step_id}(?=[."\[])', f'"${step_id}{WIDER}', json.dumps(changed))
        changed = json.loads(text)
        if changed["args"].get("span") == plan.step(step_id).args["span"]:
            del changed["args"]["span"]
    return Step.model_validate(changed)
