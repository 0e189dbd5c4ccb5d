"""Published feeding: the pixels that the published inference of the uAI-NEXUS-MedVLM 1.0a checkpoints feeds, its slips included.

Each frame is resized to multiples of 56, twice the true factor, for the code passes 28 as the patch size; a region's box is drawn on the
resized frame at the source's coordinates; an odd count repeats the last frame; the stack is resized again, to multiples of 28.
Source: docs/formats.md, "How a model is fed".
"""

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from medvid.core import Box, ConfigError
from medvid.engine.base import Profile
from medvid.engine.stack import resize_stack

FACTOR, FIRST_FACTOR = 28, 56
MOST_PIXELS, PIXELS_IN_ALL = 768 * 28 * 28, 128_000 * 28 * 28 * 0.9  # Of a frame, and of a clip, in the second resize.
GREEN, LINE_PX = (0, 255, 0), 8


def smart_size(source_size: tuple[int, int], factor: int, min_pixels: float, max_pixels: float, eps: float = 0.0) -> tuple[int, int]:
    """Qwen's smart resize: width, height as multiples of `factor`, the pixel count within limits, the aspect kept. eps: what a side may
    fall short of a multiple by."""
    width, height = source_size
    wide, high = (max(factor, round(side / factor) * factor) for side in source_size)
    if wide * high > max_pixels:
        shrink = math.sqrt(width * height / max_pixels)
        wide, high = (max(factor, math.floor(side / shrink / factor + eps) * factor) for side in source_size)
    elif wide * high < min_pixels:
        grow = math.sqrt(min_pixels / (width * height))
        wide, high = (math.ceil(side * grow / factor - eps) * factor for side in source_size)
    return wide, high


def check_known(profile: Profile) -> None:
    """Raises ConfigError where nobody published how the checkpoint is fed."""
    if profile.factor != FACTOR:
        raise ConfigError(
            f"published feeding is known for frames in multiples of {FACTOR} px, and {profile.name} takes multiples of {profile.factor}; "
            "use faithful feeding"
        )


def first_size(source_size: tuple[int, int], profile: Profile) -> tuple[int, int]:
    """Of each frame, by Pillow's default filter, which is the one that decoding scales with. Raises ConfigError as `check_known` does."""
    check_known(profile)
    return smart_size(source_size, FIRST_FACTOR, profile.min_pixels, profile.max_pixels)


def second_size(size: tuple[int, int], count: int, profile: Profile) -> tuple[int, int]:
    """Of a stack of `count` frames: `size` itself up to 4,800 of them, where PIXELS_IN_ALL / count * 2 meets 48 x 28 x 28."""
    most = max(min(MOST_PIXELS, PIXELS_IN_ALL / count * 2), 1.05 * profile.min_pixels)
    return smart_size(size, FACTOR, profile.min_pixels, min(profile.max_pixels, most))


def publish(rgb: npt.NDArray[np.uint8], profile: Profile, box_px: Box | None = None, index: int = 0) -> npt.NDArray[Any]:
    """From frames of `first_size`. box_px: drawn on frame `index`, in pixels of the source. With one, portrait frames are turned by 270
    degrees, all of them, for frames of two shapes make no stack."""
    if box_px is not None:
        rgb = np.rot90(rgb, 3, axes=(1, 2)) if rgb.shape[1] > rgb.shape[2] else rgb
        rgb = np.ascontiguousarray(rgb).copy()
        canvas = Image.fromarray(rgb[index])
        ImageDraw.Draw(canvas).rectangle(box_px.root, outline=GREEN, width=LINE_PX)
        rgb[index] = np.asarray(canvas)
    if len(rgb) % 2:
        rgb = np.concatenate([rgb, rgb[-1:]])
    return resize_stack(rgb, second_size((rgb.shape[2], rgb.shape[1]), len(rgb), profile))
