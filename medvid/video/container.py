"""Files: whether one may be read, the id of its content, and opening it with PyAV: only formats that hold their own content, only plain
files, errors that say what is wrong.

A playlist or concat script renamed `x.mp4` would make libavformat open what it names, other files and the network included; hence the
lists of formats and protocols. Source: FFmpeg formats documentation, `format_whitelist`, `protocol_whitelist`.
"""

import hashlib
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import av
import av.error
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from medvid.core import VideoError

FORMATS = "mov,mp4,matroska,webm,avi,mpegts,mpeg,asf,flv,ogg,mxf,gxf,dv,nut,rm"
MIB = 1 << 20
LIMITS = {"format_whitelist": FORMATS, "protocol_whitelist": "file"}


def check_file(path: Path) -> None:
    """Raises VideoError unless this is a plain file that holds something."""
    try:
        str(path).encode()
        status = path.stat()
    except (OSError, ValueError) as error:  # ValueError: a null byte, or a name that is no text
        why = error.strerror if isinstance(error, OSError) else "its name is not plain text"
        raise VideoError(f"{shown(path)} cannot be opened ({why}); check the name and the rights") from error
    if not stat.S_ISREG(status.st_mode):
        raise VideoError(f"{shown(path)} is not a plain file; give a video file")
    if status.st_size == 0:
        raise VideoError(f"{shown(path)} is empty (0 bytes); copy or export it again")


def content_id(path: Path) -> str:
    """A file's `video_id`, 16 hexadecimal digits: blake2b over its size and first, middle and last MiB, so that a recording of hours is
    known at once and equal content is one video. Raises OSError where it cannot be read."""
    digest = hashlib.blake2b(digest_size=8)
    size = path.stat().st_size
    digest.update(size.to_bytes(8, "big"))
    with path.open("rb") as file:
        for offset in (0, max(0, (size - MIB) // 2), max(0, size - MIB)):
            file.seek(offset)
            digest.update(file.read(MIB))
    return digest.hexdigest()


def frames_id(paths: Sequence[Path], fps: float, times_s: Sequence[float] | None = None) -> str:
    """The id of a list of frame files shown at this rate, or at these times."""
    digest = hashlib.blake2b(repr(float(fps)).encode(), digest_size=8)
    digest.update(repr([float(time_s) for time_s in times_s]).encode() if times_s is not None else b"")
    for path in paths:
        digest.update(bytes.fromhex(content_id(path)))
    return digest.hexdigest()


@contextmanager
def open_video(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    """The container and its first stream of moving pictures. Raises VideoError where there is none."""
    check_file(path)
    try:
        container = av.open(f"file:{path.resolve()}", metadata_errors="replace", container_options=LIMITS)
    except av.error.FFmpegError as error:
        why = (error.strerror or "unknown format").lower()
        raise VideoError(f"{shown(path)} is no video that can be read ({why}); export it again, for example as H.264 in MP4") from error
    with container:
        moving = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
        if not moving:
            kinds = ", ".join(sorted({stream.type for stream in container.streams})) or "nothing"
            raise VideoError(f"{shown(path)} holds no moving pictures (only {kinds}); give a file with a video stream")
        if moving[0].codec_context is None:
            raise VideoError(f"{shown(path)} is coded in a way that cannot be decoded here; export it again, for example as H.264 in MP4")
        yield container, moving[0]


def shown(path: Path) -> str:
    """A file's name as it may stand in a message."""
    return path.name.encode("utf-8", "replace").decode().replace("\0", "?")
