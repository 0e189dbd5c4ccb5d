"""Extent: which stretch of its source a record shows, and at which second each of its frames is shown.

Two axes: a frame's place in the list over `metadata.fps` (`index`), and its native number over the native rate (`native`), where that rate
is known: a folder names it, or the extent in seconds bears it out. Where both say the same, `both`; frames taken out of a video file stand
on its own clock, `video`. Source: docs/formats.md, "Extents and time axes of records".
"""

import math
import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from pathlib import PurePosixPath
from typing import Literal, NamedTuple

from medvid.core import ConfigError, Span
from medvid.medvidbench.records import Record
from medvid.tools.feeding import count_frames, sample_times
from medvid.video import VideoInfo

Axis = Literal["index", "native", "both", "video"]
KEYS = {
    "seconds": (("input_video_start_time", "input_video_end_time"),),
    "frames": (("input_video_start_frame", "input_video_end_frame"), ("start_frame", "end_frame")),
}
AGREE_S = 0.05  # Half of the last decimal that times of answers have.
_RATE = re.compile(r"(?:^|[_\W])(\d+(?:\.\d+)?)_?fps(?:$|[_\W])", re.IGNORECASE)
_NUMBER = re.compile(r"(\d+)\D*$")


@dataclass(frozen=True, slots=True)
class Extent:
    """Of a record's clip in its source."""

    unit: Literal["seconds", "frames"]
    start: float
    end: float


class Timing(NamedTuple):
    """times_s: of each frame, in seconds of the source, as far as that is known. fps: of the list."""

    times_s: tuple[float, ...]
    fps: float
    axis: Axis


def rate_of(record: Record) -> float:
    """Raises ConfigError where the record states none."""
    if (fps := record.fps) is None or not math.isfinite(fps) or fps <= 0:
        raise ConfigError(f"metadata.fps is {record.metadata.get('fps')!r}; a record states how many frames a second its list has")
    return fps


def extent_of(record: Record) -> Extent | None:
    """None where the record states none. Raises ConfigError where it is no stretch."""
    for unit, conventions in KEYS.items():
        for keys in conventions:
            said = [record.metadata[key] for key in keys if record.metadata.get(key, "").strip()]
            if len(said) == 2:
                try:
                    start, end = map(float, said)
                except ValueError:
                    start = end = math.nan
                if not 0 <= start <= end < math.inf:
                    raise ConfigError(f"{' to '.join(keys)} is {' to '.join(said)}; give numbers of which the second is not smaller")
                return Extent("seconds" if unit == "seconds" else "frames", start, end)
    return None


def sampled_numbers(record: Record) -> tuple[int, ...]:
    """`sampled_video_frames`, beside or in the metadata; empty where there are none."""
    said = (record.model_extra or {}).get("sampled_video_frames", record.metadata.get("sampled_video_frames", ""))
    return tuple(map(int, re.findall(r"\d+", str(said))))


def native_numbers(record: Record) -> tuple[int, ...]:
    """One a frame, increasing: as sampled, else as the frames' files are numbered. Empty where there are none such."""
    named = [_NUMBER.search(PurePosixPath(path).stem) for path in record.video]
    for numbers in (sampled_numbers(record), tuple(int(found[1]) for found in named if found)):
        if len(numbers) == len(record.video) and all(a < b for a, b in pairwise(numbers)):
            return numbers
    return ()


def stated_rate(path: str) -> float | None:
    """Native frames a second, as a folder's name has it: `frames_2fps`."""
    found = [float(match[1]) for part in PurePosixPath(path).parts[:-1] for match in [_RATE.search(part)] if match]
    return found[-1] if found and found[-1] > 0 else None


def list_timing(record: Record) -> Timing:
    """Of a list of pictures. Raises ConfigError where the record states no rate."""
    fps, extent, numbers = rate_of(record), extent_of(record), native_numbers(record)
    strides = Counter(b - a for a, b in pairwise(numbers))
    usual = strides.most_common(1)[0][0] if strides else 0
    rate = stated_rate(record.video[0])
    if rate is None and usual and extent is not None and extent.unit == "seconds":
        lasts_s = (numbers[-1] - numbers[0] + usual) / (usual * fps)
        rate = usual * fps if abs(lasts_s - (extent.end - extent.start)) <= 1 / fps + 1e-6 else None
    start_s = _start_s(extent, rate or usual * fps, fps, len(record.video))
    even = [i / fps for i in range(len(record.video))]
    native = [(number - numbers[0]) / rate for number in numbers] if rate else []
    agree = bool(native) and all(abs(a - b) <= AGREE_S for a, b in zip(even, native, strict=True))
    axis: Axis = "both" if agree else "native" if native else "index"
    return Timing(tuple(round(start_s + time_s, 6) for time_s in (native if axis == "native" else even)), fps, axis)


def _start_s(extent: Extent | None, native_fps: float, fps: float, count: int) -> float:
    """Where the clip begins in its source; numbers without a known rate are reckoned by the list's."""
    if extent is None or extent.unit == "seconds":
        return extent.start if extent else 0.0
    native_fps = native_fps or (extent.end - extent.start) * fps / count
    return extent.start / native_fps if native_fps else 0.0


def file_timing(record: Record, info: VideoInfo) -> Timing:
    """Of a video file: its native numbers as sampled, else its extent, or all of it, at `metadata.fps`. Raises ConfigError, VideoError."""
    fps, extent, numbers = rate_of(record), extent_of(record), sampled_numbers(record)
    rate = stated_rate(record.video[0]) or info.fps
    if numbers and all(a < b for a, b in pairwise(numbers)):
        return Timing(tuple(round(number / rate, 6) for number in numbers), fps, "native")
    scale = 1.0 if extent is None or extent.unit == "seconds" else rate
    span = info.span(extent.start / scale, extent.end / scale) if extent is not None else Span.of(0.0, info.duration_s)
    return Timing(tuple(sample_times(span.start_s, fps, count_frames(span, fps))), fps, "video")
