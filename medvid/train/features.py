"""What the trained vision half sees in every clip, computed once and kept, so that the language half learns from tokens instead of
pixels.

Only the pair of frames on which a box is drawn looks different with it, because the tower looks at one pair at a time: so a clip's
features are kept once, and one more pair for each box.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from transformers import Qwen3VLForConditionalGeneration

from medvid.core.span import Box
from medvid.simulate.procedure import SIZE as SOURCE
from medvid.tools.feeding import draw_box, line_px
from medvid.train.footage import FED, Footage
from medvid.train.lessons import Lesson, read_lessons
from medvid.train.nano import see

PAIRS_AT_ONCE = 256


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """Of one length. seen: float16 (N, pairs, 2, 12, 192), merged and deepstack tokens. drawn: (M, 2, 12, 192), a pair for each region;
    the regions of clip n begin at `first[n]`."""

    seen: npt.NDArray[np.float16]
    drawn: npt.NDArray[np.float16]
    first: npt.NDArray[np.int64]


def load_features(folder: Path, length: int) -> Features:
    return Features(*(np.load(folder / f"{name}-{length}.npy", mmap_mode="r") for name in ("seen", "drawn", "first")))


def keep_features(
    folder: Path, lessons: Path, model: Qwen3VLForConditionalGeneration, footage: Footage, log: Callable[[str], None]
) -> None:
    """Writes the features of every length that is not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    for length in footage.takes:
        if (folder / f"first-{length}.npy").exists():
            continue
        frames, learned = footage.arrays[length].frames, read_lessons(lessons, length)
        pairs = frames.reshape(-1, 2, *frames.shape[2:])
        seen = _see_all(model, pairs).reshape(len(frames), length // 2, 2, -1, 192)
        drawn = _see_all(model, np.stack(list(_drawn(frames, learned))))
        np.save(folder / f"seen-{length}.npy", seen)
        np.save(folder / f"drawn-{length}.npy", drawn)
        np.save(folder / f"first-{length}.npy", np.cumsum([0, *(len(lesson.regions) for lesson in learned)])[:-1])
        log(f"features of {len(frames)} clips of {length} frames and {len(drawn)} drawn boxes")


def _drawn(frames: npt.NDArray[np.uint8], lessons: list[Lesson]) -> list[npt.NDArray[np.uint8]]:
    pairs = []
    for clip, lesson in zip(frames, lessons, strict=True):
        for frame, *box in lesson.regions:
            first = frame - frame % 2
            pairs.append(draw_box(clip[first : first + 2], Box.of(*box), frame - first, line_px(SOURCE, FED)))
    return pairs


@torch.no_grad()
def _see_all(model: Qwen3VLForConditionalGeneration, pairs: npt.NDArray[np.uint8]) -> npt.NDArray[np.float16]:
    """(P, 2, H, W, 3) -> float16 (P, 2, 12, 192)."""
    made = []
    for i in range(0, len(pairs), PAIRS_AT_ONCE):
        merged, deep = see(model, torch.from_numpy(np.array(pairs[i : i + PAIRS_AT_ONCE])).to(model.device))
        made.append(torch.stack((merged, deep), 1).to(torch.float16).cpu().numpy())
    return np.concatenate(made)
