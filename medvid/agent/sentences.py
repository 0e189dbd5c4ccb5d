"""Sentences: what one outcome, value or failure reads like. Templates over structured content; nothing is added that it does not hold.

A model that always answers is never quoted as having seen something: its sentence says where the thing would be. Times have one decimal,
on a grid no finer than half a frame's step; boxes at most two, scores and counts none. What a sentence holds is checked against its step
(facts.py). What operations read like stands in sentences.toml. Source of the statuses and of the note: docs/formats.md, "Outcomes".
"""

import json
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from medvid.core import SecondLook

UNVERIFIED = "presence not verified"
"""Stands in the notes of a model that was not trained to say that something does not occur."""
BOXES_SHOWN = 4
LETTERS_SHOWN = 600
FULL_CVS = 2
SAYS: dict[str, dict[str, str]] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
FAILED = SAYS["status"]
"""What became of a look that gave no result, by the outcome's status."""
_GRID_S = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
CALIBRATION = "confidence ECE"
"""The metric of the card that says how far a checkpoint's confidence is off."""

Args = Mapping[str, Any]
Content = Mapping[str, Any]


def sentence(tool: str, args: Args, content: Content, subject: str) -> str:
    """One outcome of a tool of ours, in words. subject: what was asked for, such as `“clip the cystic duct”`."""
    status, result = content["status"], content["result"] or {}
    if status == "not_observed":
        return f"{capital(subject)} was not observed; {_looked_at(content['evidence'])}."
    if status != "ok":
        said = "got an answer that could not be read" if status == "unreadable" else SAYS["status"].get(status, str(status))
        return f"{capital(subject)} {said}: {str(content.get('reason') or 'no reason given').rstrip('.')}."
    if tool not in SAYS["found"]:
        return f"{tool}: {shown(result)}"
    where = span_text(content["evidence"]["span"]) if content["evidence"].get("span") else ""
    short = listed([name for name, score in result.get("scores", {}).items() if score < FULL_CVS])
    verdict = f"it was not achieved in full; below the full score: {short}." if short else "it was achieved in full."
    return SAYS["unverified" if unverified(content) and tool in SAYS["unverified"] else "found"][tool].format(
        subject=subject, Subject=capital(subject), object=args.get("object", "object"), where=where, text=shown(result),
        told=f"{where}, as told by a model that always answers" if unverified(content) else where, action=result.get("action"),
        within=f", within {where}" if args.get("span") else "", spans=spans_text(result.get("spans", ())),
        boxes=_boxes(result.get("track", ())), events="; ".join(map(_event, result.get("events", ()))), scores=_scores(result),
        verdict=f"By these scores {verdict}" if unverified(content) else capital(verdict),
    )  # fmt: skip


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
        return listed(boxes)
    return f"{boxes[0]}, then {boxes[1]}, and last {boxes[-1]} (every box is in the evidence)"


def _event(event: Content) -> str:
    when, caption = span_text(event["span"]), str(event["caption"]).rstrip(".")
    return f"{when} “{caption}”" if event.get("action") in (None, "", caption) else f"{when} {event['action']} (“{caption}”)"


def _scores(result: Content) -> str:
    return ", ".join(f"{name} {score}" for name, score in result.get("scores", {}).items())


def videos_sentence(content: Content, video_ids: list[str]) -> str:
    """What `list_videos` says of the videos asked about; of all where none is named."""
    told = (
        f"{video['title']} lasts {time_text(video['duration_s'])} s, procedure: {video.get('procedure') or 'not declared'}"
        for video in content["videos"]
        if not video_ids or video["video_id"] in video_ids
    )
    return f"{'; '.join(told)}."


def value_sentence(op: str, value: Any, fields: dict[str, Any]) -> str | None:
    """What an operation computed; None where nothing is to be said of it. fields: of sentences.toml, with `starts` and `fps` as numbers."""
    said = SAYS["something" if value or op in ("count", "total_duration") else "nothing"].get(op)
    if op == "order":
        a_s, b_s = fields["starts"]
        close = value == "together" or abs(a_s - b_s) * fields["fps"] < 1
        said = SAYS["order"]["unknown" if value is None else "close" if close else value]
        fields |= {"a_s": time_text(a_s), "b_s": time_text(b_s), "rate": rate_text(fields["fps"])}
    if isinstance(value, int | float):
        fields |= {"times": times_text(int(value)), "value": time_text(value), "percent": percent_text(value)}
    return said and filled(said, fields | {"spans": spans_text(value if isinstance(value, list) else [value] * isinstance(value, dict))})


