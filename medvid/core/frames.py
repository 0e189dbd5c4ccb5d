"""Frames: pictures with the source times at which they are shown."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True, eq=False)
class Frames:
    """rgb: uint8 (T, H, W, 3), upright, in time order. times_s: float64 (T,), seconds in the source. fps: of these frames."""

    rgb: npt.NDArray[np.uint8]
    times_s: npt.NDArray[np.float64]
    fps: float

    def __post_init__(self) -> None:
        if self.rgb.ndim != 4 or self.rgb.shape[3] != 3 or self.rgb.dtype != np.uint8:
            raise ValueError(f"rgb must be uint8 (T, H, W, 3), not {self.rgb.dtype} {self.rgb.shape}")
        if self.times_s.shape != (len(self.rgb),):
            raise ValueError(f"times_s must hold one time a frame: {self.times_s.shape} for {len(self.rgb)} frames")
        if not self.fps > 0:
            raise ValueError(f"fps must be above 0, not {self.fps}")

    def __len__(self) -> int:
        return len(self.rgb)

    @property
    def size(self) -> tuple[int, int]:
        """Width, height in pixels."""
        return int(self.rgb.shape[2]), int(self.rgb.shape[1])

    def with_rgb(self, rgb: npt.NDArray[Any]) -> "Frames":
        """The same times with other pictures."""
        return Frames(rgb, self.times_s, self.fps)
