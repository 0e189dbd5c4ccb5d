"""Asking: a record of the benchmark -> the request that is put to a model: its frames as they are fed, its question to the letter, the room
for its answer. Every command that asks records asks them here.

Source: docs/formats.md, "How a model is fed", "Records and results".
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import ValidationError

from medvid.core import ConfigError, Feeding, Span, TimedBox, VideoError
from medvid.core.clip import Clip, to_clip
from medvid.engine.base import Profile, Request
from medvid.medvidbench.extent import Timing, file_timing, list_timing
from medvid.medvidbench.records import Record
from medvid.prompts import one_shot
from medvid.tools.base import Tool
from medvid.tools.feeding import nearest
from medvid.tools.ground_object import MOST_TIMES, TOKENS_A_BOX
from medvid.tools.look import fed_request
from medvid.tools.registry import BY_QA_TYPE
from medvid.video import FrameList, VideoInfo, probe

PICTURES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"})
MOST_TOKENS = 4_096  # Of an answer, whatever is asked; or a quarter of the context, where that is smaller.
_NUMBER = r"(\d+(?:\.\d+)?)"
_EVERY = re.compile(
    rf"\b(?:every|each|stride|interval|step)s?(?:\s+of)?\W{{1,3}}{_NUMBER}?\s*-?s(?:ec(?:ond)?s?)?\b|{_NUMBER}\s*-?s(?:ec(?:ond)?s?)?"
    r"[\s-]+(?:intervals?|strides?|steps?)\b",
    re.IGNORECASE,
)
_WITHIN = re.compile(
    rf"{_NUMBER}\s*(?:s|secs?|seconds?)?\s*(?:-|–|—|\bto\b|\band\b|\buntil\b)\s*{_NUMBER}\s*-?(?:s|secs?|seconds?)\b", re.IGNORECASE
)
_BOX = re.compile(rf"\[\s*{_NUMBER}\s*,\s*{_NUMBER}\s*,\s*{_NUMBER}\s*,\s*{_NUMBER}\s*\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """How records are put to a model. root: of their relative paths. renamed: by how absolute paths begin, what stands there now. one_shot:
    with an example, in a system message. max_tokens: of every answer; what was asked decides where it is None."""

    root: Path
    renamed: Mapping[str, str] = field(default_factory=dict)
    feeding: Feeding = "faithful"
    one_shot: bool = False
    max_tokens: int | None = None

    def __post_init__(self) -> None:
        if empty := [f"{old}={new}" for old, new in self.renamed.items() if not old or not new]:
            raise ConfigError(f"--frame-root {', '.join(empty)} has an empty side; write OLD=NEW")


def renamed_by(pairs: Sequence[str] | None) -> dict[str, str]:
    """`OLD=NEW` of a command line, as `How.renamed`."""
    sides = (pair.partition("=")[::2] for pair in pairs or ())
    return {old: str(Path(new).absolute()) if new else "" for old, new in sides}


def request_of(record: Record, position: int, profile: Profile, how: How) -> tuple[Request, str]:
    """And the time axis by which its frames stand, see extent.py. position: among the records. It reads pictures, so it belongs on a
    worker thread. Raises VideoError naming the frame that is missing or broken, ConfigError where the record is."""
    tool = BY_QA_TYPE.get(record.qa_type)
    if tool is None:
        raise ConfigError(f"qa_type {record.qa_type!r} is none of {', '.join(BY_QA_TYPE)}")
    if not record.question.strip():
        raise ConfigError("the record has no question; its first turn `from` a human holds it")
    info, timing = source_of(record, how)
    box = drawn_box(record, timing, info.fps) if tool.name == "caption_region" else None
    if re.fullmatch(r"[0-9a-f]{16}", said := record.metadata.get("video_id", "")):
        info = replace(info, video_id=said)  # of a whole procedure of ours, of which the record's pictures are a part
    room = how.max_tokens or tokens_for(record, tool, profile)
    request = fed_request(info, timing.times_s, timing.fps, record.question, profile, room, box, how.feeding)
    system = one_shot(tool.name, position) if how.one_shot else None
    return replace(request, system=system, origin=_origin(record, tool, request.clip, box)), timing.axis


def path_of(said: str, how: How) -> Path:
    """Where a record's file is here: its absolute prefix renamed, or else below the root. Raises ConfigError where it would lead out."""
    pure = PurePosixPath(said)
    if ".." in pure.parts or not pure.name:
        raise ConfigError(f"the path {said!r} leads out of the folder of the frames; a record may name files below it only")
    for old in sorted(how.renamed, key=len, reverse=True):
        if pure.is_relative_to(old):
            return Path(how.renamed[old]) / pure.relative_to(old)
    return how.root / pure.relative_to(pure.anchor)


