"""Sentences: what one outcome, value or failure reads like. Templates over structured content; nothing is added that it does not hold.

A model that always answers is never quoted as having seen something: its sentence says where the thing would be.
Source of the statuses and of the note: docs/formats.md, "Outcomes".
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from medvid.agent.evidence import box_text, rate_text, span_text, time_text

UNVERIFIED = "presence not verified"
"""Stands in the notes of a model that was not trained to say that something does not occur."""
BOXES_SHOWN = 4
LETTERS_SHOWN = 600
FULL_CVS = 2

Args = Mapping[str, Any]
Content = Mapping[str, Any]


def sentence(tool: str, args: Args, content: Content, subject: str) -> str:
    """One outcome of a tool of ours, in words. subject: what was asked for, such as `“clip the cystic duct”`."""
    if content["status"] != "ok":
        return _not_ok(content, subject)
    template = TEMPLATES.get(tool)
    return template(args, content, subject) if template else f"{tool}: {shown(content['result'])}"


def _not_ok(content: Content, subject: str) -> str:
    reason = str(content.get("reason") or "no reason given").rstrip(".")
    if content["status"] == "not_observed":
        return f"{capital(subject)} was not observed; {_looked_at(content['evidence'])}."
    said = {
        "not_assessable": "could not be assessed",
        "out_of_scope": "is out of the model's scope",
        "unreadable": "got an answer that could not be read",
    }.get(content["status"], str(content["status"]))
    return f"{capital(subject)} {said}: {reason}."


def _looked_at(evidence: Content) -> str:
    looks = evidence["looks"]
    if not looks:
        return f"asked about {span_text(evidence['span'])}"
    rates = sorted({rate_text(look["fps"]) for look in looks})
    return f"looked at {span_text(evidence['span'])}, at {' or '.join(rates)} frames a second"


def unverified(content: Content) -> bool:
    return any(UNVERIFIED in note for note in content.get("notes") or ())


def _told(content: Content) -> str:
    """Where it looked; and by whom it is said, where that proves nothing."""
    said = ", as told by a model that always answers" if unverified(content) else ""
    return span_text(content["evidence"]["span"]) + said


def _spans(args: Args, content: Content, subject: str) -> str:
    spans = _listed([span_text(span) for span in content["result"]["spans"]])
    if unverified(content):
        return f"If {subject} happens, the model places it at {spans}; that it happens is not verified, as this model always answers."
    return f"{capital(subject)} is seen at {spans}{_within(args, content)}."


def _track(args: Args, content: Content, subject: str) -> str:
    track = content["result"]["track"]
    boxes = [f"at {box_text(item['box_px'])} px at {time_text(item['time_s'])} s" for item in track]
    where = (
        _listed(boxes) if len(boxes) <= BOXES_SHOWN else f"{boxes[0]}, then {boxes[1]}, and last {boxes[-1]} (every box is in the evidence)"
    )
    thing = f"the {args.get('object', 'object')}"
    if unverified(content):
        return f"If {thing} is in view, the model places it {where}; that it is in view is not verified, as this model always answers."
    return f"{capital(thing)} is {where}."


def _region(args: Args, content: Content, subject: str) -> str:
    return f"{capital(subject)}, {_told(content)}: “{shown(content['result']['text'])}”"


def _next(args: Args, content: Content, subject: str) -> str:
    return f"After {span_text(content['evidence']['span'])} the model expects “{content['result']['action']}” next."


def _events(args: Args, content: Content, subject: str) -> str:
    events = content["result"]["events"]
    told = [f"{span_text(event['span'])} {_event(event)}" for event in events]
    return f"Events in {_told(content)}: {'; '.join(told)}."


def _event(event: Content) -> str:
    caption = str(event["caption"]).rstrip(".")
    return f"“{caption}”" if not event.get("action") or event["action"] == caption else f"{event['action']} (“{caption}”)"


def _summary(args: Args, content: Content, subject: str) -> str:
    return f"Summary of {_told(content)}: “{shown(content['result']['text'])}”"


def _scores(content: Content) -> str:
    return ", ".join(f"{name} {score}" for name, score in content["result"]["scores"].items())


def _skill(args: Args, content: Content, subject: str) -> str:
    return f"Skill in {_told(content)}, each on a scale from one to five: {_scores(content)}."


def _cvs(args: Args, content: Content, subject: str) -> str:
    short = [name for name, score in content["result"]["scores"].items() if score < FULL_CVS]
    verdict = f"it was not achieved in full; below the full score: {_listed(short)}." if short else "it was achieved in full."
    verdict = f"By these scores {verdict}" if unverified(content) else capital(verdict)
    return f"Critical view of safety in {_told(content)}, each criterion from zero to two: {_scores(content)}. {verdict}"


TEMPLATES: dict[str, Callable[[Args, Content, str], str]] = {
    "localize_action": _spans,
    "ground_object": _track,
    "caption_region": _region,
    "predict_next": _next,
    "caption_events": _events,
    "summarize_video": _summary,
    "assess_skill": _skill,
    "assess_cvs": _cvs,
}


def videos_sentence(content: Content, video_ids: list[str]) -> str:
    """What `list_videos` says of the videos asked about; of all where none is named."""
    videos = [video for video in content["videos"] if not video_ids or video["video_id"] in video_ids]
    return (
        "; ".join(
            f"{video['title']} lasts {time_text(video['duration_s'])} s, procedure: {video.get('procedure') or 'not declared'}"
            for video in videos
        )
        + "."
    )


def value_sentence(op: str, value: Any, subject: str) -> str:
    """What an operation computed over spans of `subject`."""
    if op == "count":
        return f"{capital(subject)} is found {value} time{'' if value == 1 else 's'}."
    if op == "total_duration":
        return f"{capital(subject)} lasts {time_text(value)} s in all."
    values = value if isinstance(value, list) else [value]
    spans = _listed([span_text(span) for span in values if span is not None])
    stretch = f"stretch {op}" if op in ("before", "after", "between") else f"{op} time of"
    return f"The {stretch} {subject}: {spans}."


def shown(value: Any) -> str:
    """A text, or the JSON of another tool's content, cut between words where it is long."""
    text = value if isinstance(value, str) else value["text"] if isinstance(value, dict) and set(value) == {"text"} else json.dumps(value)
    return text if len(text) <= LETTERS_SHOWN else text[:LETTERS_SHOWN].rsplit(" ", 1)[0] + " ..."


def _within(args: Args, content: Content) -> str:
    return f", within {span_text(content['evidence']['span'])}" if args.get("span") else ""


def _listed(parts: list[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]
