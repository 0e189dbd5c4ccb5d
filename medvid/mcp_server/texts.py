"""The text of an answer for clients that show a model the text only: it stands alone, without the structured content.

A result is written by the types of its fields, so a new tool needs nothing here.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, JsonValue

from medvid.core import Box, Outcome, Run, Span, Step, TimedBox, Track
from medvid.report.saved import moments_of

FRAMES_NAMED = 3  # Addresses of evidence frames written under an outcome.
LONGEST_TEXT = 20_000  # Characters of a result in a text; a text should stay below 10,000 tokens, at about four characters each.
LONGEST_LIST = 4000  # Characters of the notes, and of what was looked at.
LONGEST_VALUE = 1500  # Characters of one step's result under a run's answer.


def frame_uri(video_id: str, time_s: float) -> str:
    return f"video://{video_id}/frame/{round(time_s * 1000)}"


def outcome_text(tool: str, outcome: Outcome[Any]) -> str:
    """Status, result or reason, notes, what was looked at, how reliable the model is at it."""
    seen = outcome.evidence
    lines = [f"{tool} on video {seen.video_id}, {seen.span}: {outcome.status.replace('_', ' ')}."]
    if outcome.result is not None:
        lines += _cut(written(outcome.result), LONGEST_TEXT)
    if outcome.reason is not None:
        lines.append(f"Reason: {outcome.reason}")
    lines += _cut([f"Note: {note}" for note in outcome.notes], LONGEST_LIST)
    looks = (f"{look.start_s:.1f}-{look.end_s:.1f} s, {look.frames} frames at {look.fps:g} frames a second" for look in seen.looks)
    lines += _cut([f"Looked at {look}." for look in looks], LONGEST_LIST)
    lines.append(f"Model: {seen.model}, {seen.feeding} feeding.")
    lines += [f"Reliability of {card.qa_type}: {card.text}" for card in seen.reliability]
    if uris := [frame_uri(seen.video_id, time_s) for time_s, _ in evidence_moments(outcome.result)]:
        lines.append(f"Frames to look at: {', '.join(uris)}")
    return "\n".join(lines)


def written(result: BaseModel) -> list[str]:
    """One line or more for each field of a result."""
    lines: list[str] = []
    for name in type(result).model_fields:
        value = getattr(result, name)
        if isinstance(value, Track):
            lines += [f"{name}: box [x1, y1, x2, y2] in pixels at {len(value.root)} times", *(_word(item) for item in value.root)]
        elif isinstance(value, Mapping):
            lines += [f"{name}:", *(f"{key}: {_word(item)}" for key, item in value.items())]
        elif isinstance(value, Sequence) and not isinstance(value, str):
            words = [_word(item) for item in value]
            records = any(isinstance(item, BaseModel) and not isinstance(item, Span | Box) for item in value)
            lines += [f"{name}: {len(value)}", *words] if records else [f"{name}: {', '.join(words) or 'none'}"]
        else:
            lines.append(f"{name}: {_word(value)}")
    return lines


def _word(value: Any) -> str:
    if isinstance(value, Box):
        return f"[{', '.join(f'{round(side, 2):g}' for side in value.root)}]"
    if isinstance(value, TimedBox):
        return f"{value.time_s:.1f} s: {_word(value.box_px)}"
    if isinstance(value, Span):
        return str(value)
    if isinstance(value, BaseModel):
        parts = (getattr(value, name) for name in type(value).model_fields)
        return ": ".join(_word(part) for part in parts if part is not None)
    return str(value)


def evidence_moments(result: BaseModel | None) -> list[tuple[float, list[float] | None]]:
    """A few times at which what a result says can be seen, each with its box or None."""
    moments = list(moments_of(result.model_dump(mode="json"))) if result is not None else []
    last = len(moments) - 1
    return moments if last < FRAMES_NAMED else [moments[round(i * last / (FRAMES_NAMED - 1))] for i in range(FRAMES_NAMED)]


def _cut(lines: list[str], room: int) -> list[str]:
    """The lines that fit into so many characters, and a word on those that do not."""
    for index, line in enumerate(lines):
        room -= len(line) + 1
        if room < 0:
            rest = f"({len(lines) - index} lines more are left out here; the structured content has them all, or ask about a shorter span)"
            return [*lines[:index], rest]
    return lines


def run_text(run: Run) -> str:
    """The answer of a run, what each step found, what failed, or what has to be said first."""
    lines = [f"Question: {run.question}"]
    if run.answer.needs is not None:
        lines.append(f"Not answered yet: {run.answer.needs.question}")
        lines += [f"- {choice}" for choice in run.answer.needs.choices]
    if run.answer.text:
        lines.append(run.answer.text)
    lines += [f"{item.text} [{item.step}]" for item in run.answer.statements if item.text not in run.answer.text]
    for step in run.plan.steps:
        lines += [_found(step, content) for content in run.outcomes.get(step.id, [])]
        if step.id in run.values:
            lines.append(f"{step.id} = {step.name}: {_compact(run.values[step.id])}")
    lines += [f"Step {step} failed: {failure.message}" for step, failures in run.failures.items() for failure in failures]
    return "\n".join([*_cut(lines, LONGEST_TEXT), f"Run {run.id}."])


def _found(step: Step, content: dict[str, JsonValue]) -> str:
    """One outcome of a step, or a foreign tool's structured content, on one line."""
    head = f"{step.id} = {step.name}"
    if "status" not in content:
        return f"{head}: {_compact(content)}"
    found = _compact(content["result"]) if content.get("result") is not None else content.get("reason")
    match content.get("evidence"):
        case {"video_id": video_id, "span": {"start_s": start_s, "end_s": end_s}}:
            head += f" over {start_s:.1f}-{end_s:.1f} s of video {video_id}"
    return f"{head}: {str(content['status']).replace('_', ' ')}: {found}"


def _compact(value: JsonValue) -> str:
    """JSON on one line; of a long value the beginning, for the structured content has the whole."""
    line = json.dumps(value, ensure_ascii=False)
    return line if len(line) <= LONGEST_VALUE else f"{line[:LONGEST_VALUE]}... ({len(line)} characters in the structured content)"
