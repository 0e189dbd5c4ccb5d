"""What commands print, as tables and lines: videos, a plan, what every statement of a run rests on, one outcome, a simulated truth.

`in_words` gives results and values in a few words, for one cell: times and boxes with one decimal. It reads the JSON of results as
docs/formats.md, "Outcomes", gives it; a value of another shape is shown as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter
from rich.markup import escape
from rich.table import Column, Table

from medvid.core import Evidence, Plan, Run, Step

if TYPE_CHECKING:
    from medvid.simulate import Truth
    from medvid.video import VideoListing

LONGEST = 400
MOST_ITEMS = 6


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
    left_open = "; ".join(f"${name}: {given.says or given.type}" for name, given in plan.parameters.items()) or None
    each = ("for each",) if repeated else ()
    table = Table("step", "does", "with", *each, title=escape(plan.title or "Plan"), title_justify="left", caption=left_open)
    for step in plan.steps:
        listed = step.for_each if isinstance(step.for_each, str) else f"{len(step.for_each or ())} elements" if step.for_each else ""
        table.add_row(step.id, step.name, escape(_arguments(step)), *((escape(listed),) if repeated else ()))
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
                named = tools.setdefault(f"{card.text}; {card.source}" if card.source else card.text, [])
                if step.name not in named:
                    named.append(step.name)
    return [f"{', '.join(names)}: {text}" for text, names in tools.items()]


def _arguments(step: Step) -> str:
    said = {**step.args, **({"on_empty": step.on_empty} if step.on_empty != "skip" else {})}
    said.pop("video_id", None)
    return ", ".join(f"{name}={value if isinstance(value, str) else json.dumps(value)}" for name, value in said.items())


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


def in_words(value: Any) -> str:
    """`12.0-14.5 s`, `4 boxes, 12.0-15.0 s, first [10.0, 20.0, 30.0, 40.0]`, `Two structures 2, ...`; at most 400 characters."""
    text = _in_words(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _in_words(value: Any) -> str:
    match value:
        case {"start_s": float() | int() as start, "end_s": float() | int() as end}:
            return f"{start:.1f}-{end:.1f} s"
        case {"time_s": float() | int() as time, "box_px": list() as box}:
            return f"{_box(box)} at {time:.1f} s"
        case {"track": [{"time_s": _, "box_px": list() as box} as first, *_] as track}:
            count = f"{len(track)} box{'' if len(track) == 1 else 'es'}"
            return f"{count}, {first['time_s']:.1f}-{track[-1]['time_s']:.1f} s, first {_box(box)}"
        case {"events": list() as events}:
            return "; ".join(f"{_in_words(event['span'])}: {event['caption']}" for event in events) or "no event"
        case {"scores": dict() as scores}:
            return ", ".join(f"{name} {score}" for name, score in scores.items())
        case {"spans": inner} | {"text": inner} | {"action": inner} | {"track": inner}:
            return _in_words(inner)
        case None | []:
            return "none"
        case bool():
            return "yes" if value else "no"
        case str() | int():
            return str(value)
        case float():
            return f"{value:.1f}"
        case list():
            more = f", and {len(value) - MOST_ITEMS} more" if len(value) > MOST_ITEMS else ""
            return ", ".join(_in_words(item) for item in value[:MOST_ITEMS]) + more
        case _:
            return json.dumps(value, ensure_ascii=False)


def _box(box: list[float]) -> str:
    return f"[{', '.join(f'{side:.1f}' for side in box)}]"
