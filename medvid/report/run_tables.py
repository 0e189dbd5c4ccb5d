"""A plan and a run as tables: what each step is to do, and what every statement rests on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from rich.markup import escape
from rich.table import Table

from medvid.core.outcome import Evidence, Reliability
from medvid.core.plan import Plan, Step
from medvid.core.run import Run
from medvid.report.words import in_words


def plan_table(plan: Plan) -> Table:
    table = Table(title="Plan", title_justify="left")
    repeated = any(step.for_each for step in plan.steps)
    for name in ("step", "does", "with", *(("for each",) if repeated else ())):
        table.add_column(name)
    for step in plan.steps:
        table.add_row(step.id, step.name, escape(_arguments(step)), *((step.for_each or "",) if repeated else ()))
    return table


def evidence_table(run: Run) -> Table:
    """One row an outcome, value or failure, in the order of the plan."""
    table = Table(title="Evidence", title_justify="left")
    for name in ("step", "tool", "looked at", "status", "result", "notes"):
        table.add_column(name, no_wrap=name == "step")
    for step in run.plan.steps:
        for cells in _rows(step, run):
            table.add_row(step.id, step.name, *(escape(cell) for cell in cells))
    return table


def reliability_lines(run: Run) -> list[str]:
    """One line a figure that the outcomes carry, each once, with the tools it stands for."""
    tools: dict[str, list[str]] = {}
    for step in run.plan.steps:
        for outcome in run.outcomes.get(step.id, []):
            evidence = _evidence(outcome)
            for card in evidence.reliability if evidence else ():
                named = tools.setdefault(_card_text(card), [])
                if step.name not in named:
                    named.append(step.name)
    return [f"{', '.join(names)}: {text}" for text, names in tools.items()]


def _card_text(card: Reliability) -> str:
    return f"{card.text}; {card.source}" if card.source else card.text


def _arguments(step: Step) -> str:
    return ", ".join(
        f"{name}={value if isinstance(value, str) else json.dumps(value)}" for name, value in step.args.items() if name != "video_id"
    )


def _rows(step: Step, run: Run) -> Iterator[tuple[str, str, str, str]]:
    for outcome in run.outcomes.get(step.id, []):
        evidence = _evidence(outcome)
        notes = "; ".join(str(note) for note in outcome.get("notes") or ())  # type: ignore[union-attr]
        result = in_words(outcome.get("result")) if outcome.get("status") == "ok" else str(outcome.get("reason") or "")
        yield _looked_at(evidence), str(outcome.get("status", "")), result, notes
    if step.id in run.values:
        yield "", "value", in_words(run.values[step.id]), ""
    for failure in run.failures.get(step.id, []):
        yield "", "failed", f"{failure.kind}: {failure.message}", ""
    if not (step.id in run.outcomes or step.id in run.values or step.id in run.failures):
        yield "", "not run", "", ""


def _evidence(outcome: dict[str, Any]) -> Evidence | None:
    """None for the content of a tool that is not ours."""
    return Evidence.model_validate(outcome["evidence"]) if "evidence" in outcome else None


def _looked_at(evidence: Evidence | None) -> str:
    if evidence is None:
        return ""
    if not evidence.looks:
        return str(evidence.span)
    frames = sum(look.frames for look in evidence.looks)
    rates = sorted({f"{look.fps:.4g}" for look in evidence.looks})
    return f"{evidence.span}, {frames} frames at {' or '.join(rates)} fps"
