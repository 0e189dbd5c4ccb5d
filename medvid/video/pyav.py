"""Reading frames with PyAV: exact for every file that PyAV opens, whatever its rate, its groups of pictures or its start.

A seek lands on some key frame, by decoding time in one container and by showing time in another, and pictures that come out before it may
be damaged. So a landing counts only if a picture at or before the wanted time comes out of it, from its key frame on; else an earlier one
is tried.

A scan looks through the packets without decoding. Showing times come in decoding order. A picture after a key frame in that order but
before it in time may refer to the pictures before the key frame ("open group"); a discarded packet is decoded but not shown (edit lists).
Source: FFmpeg, libavcodec/packet.h; ITU-T H.264, 3.

Stored pictures are turned upright by the container's display matrix: nine int32, row by row (a b u; c d v; x y w), a stored point (p, q)
being shown at (a p + c q + x, b p + d q + y). Source: FFmpeg, libavutil/display.h; ISO/IEC 14496-12, track header box.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av.error
import numpy as np
import numpy.typing as npt
from av.container import InputContainer
from av.packet import Packet
from av.sidedata.sidedata import SideData
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from medvid.core import VideoError
from medvid.video.container import open_video, shown
from medvid.video.info import TOLERANCE_S, VideoInfo

Shown = tuple[float, npt.NDArray[Any]]  # The time from which a frame is shown, in source seconds, and its upright picture, uint8 (H, W, 3).


def read(info: VideoInfo, times_s: Sequence[float]) -> Iterator[Shown]:
    """The frame shown at each time, in order. The times increase. Raises VideoError where nothing can be decoded up to a time."""
    with ExitStack() as files:
        cursor = _Cursor(info, files)
        for time_s in times_s:
            yield cursor.at(time_s)


class _Cursor:
    """Walks forward through one file, holding the frame shown now and the one after it."""

    def __init__(self, info: VideoInfo, files: ExitStack) -> None:
        """files: holds the open file; closing it is the caller's."""
        self.info = info
        self._files = files
        self._now: tuple[float, VideoFrame] | None = None
        self._next: tuple[float, VideoFrame] | None = None
        self._picture: npt.NDArray[Any] | None = None
        self._restart()

    def at(self, time_s: float) -> Shown:
        limit_s = time_s + TOLERANCE_S
        key_s = self._key_before(limit_s)
        if self._next is not None and key_s > self._next[0] + TOLERANCE_S:
            self._seek(key_s, limit_s)
        while self._next is not None and self._next[0] <= limit_s:
            self._now, self._next, self._picture = self._next, next(self._shown, None), None
        if self._now is None:
            raise VideoError(f"{self.info.name}: nothing can be decoded up to {time_s:.3f} s; ask for a later time, or export it again")
        if self._picture is None:
            self._picture = self._convert(self._now[1])
        return self._now[0], self._picture

    def _key_before(self, time_s: float) -> float:
        index = bisect.bisect_right(self.info.keys_s, time_s)
        return self.info.keys_s[index - 1] if index else 0.0

    def _seek(self, target_s: float, limit_s: float) -> None:
        back_s = 1.0
        while target_s > 0:
            pts = round((target_s + self.info.container_start_s) / self._tick_s)
            try:
                self._container.seek(pts, stream=self._stream)
            except av.error.FFmpegError:
                break
            self._shown = self._decode(after_seek=True)
            self._next = next(self._shown, None)
            if self._next is not None and self._next[0] <= limit_s:
                return
            target_s, back_s = target_s - back_s, back_s * 2
        self._restart()

    def _restart(self) -> None:
        self._files.close()
        self._container, self._stream = self._files.enter_context(open_video(self.info.path))
        self._tick_s = float(self._stream.time_base or 1)
        self._shown = self._decode(after_seek=False)
        self._next = next(self._shown, None)

    def _decode(self, after_seek: bool) -> Iterator[tuple[float, VideoFrame]]:
        """Shown frames with their times, which increase. What cannot be decoded is left out: the frame before it stays on the screen."""
        last_s = -TOLERANCE_S
        for packet in packets(self._container, self._stream):
            if after_seek and packet.size:
                if not packet.is_keyframe or packet.pts is None:
                    continue
                after_seek, last_s = False, max(last_s, self._time_s(packet.pts) - TOLERANCE_S)
            for frame in pictures(packet):
                time_s = self._time_s(frame.pts) if frame.pts is not None else last_s
                if time_s > last_s:
                    last_s = time_s
                    yield time_s, frame

    def _time_s(self, pts: int) -> float:
        return pts * self._tick_s - self.info.container_start_s

    def _convert(self, frame: VideoFrame) -> npt.NDArray[Any]:
        width, height = self.info.size if self.info.rotation in (0, 180) else self.info.size[::-1]
        # A stream may change its size on the way; boxes need one frame of reference.
        return upright(frame.to_ndarray(format="rgb24", width=width, height=height), self.info.rotation, self.info.mirrored)


