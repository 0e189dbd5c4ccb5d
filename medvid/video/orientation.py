"""How stored pictures are turned to stand upright, from a container's display matrix.

The matrix is nine int32, row by row (a b u; c d v; x y w): a stored point (p, q) is shown at (a p + c q + x, b p + d q + y).
Source: FFmpeg, libavutil/display.h; ISO/IEC 14496-12, track header box.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from av.sidedata.sidedata import SideData
from av.video.frame import VideoFrame


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
