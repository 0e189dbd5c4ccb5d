"""The text of an answer for clients that show a model the text only: it stands alone, without the structured content.

Times are seconds of the video and boxes pixels of its upright frame, as in the structured content. A result is written by the types of its
fields, so a new tool needs nothing here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, JsonValue

from medvid.core.outcome import Outcome
from medvid.core.plan import Step
from medvid.core.run import Run
from medvid.core.span import Box, Span, TimedBox, Track

FRAMES_NAMED = 3
"""Addresses of evidence frames written under an outcome."""
LONGEST_VALUE = 1500
"""Characters of one step's result under a run's answer."""


def frame_uri(video_id: str, time_s: float) -> str:
    return f"video://{video_id}/frame/{round(time_s * 1000)}"


def outcome_text(tool: str, outcome: Outcome[Any]) -> str:
    """Status, result or reason, notes, what was looked at, how reliable the model is at it."""
    seen = outcome.evidence
    lines = [f"{tool} on video {seen.video_id}, {seen.span}: {outcome.status.replace('_', ' ')}."]
    if outcome.result is not None:
        lines += written(outcome.result)
    if outcome.reason is not None:
        lines.append(f"Reason: {outcome.reason}")
    lines += [f"Note: {note}" for note in outcome.notes]
    for look in seen.looks:
        lines.append(f"Looked at {look.start_s:.1f}-{look.end_s:.1f} s, {look.frames} frames at {look.fps:g} frames a second.")
    lines.append(f"Model: {seen.model}, {seen.feeding} feeding.")
    lines += [f"Reliability of {card.qa_type}: {card.text}" for card in seen.reliability]
    if uris := [frame_uri(seen.video_id, time_s) for time_s in evidence_times(outcome.result)]:
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
        elif isinstance(value, Sequence) and not isinstance(value, str) and any(_is_record(item) for item in value):
            lines += [f"{name}: {len(value)}", *(_word(item) for item in value)]
        elif isinstance(value, Sequence) and not isinstance(value, str):
            lines.append(f"{name}: {', '.join(_word(item) for item in value) or 'none'}")
        else:
            lines.append(f"{name}: {_word(value)}")
    return lines


def _is_record(value: Any) -> bool:
    return isinstance(value, BaseModel) and not isinstance(value, Span | Box)


def _word(value: Any) -> str:
    """A value on one line."""
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


def evidence_times(result: Any) -> list[float]:
    """A few times at which what a result says can be seen: the middle of its spans, the times of its boxes."""
    times = sorted(set(_times(result)))
    if len(times) <= FRAMES_NAMED:
        return times
    last = len(times) - 1
    return [times[round(i * last / (FRAMES_NAMED - 1))] for i in range(FRAMES_NAMED)]


def _times(value: Any) -> Iterable[float]:
    if isinstance(value, Span):
        yield (value.start_s + value.end_s) / 2
    elif isinstance(value, TimedBox):
        yield value.time_s
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _times(getattr(value, name))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _times(item)


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
    lines.append(f"Run {run.id}.")
    return "\n".join(lines)


def _found(step: Step, content: dict[str, JsonValue]) -> str:
    """One outcome of a step, or a foreign tool's structured content, on one line."""
    head = f"{step.id} = {step.name}"
    if "status" not in content:
        return f"{head}: {_compact(content)}"
    found = _compact(content["result"]) if content.get("result") is not None else content.get("reason")
    seen = content.get("evidence")
    span = seen.get("span") if isinstance(seen, dict) else None
    looked = ""
    if isinstance(seen, dict) and isinstance(span, dict):
        looked = f" over {span['start_s']:.1f}-{span['end_s']:.1f} s of video {seen['video_id']}"
    return f"{head}{looked}: {str(content['status']).replace('_', ' ')}: {found}"


def _compact(value: JsonValue) -> str:
    """JSON on one line; of a long value the beginning, for the structured content has the whole."""
    line = json.dumps(value, ensure_ascii=False)
    return line if len(line) <= LONGEST_VALUE else f"{line[:LONGEST_VALUE]}... ({len(line)} characters in the structured content)"
