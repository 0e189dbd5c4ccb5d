"""Sentences: what one outcome, value or failure reads like. Templates over structured content; nothing is added that it does not hold.

A model that always answers is never quoted as having seen something: its sentence says where the thing would be. Times have one decimal,
boxes at most two, scores and counts none. What a sentence holds is checked against its step (facts.py).
Source of the statuses and of the note: docs/formats.md, "Outcomes".
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

UNVERIFIED = "presence not verified"
"""Stands in the notes of a model that was not trained to say that something does not occur."""
NOT_VERIFIED = "is not verified, as this model always answers"
BOXES_SHOWN = 4
LETTERS_SHOWN = 600
FULL_CVS = 2
FAILED = {
    "not_observed": "was not observed", "not_assessable": "could not be assessed", "out_of_scope": "is out of the model's scope",
    "unreadable": "got no readable answer",
}  # fmt: skip
"""What became of a look that gave no result, by the outcome's status."""

Args = Mapping[str, Any]
Content = Mapping[str, Any]


def sentence(tool: str, args: Args, content: Content, subject: str) -> str:
    """One outcome of a tool of ours, in words. subject: what was asked for, such as `“clip the cystic duct”`."""
    status = content["status"]
    if status == "not_observed":
        return f"{capital(subject)} was not observed; {_looked_at(content['evidence'])}."
    if status != "ok":
        said = "got an answer that could not be read" if status == "unreadable" else FAILED.get(status, str(status))
        return f"{capital(subject)} {said}: {str(content.get('reason') or 'no reason given').rstrip('.')}."
    result, span = content["result"], content["evidence"].get("span")
    where = span_text(span) if span else ""
    told = f"{where}, as told by a model that always answers" if unverified(content) else where
    match tool:
        case "localize_action":
            spans = _listed([span_text(span) for span in result["spans"]])
            if unverified(content):
                return f"If {subject} happens, the model places it at {spans}; that it happens {NOT_VERIFIED}."
            return f"{capital(subject)} is seen at {spans}{f', within {where}' if args.get('span') else ''}."
        case "ground_object":
            thing, boxes = f"the {args.get('object', 'object')}", _boxes(result["track"])
            if unverified(content):
                return f"If {thing} is in view, the model places it {boxes}; that it is in view {NOT_VERIFIED}."
            return f"{capital(thing)} is {boxes}."
        case "caption_region":
            return f"{capital(subject)}, {told}: “{shown(result['text'])}”"
        case "predict_next":
            return f"After {where} the model expects “{result['action']}” next."
        case "caption_events":
            return f"Events in {told}: {'; '.join(map(_event, result['events']))}."
        case "summarize_video":
            return f"Summary of {told}: “{shown(result['text'])}”"
        case "assess_skill":
            return f"Skill in {told}, each on a scale from one to five: {_scores(result)}."
        case "assess_cvs":
            short = [name for name, score in result["scores"].items() if score < FULL_CVS]
            verdict = f"it was not achieved in full; below the full score: {_listed(short)}." if short else "it was achieved in full."
            verdict = f"By these scores {verdict}" if unverified(content) else capital(verdict)
            return f"Critical view of safety in {told}, each criterion from zero to two: {_scores(result)}. {verdict}"
        case _:
            return f"{tool}: {shown(result)}"


def _looked_at(evidence: Content) -> str:
    looks = evidence["looks"]
    if not looks:
        return f"asked about {span_text(evidence['span'])}"
    rates = sorted({rate_text(look["fps"]) for look in looks})
    return f"looked at {span_text(evidence['span'])}, at {' or '.join(rates)} frames a second"


def unverified(content: Content) -> bool:
    return any(UNVERIFIED in note for note in content.get("notes") or ())


def _boxes(track: list[Content]) -> str:
    boxes = [f"at {box_text(item['box_px'])} px at {time_text(item['time_s'])} s" for item in track]
    if len(boxes) <= BOXES_SHOWN:
        return _listed(boxes)
    return f"{boxes[0]}, then {boxes[1]}, and last {boxes[-1]} (every box is in the evidence)"


def _event(event: Content) -> str:
    when, caption = span_text(event["span"]), str(event["caption"]).rstrip(".")
    return f"{when} “{caption}”" if event.get("action") in (None, "", caption) else f"{when} {event['action']} (“{caption}”)"


def _scores(result: Content) -> str:
    return ", ".join(f"{name} {score}" for name, score in result["scores"].items())


def videos_sentence(content: Content, video_ids: list[str]) -> str:
    """What `list_videos` says of the videos asked about; of all where none is named."""
    told = (
        f"{video['title']} lasts {time_text(video['duration_s'])} s, procedure: {video.get('procedure') or 'not declared'}"
        for video in content["videos"]
        if not video_ids or video["video_id"] in video_ids
    )
    return f"{'; '.join(told)}."


def value_sentence(op: str, value: Any, subject: str) -> str:
    """What an operation computed over spans of `subject`."""
    if op == "count":
        return f"{capital(subject)} is found {value} time{'' if value == 1 else 's'}."
    if op == "total_duration":
        return f"{capital(subject)} lasts {time_text(value)} s in all."
    values = value if isinstance(value, list) else [value]
    spans = _listed([span_text(span) for span in values if span is not None])
    return f"The stretch {op} {subject}: {spans}." if op in ("before", "after", "between") else f"The {op} time of {subject}: {spans}."


def shown(value: Any) -> str:
    """A text, or the JSON of another tool's content, cut between words where it is long."""
    text = value if isinstance(value, str) else value["text"] if isinstance(value, dict) and set(value) == {"text"} else json.dumps(value)
    return text if len(text) <= LETTERS_SHOWN else text[:LETTERS_SHOWN].rsplit(" ", 1)[0] + " ..."


def _listed(parts: list[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def time_text(seconds: float) -> str:
    return f"{seconds:.1f}"


def span_text(span: dict[str, Any]) -> str:
    return f"{time_text(span['start_s'])}-{time_text(span['end_s'])} s"


def side_text(pixels: float) -> str:
    return f"{pixels:.2f}".rstrip("0").rstrip(".")


def box_text(box: Iterable[float]) -> str:
    return f"[{', '.join(side_text(side) for side in box)}]"


def rate_text(fps: float) -> str:
    return f"{fps:.3g}"
