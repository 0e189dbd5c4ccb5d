"""Token ids -> rotary positions in time, height and width (M-RoPE) of the Qwen-VL language models.

Text counts on by one in all three. A block of video pads starts where the text before it ended: height and width count merged patches, time
counts `seconds a grid x tokens_per_second` (Qwen2.5-VL: one block for the video) or stands still (Qwen3-VL and Qwen3.5: one block for each
pair of frames, behind its own timestamp). What follows a block starts at its largest position + 1, as the published checkpoints were
trained and as vLLM does. Transformers from 5.0 on lets the text after a Qwen2.5-VL video start at `max(height, width)` instead, over the
video's own positions; so positions are never left to it.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from medvid.engine.base import Architecture
from medvid.engine.patches import Grid

Positions = npt.NDArray[np.int64]


def rope_positions(
    input_ids: Sequence[int], grids: Sequence[Grid], *, architecture: Architecture, video_token_id: int, merge: int = 2,
    tokens_per_second: float = 2.0, seconds_per_grid: float = 1.0,
) -> Positions:
    """int64 (3, L). grids: one (t, h, w) in patches for each video, in order. Only Qwen2.5-VL uses the last two, seconds by the rate."""
    ids = np.asarray(input_ids)
    blocks = [(1, h, w) for t, h, w in grids for _ in range(t)] if architecture != "qwen2_5_vl" else list(grids)
    pads = int((ids == video_token_id).sum())
    wanted = sum(t * (h // merge) * (w // merge) for t, h, w in blocks)
    if pads != wanted:
        raise ValueError(f"the prompt holds {pads} video tokens where the patches make {wanted}")
    step = tokens_per_second * seconds_per_grid if architecture == "qwen2_5_vl" else 0.0
    pieces: list[Positions] = []
    at, position = 0, 0
    for block in blocks:
        start = at + int(np.argmax(ids[at:] == video_token_id))
        pieces.append(_text(position, start - at))
        vision = position + (start - at) + _vision(block, merge, step)
        pieces.append(vision)
        at, position = start + vision.shape[1], int(vision.max()) + 1
        if not (ids[start:at] == video_token_id).all():
            raise ValueError(f"the video tokens from {start} on are fewer than the {vision.shape[1]} of a grid of {block}")
    pieces.append(_text(position, len(ids) - at))
    return np.concatenate(pieces, axis=1)


def _text(position: int, length: int) -> Positions:
    return np.broadcast_to(np.arange(position, position + length, dtype=np.int64), (3, length))


def _vision(grid: Grid, merge: int, step: float) -> Positions:
    """Positions of one block, counted from its start; time is truncated to whole positions in float32, as the checkpoints saw it."""
    t, h, w = grid[0], grid[1] // merge, grid[2] // merge
    time = (np.arange(t, dtype=np.float32) * np.float32(step)).astype(np.int64)
    return np.stack(np.meshgrid(time, np.arange(h), np.arange(w), indexing="ij")).reshape(3, -1).astype(np.int64)
