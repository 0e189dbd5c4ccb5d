"""encode: patches, prompt and positions of one request belong together."""

from __future__ import annotations

import numpy as np

from medvid.engine.encode import Vision, encode
from medvid.engine.profiles import EMBEDDED, MEDVLM_1_0A_RL
from tests.engine.asking import request
from tests.engine.tiny import tiny_tokenizer

TOKENIZER = tiny_tokenizer()
VISION = Vision(TOKENIZER.convert_tokens_to_ids("<|video_pad|>"))


def test_pads_positions_and_patches_count_the_same_frames() -> None:
    # 5 frames make 3 pairs of 4x6 patches; 2x3 of them are one token.
    encoded = encode(request(EMBEDDED, frames=5), EMBEDDED, TOKENIZER, VISION)
    assert encoded.grid == (3, 4, 6)
    assert encoded.pixel_values.shape == (72, 3 * 2 * 14 * 14)
    assert (encoded.input_ids == VISION.video_token_id).sum() == 18
    assert encoded.position_ids.shape == (3, len(encoded.input_ids))
    assert encoded.prompt_length == len(encoded.input_ids)


def test_an_answer_follows_the_prompt_and_counts_on() -> None:
    prompt = encode(request(EMBEDDED), EMBEDDED, TOKENIZER, VISION)
    whole = encode(request(EMBEDDED), EMBEDDED, TOKENIZER, VISION, answer="1.0 s")
    np.testing.assert_array_equal(whole.input_ids[: whole.prompt_length], prompt.input_ids)
    assert TOKENIZER.decode(whole.input_ids[whole.prompt_length :]) == "1.0 s<|im_end|>"
    last = int(prompt.position_ids[0, -1])
    assert whole.position_ids[:, whole.prompt_length :].tolist() == [[last + i for i in range(1, 7)]] * 3


def test_qwen25_hears_the_told_rate_in_its_positions_and_assumes_two_without() -> None:
    def pair_step(fps: float, told: bool) -> int:
        encoded = encode(request(MEDVLM_1_0A_RL, fps=fps, told=told), MEDVLM_1_0A_RL, TOKENIZER, VISION)
        times = encoded.position_ids[0][encoded.input_ids == VISION.video_token_id]
        return int(times[-1] - times[0])  # two pairs: one step

    # 2 positions a second, 2 frames a pair: 4 / fps.
    assert [pair_step(fps, told=True) for fps in (0.5, 1.0, 2.0)] == [8, 4, 2]
    assert pair_step(0.5, told=False) == 2
