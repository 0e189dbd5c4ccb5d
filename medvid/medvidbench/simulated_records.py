"""Records in MedVidBench form from a simulated truth: all eight tasks, answers in the tools' own writing, boxes in source pixels.

Frames are named `VIDEO/NUMBER.jpg` by their number in the whole procedure's video. Source: docs/formats.md, "Records and results".
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from medvid.core.clip import Clip
from medvid.core.span import Span
from medvid.engine.base import Profile
from medvid.medvidbench.records import Record, Turn
from medvid.medvidbench.simulated import Asked, questions_for, video_id_of
from medvid.simulate import Truth, clip_of
from medvid.tools.registry import TOOLS

SOURCE = "Simulated"


def source_clip(truth: Truth, fps: float) -> Clip:
    """The whole of `truth` at a rate, in its own pixels: clip time is source time."""
    times = tuple(round(i / fps, 6) for i in range(max(1, int(truth.duration_s * fps + 1e-6))))
    return Clip(
        id=f"{truth.kind}-{truth.seed}-{truth.offset_s}-{fps}", video_id=video_id_of(truth), times_s=times, fps=fps, timestamps=True,
        source_size=truth.size, fed_size=truth.size, box_frame="source",
    )  # fmt: skip


def records_for(truth: Truth, span: Span, fps: float, rng: np.random.Generator, profile: Profile) -> list[Record]:
    """Records about one span of a procedure, looked at `fps` times a second. profile: whose wording the questions have."""
    part = clip_of(truth, span)
    clip = source_clip(part, fps)
    return [record_of(asked, part, clip) for asked in questions_for(part, clip, rng, profile)]


def record_of(asked: Asked, truth: Truth, clip: Clip) -> Record:
    """`clip` as `source_clip` makes it. The video of a record is the whole procedure, so that a split by video holds."""
    video = video_id_of(replace(truth, offset_s=0.0, duration_s=0.0))
    numbers = [round((truth.offset_s + time_s) * truth.fps) for time_s in clip.times_s]
    metadata = {
        "video_id": video, "fps": str(clip.fps), "input_video_start_frame": str(numbers[0]),
        "input_video_end_frame": str(round((truth.offset_s + clip.span.end_s) * truth.fps)),
    }  # fmt: skip
    frames = tuple(f"{video}/{number:06d}.jpg" for number in numbers)
    region = None
    if asked.tool == "caption_region":
        at = int(np.argmin(np.abs(np.array(clip.times_s) - asked.args.time_s)))
        region = {"start_frame": frames[at], "start_frame_bbox": list(asked.args.box_px.root)}
    return Record(
        id="&&".join((video, metadata["input_video_start_frame"], metadata["input_video_end_frame"], metadata["fps"])),
        qa_type=qa_type_of(asked), data_source=SOURCE, metadata=metadata, struc_info=_facts(asked, truth), video=frames,
        conversations=(_turn("human", f"<video>\n{asked.question}"), _turn("gpt", asked.answer)),
        is_rc=region is not None, rc_info=region,
    )  # fmt: skip


def _turn(speaker: str, value: str) -> Turn:
    return Turn.model_validate({"from": speaker, "value": value})


def qa_type_of(asked: Asked) -> str:
    """Tools with two styles of captions have a type for each."""
    style = getattr(asked.args, "style", None)
    return next(name for name in TOOLS[asked.tool].qa_types if style is None or name.endswith(style))


def _facts(asked: Asked, truth: Truth) -> list[Any]:
    """`struc_info`: what the answer says, as a value."""
    args, result = asked.args, asked.result
    match asked.tool:
        case "localize_action":
            spans = [{"start": span.start_s, "end": span.end_s} for span in result.spans] if result else []
            names = list(truth.case.action_names)
            return [{"procedure": truth.case.procedure, "action_list": names, "action": args.action, "spans": spans}]
        case "ground_object":
            boxes = {f"{item.time_s:g}": list(item.box_px.root) for item in result.track.root} if result else {}
            return [{"start": args.span.start_s, "end": args.span.end_s, "stride": args.every_s, "object": args.object, "bbox_dict": boxes}]
        case "caption_events":
            events = result.events if result else ()
            return [[{"start": event.span.start_s, "end": event.span.end_s, "caption": event.caption} for event in events]]
        case "assess_cvs" | "assess_skill":
            return [{"cvs_scores" if asked.tool == "assess_cvs" else "skill_scores": result.scores if result else {}}]
        case _:
            return []
