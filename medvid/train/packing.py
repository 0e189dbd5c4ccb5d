"""Packing: a clip's video and some of its questions in one sequence. Every question sees the video and itself, none another.

The video's keys are computed once for all of them; positions of every question go on from the video's end, as if it were asked alone.
What the trained vision half sees in every clip is computed once and kept, so that the language half learns from tokens instead of pixels.
Only the pair of frames on which a box is drawn looks different with it, because the tower looks at one pair at a time: so a clip's
features are kept once, and one more pair for each box.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from transformers import Qwen3VLForConditionalGeneration

from medvid.core import Box
from medvid.engine.positions import rope_positions
from medvid.simulate.procedure import SIZE as SOURCE
from medvid.tools.feeding import draw_box, line_px
from medvid.train.footage import FED, Footage, Labels
from medvid.train.lessons import GRID, Lesson, Question, read_lessons
from medvid.train.nano import see

TOKENS_A_PAIR = 12
MOST_TOKENS = 330
"""Of the questions on one clip."""
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


@dataclass(frozen=True, slots=True)
class Packed:
    """ids (B, L); positions (3, B, L); mask bool (B, 1, L, L), True where a token may look; tokens float (B, V, 192) and deep likewise,
    at the places `visual` (B, L). rows, columns: of the tokens to learn, and `targets` their ids. look_rows, look_columns: where a number
    is about to be written; look (R, V): the share of attention that each visual token deserves."""

    ids: Tensor
    positions: Tensor
    mask: Tensor
    tokens: Tensor
    deep: Tensor
    visual: Tensor
    rows: Tensor
    columns: Tensor
    targets: Tensor
    look_rows: Tensor
    look_columns: Tensor
    look: Tensor


def choose(lesson: Lesson, rng: np.random.Generator) -> tuple[list[Question], int]:
    """Some questions of one clip, and the region that is drawn (-1 for none): a question about a region goes with its own box only. One
    that asks for scores is always among them: what it is about, no other question tells."""
    plain = [question for question in lesson.questions if question.region < 0]
    region = int(rng.integers(len(lesson.regions))) if lesson.regions and rng.random() < 0.35 else -1
    chosen = [question for question in lesson.questions if question.region == region] if region >= 0 else []
    room = MOST_TOKENS - sum(len(question.ids) for question in chosen)
    order = rng.permutation(len(plain)).tolist()
    first = next((i for i in order if plain[i].tool.startswith("assess")), None)
    for i in order if first is None else [first, *(i for i in order if i != first)]:
        if room >= len(plain[i].ids):
            chosen.append(plain[i])
            room -= len(plain[i].ids)
    return chosen, region


def pack(
    clips: list[int], lessons: list[Lesson], features: Features, labels: Labels, rng: np.random.Generator, *, video_token: int
) -> Packed:
    picked = [choose(lessons[clip], rng) for clip in clips]
    prefix = len(lessons[clips[0]].prefix)
    length = prefix + max(sum(len(question.ids) for question in chosen) for chosen, _ in picked)
    batch, pairs = len(clips), features.seen.shape[1]
    ids, mask = np.zeros((batch, length), np.int64), np.zeros((batch, length, length), bool)
    positions = np.zeros((3, batch, length), np.int64)
    learn: list[tuple[int, int, int]] = []
    looks: list[tuple[int, int, npt.NDArray[np.float32]]] = []
    seen = np.asarray(features.seen[clips], np.float32)
    for b, (clip, (chosen, region)) in enumerate(zip(clips, picked, strict=True)):
        lesson = lessons[clip]
        if region >= 0:
            seen[b, lesson.regions[region][0] // 2] = features.drawn[features.first[clip] + region]
        ids[b, :prefix] = lesson.prefix
        places = rope_positions(lesson.prefix, [(pairs, *GRID)], architecture="qwen3_vl", video_token_id=video_token)
        positions[:, b, :prefix] = places
        mask[b, :prefix, :prefix] = np.tri(prefix, dtype=bool)
        at = prefix
        for question in chosen:
            n = len(question.ids)
            ids[b, at : at + n] = question.ids
            positions[:, b, at : at + n] = places.max() + 1 + np.arange(n)
            mask[b, at : at + n, :prefix] = True
            mask[b, at : at + n, at : at + n] = np.tri(n, dtype=bool)
            learn += [(b, at + i - 1, question.ids[i]) for i in range(question.answer, n)]
            looks += [(b, at + i - 1, _look(labels, clip, pair, who)) for i, pair, who in question.guide]
            at += n
        mask[b, range(length), range(length)] = True
    rows, columns, targets = (torch.tensor(column) for column in zip(*learn, strict=True))
    flat = torch.from_numpy(seen).permute(0, 2, 1, 3, 4).reshape(batch, 2, -1, seen.shape[-1])
    look_rows, look_columns = (torch.tensor([look[side] for look in looks], dtype=torch.long) for side in (0, 1))
    shares = torch.from_numpy(np.stack([look[2] for look in looks])) if looks else torch.zeros((0, pairs * TOKENS_A_PAIR))
    return Packed(
        torch.from_numpy(ids), torch.from_numpy(positions), torch.from_numpy(mask)[:, None], flat[:, 0], flat[:, 1],
        torch.from_numpy(ids == video_token), rows, columns, targets, look_rows, look_columns, shares,
    )  # fmt: skip


def _look(labels: Labels, clip: int, pair: int, who: int) -> npt.NDArray[np.float32]:
    """Shares over all visual tokens: those of this pair that the instrument covers, or the whole pair where it covers none."""
    covered = np.asarray(labels.covered[clip, 2 * pair : 2 * pair + 2, :, who], np.float32).mean(0)
    shares = np.zeros((labels.covered.shape[1] // 2, TOKENS_A_PAIR), np.float32)
    shares[pair] = covered / covered.sum() if covered.sum() > 0.05 else 1 / TOKENS_A_PAIR
    return shares.reshape(-1)
