"""Small video files whose frames are known: each frame carries its number as a bar code, and a corner that tells how it stands.

Also copies of a given file that must read as the same video: turned, at a variable rate, starting late.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

WIDTH, HEIGHT = 160, 96
BITS = 8
TICK = Fraction(1, 90_000)


def marked(number: int, width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """A dark picture: the number as white columns in its upper half, least bit left, and a red patch bottom left."""
    picture = np.zeros((height, width, 3), dtype=np.uint8)
    column = width // BITS
    for bit in range(BITS):
        if number >> bit & 1:
            picture[: height // 2, bit * column : (bit + 1) * column] = 255
    picture[-height // 4 :, : width // 4] = (255, 0, 0)
    return picture


def number_of(picture: np.ndarray) -> int:
    """The number of a marked picture, after checking that it stands upright."""
    height, width = picture.shape[:2]
    red = picture[-height // 8, width // 8].astype(int)
    assert red[0] > 150 and red[1:].max() < 100, f"the red corner is not bottom left: {red}"
    middles = [bit * (width // BITS) + width // BITS // 2 for bit in range(BITS)]
    return sum(1 << bit for bit, x in enumerate(middles) if picture[height // 4, x].mean() > 127)


def write(
    path: Path,
    times_s: Sequence[float],
    *,
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    size: tuple[int, int] = (WIDTH, HEIGHT),
    group: int = 12,
    tick: Fraction = TICK,
    rate: Fraction = Fraction(25),
    rotation: int = 0,
    codec_options: dict[str, str] | None = None,
    file_options: dict[str, str] | None = None,
    tags: dict[str, str] | None = None,
    draw: Callable[[int], np.ndarray] | None = None,
) -> Path:
    """A file whose frame k is shown from times_s[k] on. rotation: degrees a player turns it clockwise; what is drawn is upright."""
    width, height = size
    with av.open(path, "w", options=file_options or {}) as file:
        file.metadata.update(tags or {})
        stream: Any = file.add_stream(codec, rate=rate)
        stream.width, stream.height = (width, height) if rotation in (0, 180) else (height, width)
        stream.pix_fmt = pix_fmt
        stream.time_base = stream.codec_context.time_base = tick
        quiet = {"x265-params": "log-level=none:pools=1:frame-threads=1"} if codec == "libx265" else {}
        stream.options = {"g": str(group), "threads": "1", **quiet, **(codec_options or {})}
        if rotation:
            stream.set_display_rotation(-rotation)  # ffmpeg counts counter-clockwise
        for number, time_s in enumerate(times_s):
            picture = draw(number) if draw else marked(number, width, height)
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(np.rot90(picture, rotation // 90)), format="rgb24")
            frame.pts, frame.time_base = round(Fraction(time_s) / tick), tick
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return path


OPEN_GROUPS = {"x264-params": "keyint=12:min-keyint=12:open-gop=1:bframes=3:b-adapt=0:scenecut=0"}


def every(step_s: float, count: int, start_s: float = 0.0) -> list[float]:
    return [start_s + k * step_s for k in range(count)]


def uneven(count: int, seed: int = 0) -> list[float]:
    """Times from 0 on with steps of 5 to 300 ms."""
    steps = np.random.default_rng(seed).integers(5, 300, count - 1) / 1000
    return [0.0, *np.cumsum(steps).tolist()]


def _frames(path: Path) -> tuple[list[tuple[float, np.ndarray]], dict[str, str], Fraction]:
    """Every frame with its time from the first one, the tags, and the rate."""
    with av.open(path) as file:
        stream = file.streams.video[0]
        shown = [(float(frame.time or 0), frame.to_ndarray(format="rgb24")) for frame in file.decode(stream)]
        rate = stream.average_rate or Fraction(25)
        return [(time_s - shown[0][0], picture) for time_s, picture in shown], dict(file.metadata), rate


def _rewrite(dst: Path, frames: Sequence[tuple[float, np.ndarray]], tags: dict[str, str], rate: Fraction, rotation: int = 0) -> Path:
    """High quality, so that a copy looks like what it copies."""
    height, width = frames[0][1].shape[:2]
    kept = {name: value for name, value in tags.items() if name == "comment"}
    return write(
        dst, [time_s for time_s, _ in frames], size=(width, height), group=30, rate=rate, rotation=rotation, tags=kept,
        codec_options={"crf": "12", "preset": "veryfast"}, draw=lambda k: frames[k][1],
    )  # fmt: skip


def rotated_copy(src: Path, dst: Path, degrees: int) -> Path:
    """The same pictures stored turned, with a container that says to turn them `degrees` clockwise: upright they equal the source's."""
    frames, tags, rate = _frames(src)
    return _rewrite(dst, frames, tags, rate, degrees)


def variable_rate_copy(src: Path, dst: Path, seed: int) -> Path:
    """About two thirds of the source's frames at their own times, the first and last among them."""
    frames, tags, rate = _frames(src)
    kept = np.random.default_rng(seed).random(len(frames)) < 0.65
    kept[[0, -1]] = True
    return _rewrite(dst, [frame for frame, keep in zip(frames, kept, strict=True) if keep], tags, rate)


def offset_copy(src: Path, dst: Path, start_s: float) -> Path:
    """The source's own coded pictures in a container that starts at `start_s`."""
    with av.open(src) as old, av.open(dst, "w") as new:
        new.metadata.update({name: value for name, value in old.metadata.items() if name == "comment"})
        stream = old.streams.video[0]
        target = new.add_stream_from_template(stream)
        assert stream.time_base is not None
        ticks = round(Fraction(start_s) / stream.time_base)
        for packet in old.demux(stream):
            if packet.size and packet.pts is not None and packet.dts is not None:
                packet.pts, packet.dts = packet.pts + ticks, packet.dts + ticks
                packet.stream = target
                new.mux(packet)
    return dst


def cut(src: Path, dst: Path, share: float) -> Path:
    """The first part of the file's bytes."""
    content = src.read_bytes()
    dst.write_bytes(content[: int(len(content) * share)])
    return dst


def write_sound(path: Path) -> Path:
    """A second of silence and no picture."""
    with av.open(path, "w") as file:
        stream: Any = file.add_stream("aac", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), dtype=np.float32), format="fltp", layout="mono")
        frame.sample_rate = 8000
        for _ in range(8):
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return path
