"""Questions about a simulated truth, with their true answers: what training shows a model and what the held-out table asks it; and the same
as records in MedVidBench form, answers in the tools' own writing, boxes in source pixels.

A good share asks for actions and instruments that do not occur; the true answer there is `Not observed.` Frames of a record are named
`VIDEO/NUMBER.jpg` by their number in the whole procedure's video. Source: docs/formats.md, "Records and results".
"""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from medvid.core import Box, Span
from medvid.core.clip import Clip, to_clip
from medvid.engine.base import Profile
from medvid.medvidbench.oracle import seen_events, true_result
from medvid.medvidbench.records import Record, Turn
from medvid.prompts import wording
from medvid.simulate import Truth, clip_of
from medvid.simulate.grammar import INSTRUMENTS
from medvid.tools.base import Args
from medvid.tools.registry import TOOLS

SOURCE = "Simulated"
ABSENT_SHARE = 0.35
"""Of the localisation and of the grounding questions."""
STRIDES_S, ANY_STRIDE_S = (1.0, 2.0, 4.0), tuple(map(float, range(1, 17)))
"""Seconds between two times that a grounding question asks for: usual ones, and, in half of the questions, any."""
MOST_BOXES_WHOLE, MOST_BOXES_LONG, MOST_BOXES_PART = 8, 16, 6
"""Times that a grounding question asks for, over the whole clip (now and then: LONG_SHARE) and over a part of it."""
LONG_SHARE = 0.2
BOX_ERROR = 0.05  # Standard deviation of the sides of a drawn box, in its widths and heights.


class Asked(NamedTuple):
    """One question on one clip. args and result: in clip seconds and checkpoint pixels; result None: `Not observed.`"""

    tool: str
    args: Any
    result: Any | None
    question: str
    answer: str


def video_id_of(truth: Truth) -> str:
    """16 hexadecimal digits for a truth that has no file."""
    name = f"{truth.kind} {truth.seed} {truth.offset_s} {truth.duration_s}"
    return hashlib.blake2b(name.encode(), digest_size=8).hexdigest()


def ask(tool: str, truth: Truth, clip: Clip, profile: Profile, **own: Any) -> Asked:
    """One question with its true answer. `own`: the tool's own arguments in clip time; `span` is the whole clip where it is left out."""
    said = {"span": Span.of(0.0, round(clip.duration_s, 6)), "video_id": clip.video_id, **own}
    args = TOOLS[tool].args_type(**said)
    result = true_result(tool, args, truth, clip)
    question = TOOLS[tool].question(args, truth.case, wording(profile.wording))
    return Asked(tool, args, result, question, TOOLS[tool].render(result))


def questions_for(truth: Truth, clip: Clip, rng: np.random.Generator, profile: Profile) -> list[Asked]:
    """Ten to fourteen questions of every kind that this truth can answer. A question about a region says in its arguments which
    box is to be drawn (checkpoint pixels) at which time: its frames differ from those of the others."""
    asked = [ask("localize_action", truth, clip, profile, action=action) for action in _actions(truth, clip, rng)]
    asked += [ask("ground_object", truth, clip, profile, object=name, **times) for name, times in _objects(truth, clip, rng)]
    asked.append(ask("predict_next", truth, clip, profile))
    asked += [ask(tool, truth, clip, profile, style=_style(rng)) for tool in ("caption_events", "summarize_video")]
    asked += [ask("caption_region", truth, clip, profile, style=_style(rng), **region) for region in _regions(truth, clip, rng)]
    asked.append(ask("assess_skill" if truth.skill else "assess_cvs", truth, clip, profile))
    return asked


def _style(rng: np.random.Generator) -> str:
    return "gpt" if rng.random() < 0.75 else "gemini"


def _actions(truth: Truth, clip: Clip, rng: np.random.Generator) -> list[str]:
    """Up to three actions that are seen and some that are not, by their names; none of which only a sliver is shown."""
    seen = sorted({event.action for event in seen_events(truth, clip, clip.span)})
    touched = {event.action for event in truth.events if event.span.cut(clip.span)}
    absent = [name for name in truth.case.action_names if name not in touched]
    chosen = [str(name) for name in rng.permutation(seen)[:3]]
    wanted = len(chosen) * ABSENT_SHARE / (1 - ABSENT_SHARE) if chosen else 2.0
    missing = rng.permutation(absent)[: int(wanted) + (rng.random() < wanted % 1)]
    return [str(name) for name in rng.permutation([*chosen, *(str(name) for name in missing)])]


