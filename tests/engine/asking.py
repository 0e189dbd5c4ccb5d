"""Requests to put to an engine in tests."""

from __future__ import annotations

import numpy as np

from medvid.core.clip import Clip
from medvid.core.frames import Frames
from medvid.engine.base import Profile, Request

SIZE = (56, 84)
"""Height, width: 2x3 merged patches of 28."""


def request(
    profile: Profile, *, question: str = "When is the duct clipped?", max_tokens: int = 6, frames: int = 4, fps: float = 1.0,
    first_s: float = 5.0, seed: int = 0, told: bool = True,
) -> Request:
    """`frames` pictures of noise, which follow from `seed`."""
    rgb = np.random.default_rng(seed).integers(0, 256, (frames, *SIZE, 3), dtype=np.uint8)
    times = first_s + np.arange(frames) / fps
    size = (SIZE[1], SIZE[0])
    name = f"{frames} at {fps:g} from {first_s:g}, {seed}, {told}"
    clip = Clip(name, "0" * 16, tuple(times.tolist()), fps, profile.timestamps, size, size, profile.box_frame)
    return Request(Frames(rgb, times, fps), clip, question, max_tokens, fps if told else None)
