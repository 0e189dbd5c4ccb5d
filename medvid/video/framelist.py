"""A list of frame files is a video too: frame k is shown from k / fps on, or from its own time. Benchmarks hand out clips in this form."""

import bisect
import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from medvid.core import VideoError
from medvid.video.container import check_file, frames_id, shown
from medvid.video.info import TOLERANCE_S, VideoInfo


@dataclass(frozen=True, slots=True)
class FrameList:
    paths: tuple[Path, ...]  # image files in time order
    fps: float  # their rate
    title: str = "frames"  # how people call it
    times_s: tuple[float, ...] | None = None  # when each is shown, from the first on, where the steps are uneven; the last lasts 1 / fps


def probe_frames(source: FrameList) -> VideoInfo:
    """Raises VideoError where the list is empty, its rate is no rate, its times do not fit, or a file is missing or no picture."""
    if not source.paths:
        raise VideoError("a list of frames holds no file; give one picture at least")
    if not (math.isfinite(source.fps) and source.fps > 0):
        raise VideoError(f"a list of frames has a rate of {source.fps} frames a second; give one above 0")
    for path in source.paths:
        check_file(path)
    height, width = _load(source.paths[0]).shape[:2]
    starts_s = _starts_s(source)
    count, duration_s = len(starts_s), round(starts_s[-1] + 1 / source.fps, 6)
    uneven = source.times_s is not None
    return VideoInfo(
        video_id=frames_id(source.paths, source.fps, source.times_s), paths=source.paths, duration_s=duration_s, fps=count / duration_s if
        uneven else float(source.fps), variable_rate=uneven, size=(width, height), frames=count,
        codec=source.paths[0].suffix.lstrip(".").lower(), container="frames", starts_s=starts_s,
    )  # fmt: skip


def _starts_s(source: FrameList) -> tuple[float, ...]:
    if (times_s := source.times_s) is None:
        return tuple(k / source.fps for k in range(len(source.paths)))
    rising = all(earlier < later for earlier, later in itertools.pairwise((-math.inf, *times_s, math.inf)))
    if len(times_s) != len(source.paths) or not rising:
        raise VideoError(f"a list of {len(source.paths)} frames has {len(times_s)} times; give one a frame, in seconds, that increase")
    return tuple(round(time_s - times_s[0], 6) for time_s in times_s)


def read(info: VideoInfo, times_s: Sequence[float]) -> Iterator[tuple[float, npt.NDArray[Any]]]:
    """The frame shown at each time and the time from which it is shown. Raises VideoError where sizes differ within the list."""
    for time_s in times_s:
        index = max(0, bisect.bisect_right(info.starts_s, time_s + TOLERANCE_S) - 1)
        picture = _load(info.paths[index])
        height, width = picture.shape[:2]
        if (width, height) != info.size:
            first = f"{info.size[0]}x{info.size[1]}"
            raise VideoError(f"{shown(info.paths[index])} is {width}x{height} px, the first frame {first} px; give frames of one size")
        yield info.starts_s[index], picture


def _load(path: Path) -> npt.NDArray[Any]:
    """uint8 (H, W, 3), upright; see-through parts over white, as the benchmark's own inference has them."""
    try:
        with Image.open(path) as opened:
            picture = ImageOps.exif_transpose(opened)
            if "A" in picture.getbands() or "transparency" in picture.info:
                over = picture.convert("RGBA")
                picture = Image.alpha_composite(Image.new("RGBA", over.size, "white"), over)
            return np.asarray(picture.convert("RGB"))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:  # SyntaxError: Pillow on a broken PNG
        raise VideoError(f"{shown(path)} is no picture that can be read; give JPEG or PNG files") from error
