"""Looking a video through once: how long it truly is, its rate, its size upright, and what is wrong with it.

Nothing that a container states about itself is believed where its packets say otherwise: durations lie, indices outlive the frames of a cut
file, and the first packet need not be shown.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from medvid.core import VideoError
from medvid.video import pyav
from medvid.video.container import content_id, open_video, shown
from medvid.video.framelist import FrameList, probe_frames
from medvid.video.info import TOLERANCE_S, VideoInfo
from medvid.video.pyav import Scan, orientation, scan

LARGEST_PICTURE_PX = 8192 * 8192
KEY_STEP_S = 1.0
LONG_GAP_S = 10.0


def probe(source: Path | FrameList) -> VideoInfo:
    """Reads the whole file once, decoding its first and last pictures. Raises VideoError where there is nothing to look at."""
    if isinstance(source, FrameList):
        return probe_frames(source)
    with open_video(source) as (container, stream):
        if stream.width * stream.height > LARGEST_PICTURE_PX:
            raise VideoError(f"{shown(source)} has pictures of {stream.width}x{stream.height} px, above 8192x8192 px; export it smaller")
        found = scan(container, stream, source)
        tags = {name.lower(): value for name, value in {**stream.metadata, **container.metadata}.items()}
        stated_frames, stated_s = stream.frames, _stated_s(container, stream)
        average = float(stream.average_rate or 0)
        codec, kind = stream.codec_context.name, container.format.name.split(",")[0]
    first = _first_shown(source, int(found.keys[0]))
    rotation, mirrored, exact = orientation(first)
    size = (first.width, first.height) if rotation in (0, 180) else (first.height, first.width)
    kept = found.pts >= (first.pts or 0)
    pts = found.pts[kept]
    fps, variable, last_s = _rate(pts, found.durations[kept], found.tick_s, average)
    start_s = float(pts[0] * found.tick_s)
    info = VideoInfo(
        video_id=content_id(source), paths=(source,), duration_s=float(pts[-1] * found.tick_s) - start_s + last_s, fps=fps,
        variable_rate=variable, size=size, frames=len(pts), codec=codec, container=kind, rotation=rotation, mirrored=mirrored, tags=tags,
        container_start_s=start_s, keys_s=_keys_s(found, start_s), notes=tuple(_notes(found, exact)),
    )  # fmt: skip
    info = _cut_to_decodable(info, pts.astype(np.float64) * found.tick_s - start_s, last_s)
    return replace(info, duration_s=round(info.duration_s, 6), notes=(*info.notes, *_broken_promises(info, stated_frames, stated_s)))


def _first_shown(path: Path, first_key: int) -> VideoFrame:
    """The first picture that stands on its own. A file cut out of a longer one may begin with pictures that refer to lost ones."""
    with open_video(path) as (container, stream):
        for packet in pyav.packets(container, stream):
            for frame in pyav.pictures(packet):
                if frame.pts is not None and frame.pts >= first_key:
                    return frame
    raise VideoError(f"{shown(path)} has a video stream without a picture that can be decoded; copy or export it again")


def _rate(pts: npt.NDArray[np.int64], durations: npt.NDArray[np.int64], tick_s: float, average: float) -> tuple[float, bool, float]:
    """Frames a second, whether the rate varies, and how long the last frame is shown."""
    stated_last_s = float(durations[-1] * tick_s)
    if len(pts) == 1:
        fps = 1 / stated_last_s if stated_last_s > 0 else average or 25.0
        return fps, False, 1 / fps
    step = float(pts[-1] - pts[0]) / (len(pts) - 1)
    grid = pts[0] + step * np.arange(len(pts))
    # Containers round times to whole ticks, so a regular rate strays by a tick; more than that is a variable one.
    if float(np.abs(pts - grid).max()) <= max(1.5, 0.05 * step):
        fps = 1 / (step * tick_s)
        fps = average if average and abs(average / fps - 1) < 1e-3 else fps
        return fps, False, 1 / fps
    usual_s = float(np.median(np.diff(pts))) * tick_s
    last_s = stated_last_s if 0 < stated_last_s <= 1 else usual_s
    return len(pts) / (float(pts[-1] - pts[0]) * tick_s + last_s), True, last_s


def _keys_s(found: Scan, start_s: float) -> tuple[float, ...]:
    kept: list[float] = []
    for key in found.keys:
        key_s = float(key * found.tick_s) - start_s
        if not kept or key_s >= kept[-1] + KEY_STEP_S:
            kept.append(key_s)
    return tuple(kept)


def _stated_s(container: InputContainer, stream: VideoStream) -> float | None:
    """The length that the container states for the pictures, if any; with sound beside them the container's own may be the sound's."""
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    if container.duration and len(container.streams) == 1:
        return container.duration / 1e6 - max(0, container.start_time or 0) / 1e6
    return None


def _notes(found: Scan, exact_turn: bool) -> Iterator[str]:
    if found.damaged:
        yield f"damaged: {found.damaged} packets; a picture stays until the next good one"
    if not exact_turn:
        yield "the container turns the picture by an angle that is no quarter turn; the nearest is used"
    steps_s = np.diff(found.pts) * found.tick_s
    if len(steps_s) and steps_s.max() > max(LONG_GAP_S, 20 * float(np.median(steps_s))):
        at_s = float(found.pts[steps_s.argmax()] - found.pts[0]) * found.tick_s
        yield f"one picture stands for {steps_s.max():.1f} s, from {at_s:.1f} s on: a gap, or broken times"


def _cut_to_decodable(info: VideoInfo, starts_s: npt.NDArray[np.float64], last_s: float) -> VideoInfo:
    """`info` up to the last frame that can be decoded. starts_s: when each frame is first shown; last_s: how long the last one is."""
    ((shown_s, _),) = pyav.read(info, [float(starts_s[-1])])
    lost = int(np.count_nonzero(starts_s > shown_s + TOLERANCE_S))
    if not lost:
        return info
    notes = (*info.notes, f"cut off: the last {lost} frames cannot be decoded")
    return replace(info, duration_s=shown_s + last_s, frames=info.frames - lost, notes=notes)


def _broken_promises(info: VideoInfo, stated_frames: int, stated_s: float | None) -> Iterator[str]:
    if stated_s is None:
        return
    if stated_frames > info.frames and stated_s > info.duration_s + 1.5 / info.fps:
        there = f"{info.frames} frames and {info.duration_s:.1f} s are there"
        yield f"cut off: the container promises {stated_frames} frames and {stated_s:.1f} s, {there}"
    elif abs(stated_s - info.duration_s) > max(0.5, 0.01 * info.duration_s):
        yield f"the container states {stated_s:.1f} s, its frames last {info.duration_s:.1f} s; the frames count"