def packets(container: InputContainer, stream: VideoStream) -> Iterator[Packet[VideoStream]]:
    """Packets of the stream up to where the file can be read; the last one is empty and drains the decoder."""
    while True:
        try:
            yield from container.demux(stream)
            return
        except IndexError:
            continue  # PyAV met a packet of a stream that the file's head does not announce; the next packet is read from a new start
        except av.error.FFmpegError:
            drain: Any = Packet()
            drain.stream = stream
            yield drain
            return


def pictures(packet: Packet[VideoStream]) -> list[VideoFrame]:
    """The frames that come out of the decoder with this packet; none where it is damaged. Raises MemoryError where memory ran out."""
    try:
        return packet.decode()
    except av.error.MemoryError:
        raise
    except av.error.FFmpegError:
        return []


@dataclass(frozen=True, slots=True, eq=False)
class Scan:
    """Of a file's packets, in ticks and showing order."""

    pts: npt.NDArray[np.int64]  # of shown packets
    durations: npt.NDArray[np.int64]  # of the same; 0 where none is stated
    keys: npt.NDArray[np.int64]  # of key frames, shown or not
    tick_s: float
    damaged: int  # packets marked as such or without a time


def scan(container: InputContainer, stream: VideoStream, path: Path) -> Scan:
    """Reads the file through. Raises VideoError where it holds no picture."""
    timed: dict[int, int] = {}
    keys: list[int] = []
    damaged = 0
    for packet in packets(container, stream):
        if not packet.size:
            continue
        damaged += packet.is_corrupt or packet.pts is None
        if packet.pts is None:
            continue
        if packet.is_keyframe:
            keys.append(packet.pts)
        if not packet.is_discard:
            timed[packet.pts] = packet.duration or 0
    if not timed and damaged:
        raise VideoError(f"{shown(path)} does not say when its pictures are shown; export it again, for example as H.264 in MP4")
    if not timed or not keys:
        raise VideoError(f"{shown(path)} has a video stream without a picture that can be decoded; copy or export it again")
    pts = sorted(timed)
    durations = np.array([timed[p] for p in pts], dtype=np.int64)
    return Scan(np.array(pts, dtype=np.int64), durations, np.unique(keys), float(stream.time_base or 1), damaged)


def orientation(frame: VideoFrame) -> tuple[int, bool, bool]:
    """Degrees clockwise (0, 90, 180, 270), whether to flip left to right after that, and whether this is exact."""
    side = frame.side_data.get("DISPLAYMATRIX")
    if not isinstance(side, SideData):
        return 0, False, True
    a, b, _, c, d = (int(value) for value in np.frombuffer(bytes(side), dtype=np.int32)[:5])
    if a == b == c == d == 0:
        return 0, False, False
    mirrored = a * d - b * c < 0
    if abs(d) >= abs(b):
        return (0 if d > 0 else 180), mirrored, b == c == 0
    return (90 if b > 0 else 270), mirrored, a == d == 0


def upright(rgb: npt.NDArray[Any], rotation: int, mirrored: bool) -> npt.NDArray[Any]:
    """A stored picture (H, W, 3) as it is to be seen."""
    turned = np.rot90(rgb, -rotation // 90)  # rot90 turns counter-clockwise
    return np.ascontiguousarray(turned[:, ::-1] if mirrored else turned)
