"""A stack of frames resized as torchvision does: torch's antialiased bicubic in float32, then clamped and rounded. torchvision calls just
this; Pillow, whose filter has the same shape, rounds after each axis and is off by up to a few levels."""

from typing import Any

import numpy as np
import numpy.typing as npt


def resize_stack(rgb: npt.NDArray[np.uint8], size: tuple[int, int]) -> npt.NDArray[Any]:
    """rgb: (T, H, W, 3). size: width, height; where it is theirs they come back as they are."""
    if rgb.shape[2:0:-1] == size:
        return rgb
    import torch

    resized = np.empty((len(rgb), size[1], size[0], 3), np.uint8)
    for i, picture in enumerate(rgb):
        given = torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1)))[None].float()
        made = torch.nn.functional.interpolate(given, size[::-1], mode="bicubic", antialias=True)
        resized[i] = made.clamp(0, 255).round().byte()[0].permute(1, 2, 0).numpy()
    return resized
