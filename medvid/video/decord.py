"""Reading frames with decord, often faster than PyAV where many frames are asked for, and only where it is exact.

Tried with decord2 3.4.0: with open groups of pictures, an MPEG transport stream or an edit list that hides frames it returns other
frames than those asked for, without an error; pictures less than 128 px wide can come back garbled; times of variable rate are wrong. So
it reads files of whole groups only, and the times come from our own scan.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from medvid.core.errors import VideoError
from medvid.video.info import TOLERANCE_S, VideoInfo
from medvid.video.pyav import shown_times

CONTAINERS = frozenset({"mov", "matroska"})
NARROWEST_PX = 128
BATCH_BYTES = 64 << 20
_opening = threading.Lock()


def reads(info: VideoInfo) -> bool:
    """Whether decord returns the right frames of this file."""
    whole = info.closed and not info.notes and not info.mirrored
    return whole and info.container in CONTAINERS and info.frames > 1 and info.size[0] >= NARROWEST_PX


def read(info: VideoInfo, times_s: Sequence[float]) -> Iterator[tuple[float, npt.NDArray[Any]]]:
    """The frame shown at each time and the time from which it is shown. Raises VideoError where decord counts other frames than we do."""
    import decord

    starts_s = shown_times(info.path, info.container_start_s)
    with _opening:  # libav's registration inside decord is not safe to enter twice
        decord.logging.set_level(decord.logging.QUIET)
        try:
            reader = decord.VideoReader(str(info.path.resolve()), num_threads=1)
        except (decord.DECORDError, RuntimeError, AssertionError) as error:
            raise VideoError(f"{info.name} cannot be opened by decord; leave the reader out") from error
    if len(reader) != len(starts_s):
        raise VideoError(f"{info.name}: decord counts {len(reader)} frames, the file holds {len(starts_s)}; leave the reader out")
    indices = np.maximum(np.searchsorted(starts_s, np.asarray(times_s) + TOLERANCE_S, side="right") - 1, 0)
    width, height = info.size
    batch = max(1, BATCH_BYTES // (width * height * 3))
    for first in range(0, len(indices), batch):
        some = indices[first : first + batch]
        try:
            pictures = reader.get_batch(some.tolist()).asnumpy()
        except decord.DECORDError as error:
            raise VideoError(f"{info.name} cannot be decoded by decord; leave the reader out") from error
        for index, picture in zip(some, pictures, strict=True):
            yield float(starts_s[index]), picture
