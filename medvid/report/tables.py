"""What commands print, as tables and lines: videos, a plan, what every statement of a run rests on, one outcome, a simulated truth."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter
from rich.markup import escape
from rich.table import Column, Table

from medvid.core.outcome import Evidence, Reliability
from medvid.core.plan import Plan, Step
from medvid.core.run import Run
from medvid.report.words import in_words

if TYPE_CHECKING:
    from medvid.simulate import Truth
    from medvid.video import VideoListing


def listing_table(videos: Sequence[VideoListing]) -> Table:
    seconds, fps = (Column(name, justify="right") for name in ("seconds", "fps"))
    table = Table(Column("video_id", no_wrap=True), "title", seconds, fps, "size", "procedure")
    for video in videos:
        procedure = escape(video.procedure or "not declared") + (" (simulated)" if video.simulated else "")
        width, height = video.size
        table.add_row(video.video_id, escape(video.title), f"{video.duration_s:.1f}", f"{video.fps:.4g}", f"{width}x{height}", procedure)
    return table


def plan_table(plan: Plan) -> Table:
    repeated = any(step.for_each for step in plan.steps)
    table = Table("step", "does", "with", *(("for each",) if repeated else ()), title="Plan", title_justify="left")
    for step in plan.steps:
        table.add_row(step.id, step.name, escape(_arguments(step)), *((step.for_each or "",) if repeated else ()))
    return table


def evidence_table(run: Run) -> Table:
    """One row an outcome, value or failure, in the order of the plan."""
    step_column = Column("step", no_wrap=True)
    table = Table(step_column, "tool", "looked at", "status", "result", "notes", title="Evidence", title_justify="left")
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


def outcome_lines(outcome: dict[str, Any]) -> list[str]:
    """What was found or why nothing was, each note, what was looked at, and how reliable the checkpoint was measured to be."""
    evidence = Evidence.model_validate(outcome["evidence"])
    said = in_words(outcome["result"]) if outcome["status"] == "ok" else f"{outcome['status'].replace('_', ' ')}: {outcome['reason']}"
    lines = [said, *(f"note: {note}" for note in outcome["notes"])]
    looks = ", ".join(f"{look.start_s:.1f}-{look.end_s:.1f} s ({look.frames} frames, {look.fps:.4g} fps)" for look in evidence.looks)
    lines.append(f"looked at: {looks or 'nothing'}; model: {evidence.model}; {evidence.elapsed_s:.1f} s")
    return lines + [f"reliability: {card.text}" for card in evidence.reliability]


def truth_table(truth: Truth) -> Table:
    title = f"{truth.case.procedure} (simulated, seed {truth.seed}), {truth.duration_s:.1f} s"
    table = Table(Column("seconds", justify="right", no_wrap=True), "what happens", "instrument", title=title, title_justify="left")
    for event in truth.events:
        table.add_row(f"{event.span.start_s:.1f}-{event.span.end_s:.1f}", event.action, event.instrument)
    for state in truth.cvs:
        table.add_row(f"from {state.start_s:.1f}", f"critical view of safety: {', '.join(map(str, state.scores))}", "")
    if truth.skill is not None:
        table.add_row("", f"skill: {', '.join(map(str, truth.skill))}", "")
    return table


def truth_json(truth: Truth) -> dict[str, Any]:
    told = {"seed", "kind", "duration_s", "events", "cvs", "skill"}
    said: dict[str, Any] = TypeAdapter(type(truth)).dump_python(truth, mode="json", include=told)
    return said
