"""Profiles of both architectures, small enough that a short clip needs several looks."""

from __future__ import annotations

from dataclasses import replace

from medvid.engine.base import Profile

QWEN3 = Profile(
    name="small qwen3", architecture="qwen3_vl", factor=28, min_pixels=28 * 28 * 4, max_pixels=112 * 84, frame_budget=32,
    rates=(2.0, 1.0, 0.5), default_fps=1.0, box_frame="fed", timestamps=True, abstains=True, wording="plain", domain="simulated",
)  # fmt: skip
QWEN25 = replace(QWEN3, name="small qwen2.5", architecture="qwen2_5_vl", box_frame="source", timestamps=False)
PER_MILLE = replace(QWEN3, name="untuned qwen3", box_frame="per_mille")
