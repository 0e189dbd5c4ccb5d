"""A request -> the four arrays that a Qwen-VL model reads. The local engine and training share it, so that what is trained is what is
served."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from medvid.core import EngineError
from medvid.engine.base import Profile, Request
from medvid.engine.patches import Grid, frames_to_patches
from medvid.engine.positions import Positions, rope_positions
from medvid.engine.prompt import ASSUMED_FPS, Tokenizer, answer_ids, prompt_ids

CLIP_MEAN, CLIP_STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
EVEN_MEAN, EVEN_STD = (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)


@dataclass(frozen=True, slots=True)
class Vision:
    """How a checkpoint's vision tower reads frames."""

    video_token_id: int  # the pad
    patch: int = 14  # pixels of its side
    merge: int = 2  # patches of a merged side
    temporal: int = 2  # frames of a patch
    mean: tuple[float, ...] = EVEN_MEAN  # of RGB in [0, 1]
    std: tuple[float, ...] = EVEN_STD
    tokens_per_second: float = 2.0  # positions a second, of Qwen2.5-VL only


@dataclass(frozen=True, slots=True, eq=False)
class Encoded:
    input_ids: npt.NDArray[np.int64]  # (L,)
    position_ids: Positions  # (3, L)
    pixel_values: npt.NDArray[np.float32]  # (N, 3 * temporal * patch * patch)
    grid: Grid  # t, h, w in patches
    prompt_length: int  # how many of the ids are prompt; the rest is the answer


def encode(request: Request, profile: Profile, tokenizer: Tokenizer, vision: Vision, *, answer: str | None = None) -> Encoded:
    """answer: the text to learn, with the end of its turn; None for a prompt that waits for one."""
    pixel_values, grid = frames_to_patches(
        request.frames.rgb, patch=vision.patch, merge=vision.merge, temporal=vision.temporal, mean=vision.mean, std=vision.std
    )
    prompt = prompt_ids(
        profile, tokenizer, question=request.question, system=request.system, grid=grid, times_s=request.frames.times_s.tolist(),
        told_fps=request.told_fps, merge=vision.merge,
    )
    ids = prompt + (answer_ids(tokenizer, answer) if answer is not None else [])
    positions = rope_positions(
        ids, [grid], architecture=profile.architecture, video_token_id=vision.video_token_id, merge=vision.merge,
        tokens_per_second=vision.tokens_per_second, seconds_per_grid=vision.temporal / (request.told_fps or ASSUMED_FPS),
    )
    return Encoded(np.asarray(ids, dtype=np.int64), positions, pixel_values, grid, len(prompt))


def check_length(request: Request, profile: Profile, tokens: int) -> None:
    """Raises EngineError where a prompt of so many tokens and its answer do not fit into the context."""
    if tokens + request.max_tokens > profile.max_context:
        width, height = request.frames.size
        raise EngineError(
            f"the prompt has {tokens:,} tokens ({len(request.frames)} frames of {width}x{height} px) and the answer may have "
            f"{request.max_tokens:,}, above the context of {profile.max_context:,}; ask for a shorter span or a lower fps"
        )
