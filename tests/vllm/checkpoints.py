"""Tiny checkpoints with all that vLLM reads: the processor's configuration and a chat template beside weights and tokenizer."""

from __future__ import annotations

import json
from pathlib import Path

from medvid.engine.base import Architecture
from medvid.engine.checkpoint import EMBEDDED_FOLDER
from tests.engine.tiny import tiny_checkpoint

PROCESSORS = {"qwen2_5_vl": ("Qwen2_5_VLProcessor", "Qwen2VLVideoProcessor")}
"""Classes of the processor and the video processor; those of Qwen3-VL for the rest."""


def served_checkpoint(path: Path, architecture: Architecture, *, outer: bool = False) -> Path:
    """outer: the profile says that the checkpoint was trained with the outer vision pair."""
    folder = tiny_checkpoint(path, architecture)
    name = f"tiny-{architecture}{'-outer' if outer else ''}"
    processor, video = PROCESSORS.get(architecture, ("Qwen3VLProcessor", "Qwen3VLVideoProcessor"))
    shared = {
        **json.loads((folder / "preprocessor_config.json").read_text()), "processor_class": processor, "do_resize": True,
        "do_rescale": True, "rescale_factor": 1 / 255, "do_normalize": True,
        "size": {"shortest_edge": 28 * 28, "longest_edge": 64 * 112 * 112},
    }
    images = {**shared, "image_processor_type": "Qwen2VLImageProcessor"}
    videos = {**shared, "video_processor_type": video, "do_sample_frames": False}
    profile = {"name": name, "frame_budget": 16, "max_pixels": 84 * 112, "min_pixels": 28 * 28, "outer_vision_tokens": outer}
    (folder / "preprocessor_config.json").write_text(json.dumps(images))
    (folder / "video_preprocessor_config.json").write_text(json.dumps(videos))
    (folder / "profile.json").write_text(json.dumps(profile))
    (folder / "chat_template.jinja").write_text((EMBEDDED_FOLDER / "chat_template.jinja").read_text())
    return folder
