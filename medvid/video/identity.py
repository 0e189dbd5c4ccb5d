"""`video_id`: 16 hexadecimal digits that stand for a file's content.

blake2b over the size and the first, middle and last MiB, so that a recording of hours is known at once and equal content is one video.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

MIB = 1 << 20


def content_id(path: Path) -> str:
    """Raises OSError where the file cannot be read."""
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
