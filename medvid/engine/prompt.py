"""A question on a clip -> the token ids that the Qwen-VL checkpoints were trained on: chat form, video first, then the question.

Qwen2.5-VL: vision_start, the pads of all frames, vision_end. Qwen3-VL: for each pair of frames `<T seconds>` (one decimal, the mean of the
pair's times), vision_start, the pair's pads, vision_end; with or without one more outer pair around them. Processors of Transformers before
5.10 leave the outer pair out, later ones and vLLM keep it, so it is a field of the profile. Qwen3.5: as Qwen3-VL; a thinking model, whose
chat template says by an empty `<think>` block before the answer that there is no thought (`enable_thinking` false); tuned without that
block, it answers without. That too is a field of the profile, `answer_start`. Source: the processors in Transformers, and the chat
templates published with Qwen2.5-VL-7B-Instruct, Qwen3-VL-4B-Instruct and Qwen3.5-4B.

The tokenizer is Transformers' fast one (PreTrainedTokenizerFast), loaded from the checkpoint's directory.
"""

import re
from collections.abc import Sequence
from typing import Any, Protocol

from medvid.engine.base import Profile, Request
from medvid.engine.patches import Grid

IM_START, IM_END = "<|im_start|>", "<|im_end|>"
NO_THOUGHT = "<think>\n\n</think>\n\n"
VISION_START, VISION_END, VIDEO_PAD = "<|vision_start|>", "<|vision_end|>", "<|video_pad|>"
ASSUMED_FPS = 2.0  # What vLLM and Transformers take for granted where no rate is told, as in `published` feeding.

FRAMES_PER_PAIR = 2
TICKS_PER_S = 1_000_000  # Of the clock on which vLLM is told times.


class Tokenizer(Protocol):
    """The part of PreTrainedTokenizerFast that is used here."""

    @property
    def added_tokens_decoder(self) -> dict[int, Any]: ...

    def encode(self, text: str, *, add_special_tokens: bool) -> list[int]: ...

    def convert_tokens_to_ids(self, tokens: str) -> int | None: ...


def prompt_ids(
    profile: Profile, tokenizer: Tokenizer, *, question: str, system: str | None, grid: Grid | None, times_s: Sequence[float],
    told_fps: float | None, merge: int = 2,
) -> list[int]:
    """The prompt up to where the answer starts: `assistant`, its newline and the profile's `answer_start`. system: None gives the
    profile's own, which may be none at all. grid: patches in time, height, width; None leaves one pad where the video stands, for an engine
    that expands it (vLLM). times_s: one a frame, seconds are counted from the first. told_fps: None tells times of ASSUMED_FPS."""
    system = profile.system if system is None else system
    ids: list[int] = []
    if system is not None:
        ids += [_special(tokenizer, IM_START), *text_ids(tokenizer, f"system\n{system}"), *_turn_end(tokenizer)]
    ids += [_special(tokenizer, IM_START), *text_ids(tokenizer, "user\n")]
    ids += video_ids(profile, tokenizer, grid=grid, times_s=times_s, told_fps=told_fps, merge=merge)
    ids += [*text_ids(tokenizer, question), *_turn_end(tokenizer)]
    ids += [_special(tokenizer, IM_START), *text_ids(tokenizer, "assistant\n")]
    return ids + tokenizer.encode(profile.answer_start, add_special_tokens=False)  # ours, so its `<think>` may be the control token


def answer_ids(tokenizer: Tokenizer, answer: str) -> list[int]:
    """What the checkpoint should write after the prompt: the text and the end of its turn."""
    return [*text_ids(tokenizer, answer), _special(tokenizer, IM_END)]


