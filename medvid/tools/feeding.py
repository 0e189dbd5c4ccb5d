"""Feeding: from frames to exactly what a model gets. `faithful`: one resize, then the box at its scaled place, true times. `published`: as
published.py says, and the rate is not told.

The toolbox and training share it, so that what is trained is what is served. Sizes follow the smart-resize rule of the Qwen-VL processors:
both sides multiples of a factor, the pixel count within limits, the aspect kept. Source: docs/formats.md, "How a model is fed".
"""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from medvid.core import Box, Case, Feeding, Span, TimedBox
from medvid.core.clip import Clip, to_clip
from medvid.core.frames import Frames
from medvid.engine.base import Profile, Request
from medvid.prompts import FORMS, wording
from medvid.tools import published
from medvid.tools.base import NOT_OBSERVED, Args, Tool, verbatim
from medvid.video.decode import scale

Pictures = npt.NDArray[np.uint8]
LINE_SOURCE_PX = 8  # The width of a drawn box's line, in source pixels.
EPS = 1e-9


def fed_size(source_size: tuple[int, int], profile: Profile, feeding: Feeding = "faithful") -> tuple[int, int]:
    """Width, height to which frames are decoded. EPS keeps an exact multiple, found by a square root, from falling to the one below."""
    if feeding == "published":
        return published.first_size(source_size, profile)
    return published.smart_size(source_size, profile.factor, profile.min_pixels, profile.max_pixels, EPS)


def resize(rgb: Pictures, size: tuple[int, int]) -> Pictures:
    """Pictures (T, H, W, 3) at width, height `size`, as decoding scales them."""
    return rgb if rgb.shape[2:0:-1] == size else np.stack([scale(picture, size) for picture in rgb])


def line_px(source_size: tuple[int, int], size: tuple[int, int]) -> int:
    """The width of a drawn line on a fed frame: 8 source pixels, one pixel at least."""
    return max(1, round(LINE_SOURCE_PX * size[0] / source_size[0]))


def draw_box(rgb: Pictures, box_px: Box, index: int, width_px: int) -> Pictures:
    """A copy of the pictures with a green rectangle on picture `index`; its line lies inside the box. box_px: in pixels of `rgb`."""
    drawn = rgb.copy()
    canvas = Image.fromarray(drawn[index])
    height, width = drawn.shape[1:3]
    x1, y1, x2, y2 = (round(value) for value in box_px.root)
    left, top = min(max(x1, 0), width - 1), min(max(y1, 0), height - 1)
    right, bottom = max(left, min(x2, width) - 1), max(top, min(y2, height) - 1)
    ImageDraw.Draw(canvas).rectangle((left, top, right, bottom), outline=published.GREEN, width=width_px)
    drawn[index] = np.asarray(canvas)
    return drawn


def nearest(times_s: Sequence[float] | npt.NDArray[np.float64], time_s: float) -> int:
    return int(np.argmin(np.abs(np.asarray(times_s) - time_s)))


def sample_times(start_s: float, fps: float, count: int) -> list[float]:
    """The times of `count` frames from `start_s` on, to a microsecond."""
    return [round(start_s + i / fps, 6) for i in range(count)]


def count_frames(span: Span, fps: float) -> int:
    """How many frames at this rate are shown before the span's end; an instant has one."""
    return max(1, math.ceil(span.duration_s * fps - 1e-6))


def clip_for(
    frames: Frames, video_id: str, source_size: tuple[int, int], profile: Profile, drawn: TimedBox | None = None,
    feeding: Feeding = "faithful",
) -> Clip:
    """Where fed frames stand in their source. drawn: the box they show, in source seconds and pixels."""
    said = (video_id, frames.times_s.tolist(), frames.fps, frames.size, source_size, drawn.model_dump() if drawn else None, feeding)
    digest = hashlib.blake2b(repr(said).encode(), digest_size=16)
    digest.update(np.ascontiguousarray(frames.rgb).tobytes())
    times_s = tuple(frames.times_s.tolist())
    return Clip(digest.hexdigest(), video_id, times_s, frames.fps, profile.timestamps, source_size, frames.size, profile.box_frame)


def feed(
    frames: Frames, video_id: str, source_size: tuple[int, int], profile: Profile, box: TimedBox | None, feeding: Feeding = "faithful"
) -> tuple[Frames, Clip]:
    """The frames as the model gets them, and where they stand. frames, box: as in `make_request` and `clip_for`. A frame that published
    feeding repeats stands nowhere else: the clip has the others."""
    size = fed_size(source_size, profile, feeding)
    rgb, count = resize(frames.rgb, size), len(frames)
    index = nearest(frames.times_s, box.time_s) if box is not None else 0
    if feeding == "published":
        rgb = published.publish(rgb, profile, box.box_px if box is not None else None, index)
    elif box is not None:
        scaled = box.box_px.scaled(size[0] / source_size[0], size[1] / source_size[1])
        rgb = draw_box(rgb, scaled, index, line_px(source_size, size))
    times_s = np.append(frames.times_s, frames.times_s[-1] + 1 / frames.fps)[: len(rgb)]
    fed = Frames(rgb, times_s, frames.fps)
    clip = clip_for(fed, video_id, source_size, profile, box, feeding)
    return fed, replace(clip, times_s=clip.times_s[:count])


def make_request(
    tool: Tool[Any, Any], args: Args, case: Case, frames: Frames, source_size: tuple[int, int], profile: Profile,
    feeding: Feeding = "faithful",
) -> Request:
    """One question on one stretch of video. args: in source seconds and source pixels; its span is cut to what the frames cover, and is all
    of that where it is None. frames: in source time, at the size of the source or already at the fed size."""
    fed, clip = feed(frames, args.video_id, source_size, profile, tool.drawn(args), feeding)
    said = to_clip(args.model_copy(update={"span": covered(args.span, clip)}), clip)
    return Request(
        frames=fed, clip=clip, question=tool.question(said, case, wording(profile.wording)), max_tokens=tool.max_tokens(said),
        told_fps=clip.fps if feeding == "faithful" else None, system=system_message(tool, profile),
        pattern=held_to(tool.pattern(said, case), profile), origin=(tool.name, said.model_dump(mode="json")),
    )  # fmt: skip


def system_message(tool: Tool[Any, Any], profile: Profile) -> str | None:
    """For a model that heeds one: its own, and the answer's form where it was not trained on it. Else what its chat template writes."""
    told = FORMS[tool.name].answer if profile.constrained else ""
    return " ".join(part for part in (profile.system, told) if part) or None if profile.heeds_system else None


def held_to(pattern: str | None, profile: Profile) -> str | None:
    """The form to which a model that was not trained on it is held. It may say that nothing occurs where it was trained to."""
    if pattern is None or not profile.constrained:
        return None
    return f"({pattern}|{verbatim(NOT_OBSERVED)})" if profile.abstains else pattern


def covered(asked: Span | None, clip: Clip) -> Span:
    """The source span that a question is about: what the frames cover, up to the end asked for. It starts with the first frame."""
    whole = clip.span
    if asked is None:
        return whole
    return Span.of(whole.start_s, min(whole.end_s, max(asked.end_s, whole.start_s)))