def filled(text: str, fields: dict[str, Any]) -> str:
    """A text of sentences.toml. What is said not to be there is `anything`."""
    absent = "without {subject}" in text or "sign of {subject}" in text
    subject = fields["subject"].replace(SAYS["subject"]["caption_events"], "anything happening") if absent else fields["subject"]
    capitals = {name.capitalize(): capital(fields[name]) for name in ("subject", "a", "b")}
    return text.format(**{**capitals, **fields, "subject": subject})


def look_facts(content: Content) -> tuple[Any, Any]:
    """Of an outcome that makes claims: its result, no finer than the frames can tell; the card that says how far its confidence is off."""
    cards = (card for card in content["evidence"].get("reliability") or () if card["metric"] == CALIBRATION)
    return coarse(content)["result"], next(cards, None)


def look_sentence(look: SecondLook, content: Content) -> str:
    """What a second look says of a claim. content: of the outcome that made it."""
    result, card = look_facts(content)
    span = span_text(result["spans"][look.number])
    off = f"ECE {side_text(card['figure'])} on {card['tests']} simulated claims" if card else "not calibrated"
    sure = f"; confidence {side_text(look.confidence)} ({off})" if look.confidence is not None else ""
    agrees = f"A second look agrees with {span}, if it happens at all" if unverified(content) else f"A second look confirms {span}"
    head = {"confirmed": agrees, "rejected": f"A second look speaks against {span}"}
    return f"{head.get(look.verdict, f'{span} is unverified')}: {look.reason}{sure}."


def shown(value: Any) -> str:
    """A text, or the JSON of another tool's content, cut between words where it is long."""
    text = value if isinstance(value, str) else value["text"] if isinstance(value, dict) and set(value) == {"text"} else json.dumps(value)
    return text if len(text) <= LETTERS_SHOWN else text[:LETTERS_SHOWN].rsplit(" ", 1)[0] + " ..."


def listed(parts: list[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def time_text(seconds: float) -> str:
    return f"{seconds:.1f}"


def times_text(count: int) -> str:
    return f"{count} time{'' if count == 1 else 's'}"


def percent_text(share: float) -> str:
    return f"{round(100 * share)} %" if share == 0 or share >= 0.005 else "less than 1 %"


def span_text(span: Mapping[str, Any]) -> str:
    return f"{time_text(span['start_s'])}-{time_text(span['end_s'])} s"


def spans_text(spans: Iterable[Mapping[str, Any]]) -> str:
    return listed(list(map(span_text, spans)))


def rate_of(content: Content) -> float:
    """The lowest at which it was looked; 0 where nothing was."""
    return min((look["fps"] for look in (content.get("evidence") or {}).get("looks") or ()), default=0.0)


def coarse(content: Any) -> Any:
    """Content whose result is no finer than the frames can tell."""
    return content | {"result": on_grid(content["result"], rate_of(content))} if content and "result" in content else content


def on_grid(value: Any, fps: float) -> Any:
    """A JSON value with the ends of its spans no finer than half a frame's step at this rate. A frame's own time stays as it is."""
    step_s = next((step for step in _GRID_S if fps > 0 and step >= 0.5 / fps - 1e-6), _GRID_S[-1] if fps > 0 else 0.1)
    if isinstance(value, dict):
        ends = ("start_s", "end_s")
        return {name: round(round(item / step_s) * step_s, 3) if name in ends else on_grid(item, fps) for name, item in value.items()}
    return [on_grid(item, fps) for item in value] if isinstance(value, list) else value


def side_text(pixels: float) -> str:
    return f"{pixels:.2f}".rstrip("0").rstrip(".")


def box_text(box: Iterable[float]) -> str:
    return f"[{', '.join(side_text(side) for side in box)}]"


def rate_text(fps: float) -> str:
    return f"{fps:.3g}"