def video_ids(
    profile: Profile, tokenizer: Tokenizer, *, grid: Grid | None, times_s: Sequence[float], told_fps: float | None, merge: int = 2
) -> list[int]:
    """The video's part of the prompt, vision_start to vision_end. An engine that expands a pad writes the inner pairs of Qwen3-VL itself,
    so a form without the outer pair is then the bare pad."""
    start, end, pad = (_special(tokenizer, token) for token in (VISION_START, VISION_END, VIDEO_PAD))
    if grid is None:
        return [start, pad, end] if profile.outer_vision_tokens or not profile.timestamps else [pad]
    pairs, height, width = grid
    pads_per_pair = (height // merge) * (width // merge)
    if profile.architecture == "qwen2_5_vl":
        return [start, *[pad] * (pairs * pads_per_pair), end]
    seconds = pair_times(times_s if told_fps is not None else [i / ASSUMED_FPS for i in range(len(times_s))])
    if len(seconds) != pairs:
        raise ValueError(
            f"{len(times_s)} frame times make {len(seconds)} pairs of frames, but the patches hold {pairs}; give one time a frame"
        )
    blocks: list[int] = []
    for second in seconds:
        blocks += [*text_ids(tokenizer, f"<{second:.1f} seconds>"), start, *[pad] * pads_per_pair, end]
    return [start, *blocks, end] if profile.outer_vision_tokens else blocks


def pair_times(times_s: Sequence[float]) -> list[float]:
    """The mean time of each pair of frames, in seconds from the first frame; an odd last frame stands twice."""
    pairs = [(times_s[i], times_s[min(i + 1, len(times_s) - 1)]) for i in range(0, len(times_s), FRAMES_PER_PAIR)]
    # Rounded, because at 2 fps every mean ends on .25 or .75: the noise of a subtraction would turn 12.2 into 12.3.
    return [round((a + b) / 2 - times_s[0], 6) for a, b in pairs]


def video_metadata(request: Request) -> dict[str, Any]:
    """What vLLM, in process or as a server, is told of a clip's frames, so that the times it writes and counts are the true ones: fps,
    frames_indices, total_num_frames, duration (seconds), do_sample_frames, as its videos and `media_io_kwargs` have them.

    It reads the same fields in two ways. Qwen3-VL and Qwen3.5: the mean of `frames_indices / fps` over a pair of frames is the second
    written before it; so both frames of a pair stand at the pair's own second, on a clock of microseconds, and no sum of theirs can round
    elsewhere than ours. Qwen2.5-VL: `fps * len(frames_indices) / total_num_frames` is the one rate.
    Source: vLLM, model_executor/models/qwen3_vl.py; Transformers, VideoMetadata.sampled_fps."""
    count = len(request.frames)
    fps, indices = request.told_fps or ASSUMED_FPS, list(range(count))
    if request.clip.timestamps:
        times_s = request.frames.times_s.tolist() if request.told_fps is not None else [i / fps for i in indices]
        ticks = [round(second * TICKS_PER_S) for second in pair_times(times_s)]
        fps, indices = float(TICKS_PER_S), [ticks[i // FRAMES_PER_PAIR] for i in range(count)]
    total = max(count, indices[-1] + 1)
    return {"fps": fps, "frames_indices": indices, "total_num_frames": total, "duration": total / fps, "do_sample_frames": False}


def text_ids(tokenizer: Tokenizer, text: str) -> list[int]:
    """Ids of plain text. A control token written out in it, such as `<|im_end|>`, stays text: a question cannot end its own turn."""
    ids: list[int] = []
    start = 0
    for found in re.finditer("|".join(map(re.escape, _control_tokens(tokenizer))) or "(?!)", text):
        # Cut behind the first character: no piece holds a whole control token, so the tokenizer sees none.
        ids += tokenizer.encode(text[start : found.start() + 1], add_special_tokens=False)
        start = found.start() + 1
    return ids + (tokenizer.encode(text[start:], add_special_tokens=False) if start < len(text) else [])


def _control_tokens(tokenizer: Tokenizer) -> list[str]:
    """Longest first, so that a token which begins another does not hide it."""
    added = tokenizer.added_tokens_decoder.values()
    return sorted((token.content for token in added if token.special or re.fullmatch(r"<.+>", token.content)), key=len, reverse=True)


def _turn_end(tokenizer: Tokenizer) -> list[int]:
    return [_special(tokenizer, IM_END), *text_ids(tokenizer, "\n")]


def _special(tokenizer: Tokenizer, token: str) -> int:
    found = tokenizer.convert_tokens_to_ids(token)
    unknown = getattr(tokenizer, "unk_token_id", None)
    if found is None or (unknown is not None and found == unknown):
        raise ValueError(f"the tokenizer has no {token}; it is not that of a Qwen-VL checkpoint")
    return found
