"""Clip: where one request's frames stand in the source, and the two maps between clip and source.

Inside a tool times are clip seconds and boxes are checkpoint pixels; outside they are source seconds and source pixels.
Source: docs/formats.md, "Times and boxes".
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, cast

import numpy as np
from pydantic import BaseModel

from medvid.core.span import Box, InstantMark, Span, Track

T = TypeVar("T")
BoxFrame = Literal["source", "fed", "per_mille"]


@dataclass(frozen=True, slots=True)
class Clip:
    """One request's frames in the source. Sizes are width, height, upright."""

    id: str  # hash of content, times, fed size, drawn box and feeding mode: the key of every cache
    video_id: str
    times_s: tuple[float, ...]  # source time of each frame
    fps: float  # their true rate; the last frame lasts 1 / fps
    timestamps: bool  # the model reads each frame's own time (Qwen3-VL, Qwen3.5), not one rate (Qwen2.5-VL)
    source_size: tuple[int, int]
    fed_size: tuple[int, int]
    box_frame: BoxFrame  # the frame of reference of the model's boxes

    @property
    def duration_s(self) -> float:
        """Clip seconds from the first frame to the end of the last one."""
        if self.timestamps:
            return self.times_s[-1] - self.times_s[0] + 1 / self.fps
        return len(self.times_s) / self.fps

    @property
    def span(self) -> Span:
        """The source span that the frames cover."""
        return Span.of(self.times_s[0], self.times_s[-1] + 1 / self.fps)

    @property
    def box_size(self) -> tuple[float, float]:
        """Width, height of the frame of reference of the model's boxes."""
        if self.box_frame == "per_mille":
            return 1000.0, 1000.0
        return self.source_size if self.box_frame == "source" else self.fed_size

    def source_s(self, clip_s: float) -> float:
        if self.timestamps:
            return self.times_s[0] + clip_s
        return float(_lerp(clip_s * self.fps, *self._axis()))

    def clip_s(self, source_s: float) -> float:
        if self.timestamps:
            return source_s - self.times_s[0]
        index, times = self._axis()
        return float(_lerp(source_s, times, index)) / self.fps

    def _axis(self) -> tuple[list[float], list[float]]:
        """Frame indices and their source times, with the end of the last frame."""
        return [float(i) for i in range(len(self.times_s) + 1)], [*self.times_s, self.times_s[-1] + 1 / self.fps]


def _lerp(x: float, xs: list[float], ys: list[float]) -> float:
    """Piecewise linear; outside, the first and last pieces go on."""
    i = int(np.clip(np.searchsorted(xs, x, side="right") - 1, 0, len(xs) - 2))
    return ys[i] + (x - xs[i]) * (ys[i + 1] - ys[i]) / (xs[i + 1] - xs[i])


def to_source(value: T, clip: Clip) -> T:
    """Every time and box in `value`, from clip seconds and checkpoint pixels to source seconds and source pixels."""
    (bw, bh), (sw, sh) = clip.box_size, clip.source_size
    return cast(T, _move(value, clip.source_s, sw / bw, sh / bh))


def to_clip(value: T, clip: Clip) -> T:
    """The inverse of `to_source`. Times before the clip's first frame become its second 0."""
    (bw, bh), (sw, sh) = clip.box_size, clip.source_size
    return cast(T, _move(value, clip.clip_s, bw / sw, bh / sh))


def _move(value: Any, clock: Callable[[float], float], x: float, y: float) -> Any:
    if isinstance(value, Span):
        return Span.of(max(0.0, clock(value.start_s)), max(0.0, clock(value.end_s)))
    if isinstance(value, Box):
        return value.scaled(x, y)
    if isinstance(value, Track):
        return Track(tuple(_move(item, clock, x, y) for item in value.root))
    if isinstance(value, BaseModel):
        points = {name for name, field in type(value).model_fields.items() if any(isinstance(mark, InstantMark) for mark in field.metadata)}
        moved = {
            name: max(0.0, clock(item)) if name in points and item is not None else _move(item, clock, x, y) for name, item in value
        }
        return type(value).model_validate(moved)
    if isinstance(value, (list, tuple)):
        return type(value)(_move(item, clock, x, y) for item in value)
    if isinstance(value, dict):
        return {key: _move(item, clock, x, y) for key, item in value.items()}
    return value