def _objects(truth: Truth, clip: Clip, rng: np.random.Generator) -> list[tuple[str, dict[str, Any]]]:
    """Instruments to find with the times asked, over the clip or a part of it."""
    ever = {name for name in truth.instruments if any(truth.box_at(name, time_s) for time_s in clip.times_s)}
    other = {name for names in INSTRUMENTS.values() for name in names} - set(truth.instruments)
    absent = sorted(set(truth.instruments) - ever) or sorted(other)
    given: list[tuple[str, dict[str, Any]]] = []
    for _ in range(3):
        times = _times(clip, rng)
        hidden = rng.random() < ABSENT_SHARE or not ever
        names = sorted(other) if hidden and rng.random() < 0.1 else absent if hidden else sorted(ever)
        question = str(rng.choice(names)), times
        if question not in given:
            given.append(question)
    return given


def _times(clip: Clip, rng: np.random.Generator) -> dict[str, Any]:
    duration_s = clip.duration_s
    strides = [stride for stride in (STRIDES_S, ANY_STRIDE_S)[int(rng.integers(2))] if stride <= duration_s] or [1.0]
    if rng.random() < 0.4:
        every_s = float(rng.choice(strides))
        steps = int(rng.integers(1, MOST_BOXES_PART + 1))
        start_s = round(float(rng.integers(0, max(1, int(2 * (duration_s - steps * every_s)) + 1))) / 2, 1)
        return {"every_s": every_s, "span": Span.of(start_s, round(min(start_s + steps * every_s, duration_s), 6))}
    most = MOST_BOXES_LONG if rng.random() < LONG_SHARE else MOST_BOXES_WHOLE
    fitting = [stride for stride in strides if duration_s / stride <= most] or [np.ceil(duration_s / most)]
    return {"every_s": float(rng.choice(fitting))}


def _regions(truth: Truth, clip: Clip, rng: np.random.Generator) -> Iterator[dict[str, Any]]:
    """Boxes of instruments at frames that show them, a little off as found ones are; those at work twice as likely as the others."""
    at_work = {event.instrument for event in seen_events(truth, clip, clip.span)}
    shown = ((i, name, truth.box_at(name, time_s)) for i, time_s in enumerate(clip.times_s) for name in truth.instruments)
    found = [(i, name, box) for i, name, box in shown if box is not None]
    if not found:
        return
    weights = np.array([2.0 if name in at_work else 1.0 for _, name, _ in found])
    for k in rng.choice(len(found), min(2, len(found)), replace=False, p=weights / sum(weights)):
        i, _, box = found[int(k)]
        x1, y1, x2, y2 = box.root
        shift = np.clip(rng.normal(0, BOX_ERROR, 4), -0.15, 0.15) * (x2 - x1, y2 - y1, x2 - x1, y2 - y1)
        moved = Box.of(*(round(float(value), 2) for value in np.array(box.root) + shift)).cut(*truth.size)
        yield {"time_s": round(clip.clip_s(clip.times_s[i]), 6), "box_px": to_clip(moved or box, clip)}


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


def record_of(asked: Asked, truth: Truth, clip: Clip, file: tuple[str, float] | None = None) -> Record:
    """`clip` as `source_clip` makes it. The video of a record is the whole procedure, so that a split by video holds. file: in place of
    pictures, a video file and the procedure's second with which it begins; frames are numbered from there."""
    video = video_id_of(replace(truth, offset_s=0.0, duration_s=0.0))
    start_s = truth.offset_s - (file[1] if file else 0.0)
    numbers = [round((start_s + time_s) * truth.fps) for time_s in clip.times_s]
    metadata = {
        "video_id": video, "fps": str(clip.fps), "input_video_start_frame": str(numbers[0]),
        "input_video_end_frame": str(round((start_s + clip.span.end_s) * truth.fps)),
    }  # fmt: skip
    frames = tuple(f"{video}/{number:06d}.jpg" for number in numbers)
    turns = (("human", f"<video>\n{asked.question}"), ("gpt", asked.answer))
    region = None
    if asked.tool == "caption_region":
        at = int(np.argmin(np.abs(np.array(clip.times_s) - asked.args.time_s)))
        region = {"start_frame": frames[at], "start_frame_bbox": list(asked.args.box_px.root)}
    return Record(
        id="&&".join((video, metadata["input_video_start_frame"], metadata["input_video_end_frame"], metadata["fps"])),
        qa_type=qa_type_of(asked.tool, asked.args), data_source=SOURCE, metadata=metadata, struc_info=_facts(asked, truth),
        video=(file[0],) if file else frames,
        conversations=tuple(Turn.model_validate({"from": speaker, "value": said}) for speaker, said in turns),
        is_rc=region is not None, rc_info=region,
    )  # fmt: skip


def qa_type_of(tool: str, args: Args) -> str:
    """Tools with two styles of captions have a type for each."""
    style = getattr(args, "style", "")
    return next(name for name in TOOLS[tool].qa_types if name.endswith(style))


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
