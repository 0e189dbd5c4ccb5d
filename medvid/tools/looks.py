"""Looks: at which rate, and in which windows, a span is shown to a model that takes only so many frames at once.

Windows overlap by a quarter, or start on the grid of times where an answer has one. Source: docs/formats.md, "Long spans".
"""

import math
from dataclasses import dataclass
from typing import Any

from medvid.core import ConfigError, Span
from medvid.engine.base import Profile
from medvid.engine.profiles import TIMESTAMP_TOKENS
from medvid.engine.prompt import FRAMES_PER_PAIR
from medvid.tools.base import Args, Tool
from medvid.tools.feeding import count_frames, sample_times
from medvid.tools.ground_object import MOST_TIMES

OVERLAP = 0.25
TOKENS_PER_WORD = 2  # Above what Qwen's tokenizer needs for a question's words.


@dataclass(frozen=True, slots=True)
class Window:
    """count frames from start_s on."""

    start_s: float
    count: int
    fps: float

    @property
    def times_s(self) -> list[float]:
        return sample_times(self.start_s, self.fps, self.count)

    @property
    def end_s(self) -> float:
        return self.start_s + self.count / self.fps


@dataclass(frozen=True, slots=True)
class Looks:
    """windows: in time order. refusal: why the span cannot be assessed; then there is no window."""

    windows: tuple[Window, ...]
    notes: tuple[str, ...] = ()
    refusal: str | None = None


def plan_looks(tool: Tool[Any, Any], args: Args, span: Span, video_fps: float, budget: int, profile: Profile) -> Looks:
    """span: the source span asked for, within the video. budget: frames that one request can hold, see `frame_budget`."""
    stride_s = tool.stride_s(args)
    fps = args.fps or _usual_rate(profile, stride_s)
    notes = []
    if args.fps is not None and args.fps not in profile.rates:
        rates = ", ".join(f"{rate:g}" for rate in profile.rates)
        notes.append(f"{args.fps:g} frames a second is none of the rates that the model was trained at ({rates})")
    if fps > video_fps * (1 + 1e-3):
        notes.append(f"rate lowered from {fps:g} to the video's own {video_fps:g} frames a second")
        fps = video_fps
    if tool.long == "whole" and count_frames(span, fps) > budget:
        slower = next((rate for rate in sorted(profile.rates, reverse=True) if rate < fps and count_frames(span, rate) <= budget), None)
        if slower is None:
            return Looks((), tuple(notes), _too_long(tool, span, min(profile.rates), budget))
        notes.append(f"rate lowered from {fps:g} to {slower:g} frames a second, so that the span's {span.duration_s:.1f} s fit")
        fps = slower
    if stride_s is not None:
        budget = min(budget, max(1, int(MOST_TIMES * stride_s * fps + 1e-6)))
    count = count_frames(span, fps)
    if count < tool.min_frames:
        return Looks((), tuple(notes), _too_short(tool, span, fps, count))
    if count <= budget:
        return Looks((Window(span.start_s, count, fps),), tuple(notes))
    if tool.long == "last":
        start_s = span.start_s + (count - budget) / fps
        notes.append(f"only the end was looked at, from {start_s:.1f} s on: the model takes {budget} frames")
        return Looks((Window(start_s, budget, fps),), tuple(notes))
    windows = _windows(span, fps, count, budget, stride_s)
    notes.append(f"looked at in {len(windows)} windows of at most {budget / fps:.1f} s")
    return Looks(tuple(windows), tuple(notes))


def _usual_rate(profile: Profile, stride_s: float | None) -> float:
    """The default; or, where times are asked for that lie closer, the lowest rate that shows a frame at each, or else the highest."""
    if stride_s is None or profile.default_fps * stride_s >= 1 - 1e-6:
        return profile.default_fps
    return min((rate for rate in profile.rates if rate * stride_s >= 1 - 1e-6), default=max(profile.rates))


def _windows(span: Span, fps: float, count: int, budget: int, stride_s: float | None) -> list[Window]:
    if stride_s is not None:
        step_s = max(1, math.floor(budget / fps / stride_s + 1e-6)) * stride_s
        starts = [span.start_s + i * step_s for i in range(max(1, math.ceil(span.duration_s / step_s - 1e-6)))]
        return [Window(start, min(budget, count_frames(Span.of(start, span.end_s), fps)), fps) for start in starts]
    step = max(1, budget - int(OVERLAP * budget))
    firsts = [*range(0, count - budget, step), count - budget]  # the last window is full, so it may overlap by more
    return [Window(span.start_s + first / fps, budget, fps) for first in firsts]


def longest_asked(tool: Tool[Any, Any], args: Args, span: Span) -> Span:
    """The longest part of `span` that one question can be about, as far as the answer's length goes."""
    stride_s = tool.stride_s(args)
    return span if stride_s is None else Span.of(span.start_s, min(span.end_s, span.start_s + MOST_TIMES * stride_s))


def frame_budget(profile: Profile, size: tuple[int, int], answer_tokens: int, question: str) -> int:
    """The profile's, or fewer where the context also has to hold question and answer. Raises ConfigError where not two frames fit."""
    per_pair = size[0] * size[1] // profile.factor**2 + (TIMESTAMP_TOKENS if profile.timestamps else 0)
    words = question.replace(",", " , ").split()
    room = profile.max_context - answer_tokens - TOKENS_PER_WORD * len(words) - 64
    pairs = room // per_pair
    if pairs < 1:
        raise ConfigError(
            f"{profile.name} has a context of {profile.max_context} tokens: {answer_tokens} of answer and {len(words)} words of question "
            f"leave no room for two frames of {size[0]}x{size[1]} px; declare a shorter list of actions, or take another model"
        )
    return min(profile.frame_budget, FRAMES_PER_PAIR * pairs)


def _too_long(tool: Tool[Any, Any], span: Span, lowest: float, budget: int) -> str:
    return (
        f"too long for {tool.name}: {span.duration_s:.1f} s at the model's lowest rate of {lowest:g} frames a second are "
        f"{count_frames(span, lowest)} frames, above its {budget}; ask about {budget / lowest:.1f} s or less"
    )


def _too_short(tool: Tool[Any, Any], span: Span, fps: float, count: int) -> str:
    return (
        f"too short for {tool.name}: {span.duration_s:.1f} s at {fps:g} frames a second are {count} frames, below the {tool.min_frames} it "
        f"needs; ask about {tool.min_frames / fps:.1f} s or more"
    )
