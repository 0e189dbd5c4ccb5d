"""Frames at given times, upright, of a file or of a list of frames."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from medvid.core import VideoError
from medvid.core.frames import Frames
from medvid.video import framelist, pyav
from medvid.video.info import VideoInfo
from medvid.video.pyav import Shown

LARGEST_BYTES = 8 << 30
Read = Callable[[VideoInfo, list[float], tuple[int, int]], Iterator[Shown]]
Times = Sequence[float] | npt.NDArray[np.float64]


def decode(info: VideoInfo, times_s: Times, size: tuple[int, int] | None = None) -> Frames:
    """The frames shown at `times_s`, which increase; one frame a time. `fps` is the rate of the asked times, the video's own for one. A
    frame's time is the one from which it is shown, which may lie before the asked time. Only where it has been returned already, or has
    stood for longer than a step of the asked times, it is the asked time, at which the frame is still shown; so times always increase and
    none strays by more than a step. size: width, height to scale to, antialiased. Safe to call from several threads. Raises VideoError."""
    return gather(info, times_s, size, scaled)


def gather(info: VideoInfo, times_s: Times, size: tuple[int, int] | None, read: Read) -> Frames:
    """`decode` with the pictures of `read`, which gives one of the size for each time, wherever it reads them."""
    asked_s = [float(time_s) for time_s in times_s]
    info.check_times(asked_s)
    fps = (len(asked_s) - 1) / (asked_s[-1] - asked_s[0]) if len(asked_s) > 1 else info.fps
    width, height = size or info.size
    if width < 1 or height < 1:
        raise VideoError(f"frames of {width}x{height} px cannot be made; ask for 1x1 px at least")
    wanted_bytes = len(asked_s) * width * height * 3
    if wanted_bytes > LARGEST_BYTES:
        raise VideoError(
            f"{len(asked_s)} frames of {width}x{height} px need {wanted_bytes / 2**30:.1f} GiB, above {LARGEST_BYTES >> 30} GiB; "
            "ask for fewer or smaller frames"
        )
    rgb = np.empty((len(asked_s), height, width, 3), dtype=np.uint8)
    true_s = np.empty(len(asked_s))
    last_s = -1.0
    for i, (shown_s, picture) in enumerate(read(info, asked_s, (width, height))):
        rgb[i] = picture
        stale = shown_s <= last_s or asked_s[i] - shown_s > 1 / fps + 1e-9
        true_s[i] = last_s = asked_s[i] if stale else max(0.0, shown_s)
    return Frames(rgb, true_s, fps)


def scaled(info: VideoInfo, times_s: list[float], size: tuple[int, int]) -> Iterator[Shown]:
    read = framelist.read if info.container == "frames" else pyav.read
    for shown_s, picture in read(info, times_s):
        yield shown_s, scale(picture, size)


def scale(picture: npt.NDArray[Any], size: tuple[int, int]) -> npt.NDArray[Any]:
    """Pillow widens the bicubic kernel when it shrinks, which is the antialiasing that checkpoints were trained with."""
    if picture.shape[1::-1] == size:
        return picture
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BICUBIC))
