"""What vLLM, in process or as a server, is told of a clip's frames, so that the times it writes and counts are the true ones.

It reads the same fields in two ways. Qwen3-VL and Qwen3.5: the mean of `frames_indices / fps` over a pair of frames is the second written
before it; so both frames of a pair stand at the pair's own second, on a clock of microseconds, and no sum of theirs can round elsewhere
than ours (prompt.py). Qwen2.5-VL: `fps * len(frames_indices) / total_num_frames` is the one rate.
Source: vLLM, model_executor/models/qwen3_vl.py; Transformers, VideoMetadata.sampled_fps.
"""

from __future__ import annotations

from typing import Any

from medvid.engine.base import Request
from medvid.engine.prompt import ASSUMED_FPS, FRAMES_PER_PAIR, pair_times

TICKS_PER_S = 1_000_000


def video_metadata(request: Request) -> dict[str, Any]:
    """fps, frames_indices, total_num_frames, duration (seconds), do_sample_frames, as vLLM's videos and `media_io_kwargs` have them."""
    count = len(request.frames)
    fps, indices = request.told_fps or ASSUMED_FPS, list(range(count))
    if request.clip.timestamps:
        times_s = request.frames.times_s.tolist() if request.told_fps is not None else [i / fps for i in indices]
        ticks = [round(second * TICKS_PER_S) for second in pair_times(times_s)]
        fps, indices = float(TICKS_PER_S), [ticks[i // FRAMES_PER_PAIR] for i in range(count)]
    total = max(count, indices[-1] + 1)
    return {"fps": fps, "frames_indices": indices, "total_num_frames": total, "duration": total / fps, "do_sample_frames": False}
