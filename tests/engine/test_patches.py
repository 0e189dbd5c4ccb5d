"""frames_to_patches against a by-hand layout and against the stock image processor."""

import numpy as np
import pytest
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

from medvid.engine.patches import frames_to_patches

MEAN, STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)


def random_frames(frames: int, height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (frames, height, width, 3), dtype=np.uint8)


def test_every_value_stands_where_the_layout_says() -> None:
    # patch 2, merge 2, temporal 2: 4 frames of 8x4 pixels (wide x high) are 2 grids of 2 x 4 patches, in 2 squares of 2 x 2 patches.
    rgb = random_frames(4, 4, 8)
    patches, grid = frames_to_patches(rgb, patch=2, merge=2, temporal=2, mean=(0, 0, 0), std=(1, 1, 1))
    assert grid == (2, 2, 4)
    assert patches.shape == (16, 3 * 2 * 2 * 2)
    # Row 8 + 4 + 2: second pair, second square, its third patch (second row, first column): pixels rows 2-3, columns 4-5 of frames 2 and 3.
    by_hand = [rgb[frame, row, column, channel] / 255 for channel in range(3) for frame in (2, 3) for row in (2, 3) for column in (4, 5)]
    assert patches[14] == pytest.approx(by_hand, abs=1e-6)


def test_a_pair_of_equal_frames_gives_the_stock_processors_patches_of_that_picture() -> None:
    # The stock processor doubles a picture to fill a temporal patch, so it says what two equal frames must give.
    rgb = random_frames(3, 56, 84)
    stock = Qwen2VLImageProcessorPil(
        patch_size=14, merge_size=2, temporal_patch_size=2, do_resize=False, image_mean=list(MEAN), image_std=list(STD)
    )
    expected = np.concatenate([np.asarray(stock(frame, return_tensors="np")["pixel_values"]) for frame in rgb])
    patches, grid = frames_to_patches(np.repeat(rgb, 2, axis=0), patch=14, merge=2, temporal=2, mean=MEAN, std=STD)
    assert grid == (3, 4, 6)
    np.testing.assert_allclose(patches, expected, atol=1e-5)


def test_an_odd_last_frame_is_repeated() -> None:
    rgb = random_frames(3, 28, 28)
    odd, grid = frames_to_patches(rgb, patch=14, merge=2, temporal=2, mean=MEAN, std=STD)
    even, _ = frames_to_patches(rgb[[0, 1, 2, 2]], patch=14, merge=2, temporal=2, mean=MEAN, std=STD)
    assert grid == (2, 2, 2)
    np.testing.assert_array_equal(odd, even)


@pytest.mark.parametrize("rgb", [random_frames(2, 28, 30), random_frames(2, 28, 28).astype(np.float32), random_frames(0, 28, 28)])
def test_frames_that_do_not_fit_are_refused(rgb: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"multiples of 28|uint8"):
        frames_to_patches(rgb, patch=14, merge=2, temporal=2, mean=MEAN, std=STD)
