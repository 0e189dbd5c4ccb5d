"""One look: a window's frames are decoded and fed, the model is asked, its text is read and moved to source time and source pixels.

A result lies within the span and the frame asked about, in milliseconds and hundredths of a pixel; what does not is left out.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import anyio
import numpy as np
from pydantic import BaseModel

from medvid.core import Box, Case, Feeding, Look, ParseError, RawText, Span, TimedBox, Track
from medvid.core.clip import to_source
from medvid.core.frames import Frames
from medvid.engine.base import Engine, Profile, Reply, Request
from medvid.tools.base import Args, Tool
from medvid.tools.feeding import fed_size, feed, make_request, sample_times
from medvid.tools.looks import Window, frame_budget
from medvid.video import FrameList, Library, VideoInfo, decode, probe

DARKEST_LUMA = 10.0  # Of 255, mean over a look. A lens in a drape or a black lead-in stays below 3; laparoscopic pictures lie at 60 to 80.
SLACK_S = 1e-3
_LUMA = np.array([0.299, 0.587, 0.114])


@dataclass(frozen=True, slots=True)
class Inquiry:
    """One call of a tool. args: checked, in source seconds and pixels. span: the source span asked for, within the video."""

    tool: Tool[Any, Any]
    args: Args
    case: Case
    info: VideoInfo
    span: Span
    library: Library
    feeding: Feeding = "faithful"


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of one look."""

    status: Literal["found", "absent", "unreadable", "dark"]
    span: Span
    look: Look
    result: Any | None = None  # in source seconds and pixels, set exactly when `found`
    raw: RawText | None = None  # None where nothing was asked
    reason: str = ""  # why there is no result
    notes: tuple[str, ...] = ()


async def look_at(window: Window, inquiry: Inquiry, engine: Engine) -> Seen:
    """Decoding runs in a worker thread; a cancelled look cancels the engine's work. Raises VideoError and EngineError."""
    request = await anyio.to_thread.run_sync(prepare, window, inquiry, engine, abandon_on_cancel=True)
    span = _shown(request, inquiry.info)
    look = Look(start_s=span.start_s, end_s=span.end_s, fps=window.fps, frames=len(request.clip.times_s))
    luma = float(request.frames.rgb.mean(axis=(0, 1, 2)) @ _LUMA)
    if luma < DARKEST_LUMA:
        return Seen("dark", span, look, reason=f"{span} is too dark: mean luma {luma:.1f} of 255, below {DARKEST_LUMA:g}")
    reply = await engine.generate(request)
    raw = RawText(text=reply.text, mean_logprob=sum(reply.logprobs) / len(reply.logprobs) if reply.logprobs else None)
    return _read(reply, request, inquiry, Seen("found", span, look, raw=raw), engine)


def prepare(window: Window, inquiry: Inquiry, engine: Engine) -> Request:
    """Frames are scaled once, as they are decoded. A model that reads each frame's time gets their own, however uneven; one that knows only
    a rate gets the even times asked for, at which these frames are on the screen."""
    info = inquiry.info
    decoded = inquiry.library.decode(info, window.times_s, fed_size(info.size, engine.profile, inquiry.feeding))
    times_s = decoded.times_s if engine.profile.timestamps else np.array(window.times_s)
    frames = Frames(decoded.rgb, times_s, window.fps)
    end_s = min(inquiry.span.end_s, window.end_s)
    args = inquiry.args.model_copy(update={"span": Span.of(min(window.start_s, end_s), end_s)})
    return make_request(inquiry.tool, args, inquiry.case, frames, info.size, engine.profile, inquiry.feeding)


def frames_request(source: FrameList, question: str, profile: Profile) -> Request:
    """A question in the caller's words on frame files. Raises VideoError."""
    info = probe(source)
    return fed_request(info, info.starts_s, source.fps, question, profile, 256)