def source_of(record: Record, how: How) -> tuple[VideoInfo, Timing]:
    """The record's pictures, or its one video file, and when each frame that is asked about is shown there. Raises VideoError and
    ConfigError as `request_of` does."""
    if not record.video:
        raise ConfigError("the record names no frames; `video` is a list of pictures, or one video file")
    paths = [path_of(said, how) for said in record.video]
    for said, path in zip(record.video, paths, strict=True):
        if not path.is_file():
            where = f"{how.root.name}/" if how.root.name else "the root"
            mapped = "; map the start of absolute paths with --frame-root OLD=NEW" if said.startswith("/") else ""
            raise VideoError(f"{said} is not there: no such file below {where}{mapped}")
    if paths[0].suffix.lower() in PICTURES:
        timing = list_timing(record)
        even = timing.axis != "native"
        return probe(FrameList(tuple(paths), timing.fps, times_s=None if even else timing.times_s)), timing
    if len(paths) > 1:
        raise ConfigError(f"the record names {len(paths)} video files; `video` is a list of pictures, or one video file")
    info = probe(paths[0])
    return info, file_timing(record, info)


def drawn_box(record: Record, timing: Timing, fps: float) -> TimedBox:
    """The box of a region and when it is seen, in source seconds and pixels. fps: of a video file. Raises ConfigError where
    the record has none that fits."""
    region = record.rc_info or {}
    name = str(region.get("start_frame", ""))
    places = [i for i, path in enumerate(record.video) if path == name]
    places = places or [i for i, path in enumerate(record.video) if PurePosixPath(path).name == PurePosixPath(name).name]
    if len(record.video) == 1 and len(timing.times_s) > 1:
        number = re.search(r"\d+$", PurePosixPath(name).stem)  # of a video file the frame of that number, else the clip's first
        places = [nearest(timing.times_s, int(number[0]) / fps if number else timing.times_s[0])]
    if len(places) != 1:
        raise ConfigError(f"RC_info.start_frame {name!r} is {'none' if not places else 'several'} of the record's frames")
    try:
        return TimedBox.model_validate({"time_s": timing.times_s[places[0]], "box_px": region.get("start_frame_bbox")})
    except ValidationError as error:
        said = region.get("start_frame_bbox")
        raise ConfigError(f"RC_info.start_frame_bbox is {said!r}; give [x1, y1, x2, y2] with x1 < x2 and y1 < y2") from error


def tokens_for(record: Record, tool: Tool[Any, Any], profile: Profile) -> int:
    """What an answer needs. For boxes that is how many times are asked for, by the record's values or else by its question; where neither
    tells, as many as the tools ask for at once."""
    needed = 16 + TOKENS_A_BOX * (times_in(record) or MOST_TIMES) if tool.name == "ground_object" else tool.tokens
    return min(needed, MOST_TOKENS, profile.max_context // 4)


def times_in(record: Record) -> int | None:
    """How many times a grounding question asks for, start and end among them. None where that cannot be told."""
    facts, question = record.facts, record.question
    every, within = _EVERY.search(question), _WITHIN.search(question)
    told = [facts.get(name) for name in ("start", "end", "stride")]
    if not all(isinstance(value, str | int | float) for value in told):
        told = [within[1], within[2], every[1] or every[2] or 1] if every and within else []
    try:
        start, end, stride = map(float, told)  # type: ignore[arg-type]  # what is no number is a ValueError
        return int((end - start) / stride + 1e-6) + 1 if stride > 0 and end >= start else None
    except (ValueError, OverflowError):
        return None


def _origin(record: Record, tool: Tool[Any, Any], clip: Clip, box: TimedBox | None) -> tuple[str, dict[str, Any]] | None:
    """The tool and its arguments, in clip time and checkpoint pixels. None where the record does not state them."""
    facts = record.facts
    said: dict[str, Any] = {"video_id": clip.video_id, "span": Span.of(0.0, round(clip.duration_s, 6))}
    said |= {name: facts.get(name) for name in ("action", "object") if name in tool.args_type.model_fields}
    said |= {"style": record.qa_type.rsplit("_", 1)[1]} if "style" in tool.args_type.model_fields else {}
    if tool.name == "ground_object":
        said |= {"every_s": facts.get("stride"), "span": {"start_s": facts.get("start"), "end_s": facts.get("end")}}
    if box is not None:
        said |= {"time_s": max(0.0, round(clip.clip_s(box.time_s), 6)), "box_px": to_clip(box.box_px, clip)}
    try:
        return tool.name, tool.args_type.model_validate(said).model_dump(mode="json")
    except ValidationError:
        return None


def answer_text(record: Record, said: str, clip: Clip) -> str:
    """What a model said, as answers to such records read: boxes in pixels of the source."""
    return in_source_pixels(said, clip) if record.qa_type == "stg" else said


def in_source_pixels(text: str, clip: Clip) -> str:
    """An answer as records have it: a checkpoint's boxes in other pixels than the source's are moved there, the rest is left alone."""
    if clip.box_frame == "source":
        return text
    (wide, high), (width, height) = clip.box_size, clip.source_size

    def moved(match: re.Match[str]) -> str:
        sides = [float(value) * scale for value, scale in zip(match.groups(), (width / wide, height / high) * 2, strict=True)]
        return "[" + ", ".join(f"{side:.2f}".rstrip("0").rstrip(".") for side in sides) + "]"

    return _BOX.sub(moved, text)
