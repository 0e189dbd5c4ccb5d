"""Frames -> pixel patches, in the order that the Qwen-VL vision towers read.

A patch row is one `patch x patch` square of `temporal` consecutive frames, laid out (channel, frame, row, column). Rows run over time, then
over squares of `merge x merge` patches, then over the patches within such a square, because the tower merges neighbours into one token.
Source: the video processors of Qwen2.5-VL and Qwen3-VL in Transformers, which need torchvision; this needs numpy only.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Grid = tuple[int, int, int]  # Patches in time, height and width, before merging.


def frames_to_patches(
    rgb: npt.NDArray[np.uint8], *, patch: int, merge: int, temporal: int, mean: Sequence[float], std: Sequence[float]
) -> tuple[npt.NDArray[np.float32], Grid]:
    """rgb: uint8 (T, H, W, 3), H and W multiples of `patch * merge`; T that is no multiple of `temporal` repeats the last frame. mean, std:
    of RGB in [0, 1]. Returns float32 (N, 3 * temporal * patch * patch) and the grid (t, h, w), N = t * h * w."""
    if rgb.ndim != 4 or rgb.shape[3] != 3 or rgb.dtype != np.uint8 or len(rgb) == 0:
        raise ValueError(f"frames must be uint8 (T, H, W, 3) with T at least 1, not {rgb.dtype} {rgb.shape}")
    frames, height, width, _ = rgb.shape
    factor = patch * merge
    if height % factor or width % factor:
        raise ValueError(f"frames of {width}x{height} pixels do not fall into squares of {factor}; resize to multiples of {factor} first")
    if missing := -frames % temporal:
        rgb = np.concatenate([rgb, np.repeat(rgb[-1:], missing, axis=0)])
    t, h, w = len(rgb) // temporal, height // patch, width // patch
    squares = rgb.reshape(t, temporal, h // merge, merge, patch, w // merge, merge, patch, 3)
    # -> time, square row, square column, patch row, patch column, channel, frame, pixel row, pixel column
    ordered = squares.transpose(0, 2, 5, 3, 6, 8, 1, 4, 7).reshape(t * h * w, 3, temporal * patch * patch)
    scale = (1.0 / (255.0 * np.asarray(std, dtype=np.float64))).astype(np.float32)
    offset = (-np.asarray(mean, dtype=np.float64) / np.asarray(std, dtype=np.float64)).astype(np.float32)
    values = ordered.astype(np.float32)
    values *= scale[:, None]
    values += offset[:, None]
    return values.reshape(t * h * w, 3 * temporal * patch * patch), (t, h, w)