def fed_request(
    info: VideoInfo, times_s: Sequence[float], fps: float, question: str, profile: Profile, max_tokens: int, box: TimedBox | None = None,
    feeding: Feeding = "faithful",
) -> Request:
    """A question in the caller's words on the frames at `times_s`: all, or, fed faithfully, every n-th where the model takes fewer. fps: of
    these, while their steps are even. box: drawn on the frame nearest to it. A list of pictures may begin at any second of its source."""
    size = fed_size(info.size, profile, feeding)
    step = -(-len(times_s) // frame_budget(profile, size, max_tokens, question)) if feeding == "faithful" else 1
    times, fps = np.array(times_s[::step]), fps / step
    if feeding == "faithful" and not profile.timestamps and np.ptp(np.diff(times, append=times[-1] + 1 / fps)) > SLACK_S:
        fps = len(times) / (times[-1] - times[0] + 1 / fps)
        times = np.array(sample_times(times[0], fps, len(times)))
    begins_s = times_s[0] if info.container == "frames" else 0.0
    decoded = decode(info, times - begins_s, size)
    shown = Frames(decoded.rgb, decoded.times_s + begins_s if profile.timestamps else times, fps)
    fed, clip = feed(shown, info.video_id, info.size, profile, box, feeding)
    return Request(fed, clip, question, max_tokens, fps if feeding == "faithful" else None)


def _shown(request: Request, info: VideoInfo) -> Span:
    shown = request.clip.span
    return Span.of(round(shown.start_s, 3), max(round(shown.start_s, 3), round(min(shown.end_s, info.duration_s), 3)))


def _read(reply: Reply, request: Request, inquiry: Inquiry, seen: Seen, engine: Engine) -> Seen:
    tool, text, notes = inquiry.tool, reply.text, []
    if reply.finish == "length":
        notes.append(f"the answer for {seen.span} was cut off at {request.max_tokens} tokens")
        if tool.long == "windows":
            text = re.sub(r"[\d.:]+$", "", text)  # a number that lost digits reads as another number
    try:
        reading = tool.parse(text, request.clip, inquiry.case)
    except ParseError as error:
        return replace(seen, status="unreadable", reason=str(error), notes=tuple(notes))
    notes += [f"left out {line}" for line in reading.dropped]
    if reading.result is None and engine.profile.abstains:
        return replace(seen, status="absent", notes=tuple(notes))
    if reading.result is None:
        reason = f"{engine.profile.name} was not trained to say {text.strip()!r}: it proves no absence"
        return replace(seen, status="unreadable", reason=reason, notes=tuple(notes))
    found = to_source(reading.result, request.clip)
    kept = confine(found, inquiry.span, inquiry.info.size)
    lost = count_items(found) - (count_items(kept) if kept is not None else 0)
    if lost:
        notes.append(f"left out {lost} that lay outside {inquiry.span}")
    if kept is None:
        return replace(seen, status="unreadable", reason=f"nothing in it lies within {inquiry.span}", notes=tuple(notes))
    return replace(seen, result=kept, notes=tuple(notes))


def confine(value: Any, within: Span, size: tuple[int, int]) -> Any | None:
    """`value` with its spans cut to `within` and its boxes to the frame (width, height); None where nothing of it is left."""
    if isinstance(value, Span):
        return Span.of(round(value.start_s, 3), round(value.end_s, 3)).cut(within)
    if isinstance(value, Box):
        x1, y1, x2, y2 = (round(side, 2) for side in value.root)
        return Box.of(x1, y1, x2, y2).cut(*size) if x1 < x2 and y1 < y2 else None
    if isinstance(value, TimedBox):
        box = confine(value.box_px, within, size)
        inside = within.start_s - SLACK_S <= value.time_s <= within.end_s + SLACK_S
        time_s = min(max(round(value.time_s, 3), within.start_s), within.end_s)
        return TimedBox(time_s=time_s, box_px=box) if box is not None and inside else None
    if isinstance(value, Track):
        items = confine(value.root, within, size)
        return Track(tuple({item.time_s: item for item in reversed(items)}.values())[::-1]) if items else None
    if isinstance(value, tuple):
        confined = (confine(item, within, size) for item in value)
        return tuple(item for item in confined if item is not None) or None
    if isinstance(value, BaseModel):
        kept = {name: field if field is None else confine(field, within, size) for name, field in value}
        lost = any(kept[name] is None and field is not None for name, field in value)
        return None if lost else type(value).model_validate(kept)
    return value


def count_items(value: Any) -> int:
    """How many spans, timed boxes or events a result lists; 1 for what lists none."""
    if isinstance(value, BaseModel):
        return max((count_items(field) for _, field in value), default=1)
    return len(value) if isinstance(value, tuple) else 1
