"""rope_positions by hand, for a 32-frame clip at 0.5, 1 and 2 fps on every architecture.

The prompt of the examples: 4 text tokens (im_start, user, newline, vision_start), the video at 8x8 patches = 4x4 merged = 16 tokens a pair,
then 7 of text.
"""

from typing import get_args

import numpy as np
import pytest

from medvid.engine.base import Architecture
from medvid.engine.positions import rope_positions

TEXT, VIDEO = 1, 9
PAIRS, GRID = 16, (16, 8, 8)
QWEN25_PROMPT = [TEXT] * 4 + [VIDEO] * (PAIRS * 16) + [TEXT] * 7


@pytest.mark.parametrize(
    ("fps", "last_pair", "text_after"),
    [
        # A pair lasts 2 / fps seconds and 2 positions make a second. Pair 15 starts 15 x 4 / fps positions after the video's start at 4.
        (2.0, 4 + 15 * 2, 35),
        (1.0, 4 + 15 * 4, 65),
        (0.5, 4 + 15 * 8, 125),
    ],
)
def test_qwen25_counts_time_in_positions_and_text_goes_on_behind_the_largest(fps: float, last_pair: int, text_after: int) -> None:
    positions = rope_positions(
        QWEN25_PROMPT, [GRID], architecture="qwen2_5_vl", video_token_id=VIDEO, tokens_per_second=2, seconds_per_grid=2 / fps
    )
    time, height, width = positions[:, 4:-7].reshape(3, PAIRS, 4, 4)
    assert (time[0] == 4).all() and (time[15] == last_pair).all()
    assert (height[:, 2, :] == 4 + 2).all() and (width[:, :, 3] == 4 + 3).all()
    assert (positions[:, :4] == [0, 1, 2, 3]).all()
    assert (positions[:, -7:] == np.arange(text_after, text_after + 7)).all()


def test_qwen25_text_goes_on_behind_a_picture_wider_than_the_video_is_long() -> None:
    # One pair of 2x12 merged patches: width reaches 4 + 11, so text goes on at 16.
    positions = rope_positions([TEXT] * 4 + [VIDEO] * 24 + [TEXT], [(1, 4, 24)], architecture="qwen2_5_vl", video_token_id=VIDEO)
    assert positions[:, -1].tolist() == [16, 16, 16]


def test_qwen25_truncates_time_to_whole_positions() -> None:
    # 3 fps: 2 / 3 s a pair, 4 / 3 positions: 0, 1.33, 2.67, 4 -> 0, 1, 2, 4.
    positions = rope_positions([VIDEO] * 4, [(4, 2, 2)], architecture="qwen2_5_vl", video_token_id=VIDEO, seconds_per_grid=2 / 3)
    assert positions[0].tolist() == [0, 1, 2, 4]


@pytest.mark.parametrize("architecture", ["qwen3_vl", "qwen3_5"])
@pytest.mark.parametrize("stamp", [7, 8, 9])
def test_qwen3_counts_each_pair_as_a_picture_behind_its_timestamp(stamp: int, architecture: Architecture) -> None:
    # At 0.5, 1 and 2 fps only the number of timestamp tokens differs. A pair is stamp + start + 16 pads + end; its 4x4 patches move time,
    # height, width on by 4, so pair p starts at 3 + p x (stamp + 1 + 4 + 1) + stamp + 1.
    prompt = [TEXT] * 3 + ([TEXT] * (stamp + 1) + [VIDEO] * 16 + [TEXT]) * PAIRS + [TEXT] * 5
    positions = rope_positions(prompt, [GRID], architecture=architecture, video_token_id=VIDEO)
    pads = positions[:, np.asarray(prompt) == VIDEO].reshape(3, PAIRS, 4, 4)
    starts = [3 + pair * (stamp + 6) + stamp + 1 for pair in range(PAIRS)]
    assert pads[0].tolist() == [[[start] * 4] * 4 for start in starts]
    assert pads[1, :, 3, 0].tolist() == [start + 3 for start in starts]
    assert pads[2, :, 0, 2].tolist() == [start + 2 for start in starts]
    assert positions[:, -1].tolist() == [3 + PAIRS * (stamp + 6) + 4] * 3


def test_positions_without_a_video_are_those_of_text() -> None:
    assert rope_positions([TEXT] * 3, [], architecture="qwen3_vl", video_token_id=VIDEO).tolist() == [[0, 1, 2]] * 3


@pytest.mark.parametrize("architecture", get_args(Architecture))
def test_a_prompt_whose_pads_do_not_match_the_patches_is_refused(architecture: Architecture) -> None:
    with pytest.raises(ValueError, match="holds 15 video tokens where the patches make 16"):
        rope_positions([VIDEO] * 15, [(1, 8, 8)], architecture=architecture, video_token_id=VIDEO)
