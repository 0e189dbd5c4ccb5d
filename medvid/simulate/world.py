"""The world of a seed: the usual one; from VARIED_SEED on one a little off it, to train with; from SHIFTED_SEED on one off by more than any
that was trained with, to test with. It sets backgrounds, speeds, sizes of instruments, sway and shafts. scene.json: what is drawn."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from medvid.simulate.truth import HELD_OUT_SEED

SCENE: dict[str, dict[str, Any]] = json.loads((Path(__file__).parent / "scene.json").read_text(encoding="utf-8"))
VARIED_SEED, SHIFTED_SEED = HELD_OUT_SEED // 2, 2 * HELD_OUT_SEED
SPREAD = {"pace": 0.2, "size": 0.13, "grain": 0.4, "sway": 0.45}
"""The logarithm of a varied factor lies within this of 0, of a shifted one 1.3 to 2 times this above or below (`sway`: above)."""
BLEND = 0.3
"""Likewise the share of a colour that is another."""


@dataclass(frozen=True, slots=True)
class World:
    """pace: a factor on how long everything takes. grain: on how fine the ground's texture is. shaft, ground: another red, green and blue,
    and their share."""

    pace: float = 1.0
    size: float = 1.0
    grain: float = 1.0
    sway: float = 1.0
    shaft: tuple[float, ...] = (0.0, 0.0, 0.0, 0.0)
    ground: tuple[float, ...] = (0.0, 0.0, 0.0, 0.0)


def world_of(seed: int) -> World:
    shifted = seed >= SHIFTED_SEED
    if not shifted and not VARIED_SEED <= seed < HELD_OUT_SEED:
        return World()
    rng = np.random.default_rng((seed, 5))

    def off() -> float:
        return float(rng.uniform(1.3, 2.0) * rng.choice((-1, 1)) if shifted else rng.uniform(-1, 1))

    drawn: dict[str, Any] = {name: float(np.exp(wide * (abs(off()) if name == "sway" else off()))) for name, wide in SPREAD.items()}
    drawn |= {name: (*rng.uniform(40, 215, 3).tolist(), BLEND * abs(off())) for name in ("shaft", "ground")}
    return World(**drawn)


def tinted(colour: Any, other: tuple[float, ...]) -> tuple[int, ...]:
    """`colour` with a share of another, as in `World`."""
    return tuple(int(a * (1 - other[3]) + b * other[3]) for a, b in zip(colour, other, strict=False))
