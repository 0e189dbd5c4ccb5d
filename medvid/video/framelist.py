"""A list of frame files with a rate is a video too: frame k is shown from k / fps on. Benchmarks hand out clips in this form."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from medvid.core.errors import VideoError
from medvid.video.container import check_file, content_id, shown
from medvid.video.info import TOLERANCE_S, VideoInfo


@dataclass(frozen=True, slots=True)
class FrameList:
    """paths: image files in time order. fps: their rate. title: how people call it."""

    paths: tuple[Path, ...]
    fps: float
    title: str = "frames"


def probe_frames(source: FrameList) -> VideoInfo:
    """Raises VideoError where the list is empty, its rate is no rate, or a file is missing or no picture."""
    if not source.paths:
        raise VideoError("a list of frames holds no file; give one picture at least")
    if not (math.isfinite(source.fps) and source.fps > 0):
        raise VideoError(f"a list of frames has a rate of {source.fps} frames a second; give one above 0")
    for path in source.paths:
        check_file(path)
    height, width = _load(source.paths[0]).shape[:2]
    count = len(source.paths)
    digest = hashlib.blake2b(repr(float(source.fps)).encode(), digest_size=8)
    for path in source.paths:
        digest.update(bytes.fromhex(content_id(path)))
    return VideoInfo(
        video_id=digest.hexdigest(), paths=source.paths, duration_s=count / source.fps, fps=float(source.fps),
        variable_rate=False, size=(width, height), frames=count, codec=source.paths[0].suffix.lstrip(".").lower(), container="frames",
    )  # fmt: skip


def read(info: VideoInfo, times_s: Sequence[float]) -> Iterator[tuple[float, npt.NDArray[Any]]]:
    """The frame shown at each time and the time from which it is shown. Raises VideoError where sizes differ within the list."""
    for time_s in times_s:
        index = min(max(0, math.floor((time_s + TOLERANCE_S) * info.fps)), info.frames - 1)
        picture = _load(info.paths[index])
        height, width = picture.shape[:2]
        if (width, height) != info.size:
            first = f"{info.size[0]}x{info.size[1]}"
            raise VideoError(f"{shown(info.paths[index])} is {width}x{height} px, the first frame {first} px; give frames of one size")
        yield index / info.fps, picture


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
