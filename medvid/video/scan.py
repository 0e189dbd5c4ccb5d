"""A container's packets, looked through without decoding: when pictures are shown, and from where decoding can start.

Showing times come in decoding order. A picture after a key frame in that order but before it in time may refer to the pictures before the
key frame ("open group"); a discarded packet is decoded but not shown (edit lists). Source: FFmpeg, libavcodec/packet.h; ITU-T H.264, 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from av.container import InputContainer
from av.video.stream import VideoStream

from medvid.core.errors import VideoError
from medvid.video.container import open_video, shown
from medvid.video.pyav import packets


@dataclass(frozen=True, slots=True, eq=False)
class Scan:
    """pts, durations (0: not stated): of shown packets, in showing order, in ticks. keys: of key frames, shown or not, in order. tick_s:
    one tick. closed: nothing refers across a key frame and nothing is discarded. damaged: packets marked as such or without a time."""

    pts: npt.NDArray[np.int64]
    durations: npt.NDArray[np.int64]
    keys: npt.NDArray[np.int64]
    tick_s: float
    closed: bool
    damaged: int


def scan(container: InputContainer, stream: VideoStream, path: Path) -> Scan:
    """Reads the file through. Raises VideoError where it holds no picture."""
    timed: dict[int, int] = {}
    keys: list[int] = []
    closed, damaged = True, 0
    for packet in packets(container, stream):
        if not packet.size:
            continue
        damaged += packet.is_corrupt or packet.pts is None
        if packet.pts is None:
            continue
        if packet.is_keyframe:
            keys.append(packet.pts)
        if packet.is_discard or not keys or packet.pts < keys[-1]:
            closed = False
        if not packet.is_discard:
            timed[packet.pts] = packet.duration or 0
    if not timed and damaged:
        raise VideoError(f"{shown(path)} does not say when its pictures are shown; export it again, for example as H.264 in MP4")
    if not timed or not keys:
        raise VideoError(f"{shown(path)} has a video stream without a picture that can be decoded; copy or export it again")
    pts = sorted(timed)
    durations = np.array([timed[p] for p in pts], dtype=np.int64)
    return Scan(np.array(pts, dtype=np.int64), durations, np.unique(keys), float(stream.time_base or 1), closed, damaged)


def shown_times(path: Path, container_start_s: float) -> npt.NDArray[np.float64]:
    """Source seconds from which each frame is shown, in order."""
    with open_video(path) as (container, stream):
        found = scan(container, stream, path)
    return found.pts.astype(np.float64) * found.tick_s - container_start_s
