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
    processor, video = PROCESSORS.get(architecture, ("Qwen3VLProcessor", "Qwen3VLVideoProcessor"))
    images = json.loads((folder / "preprocessor_config.json").read_text())
    shared = {**images, "do_resize": True, "do_rescale": True, "rescale_factor": 1 / 255, "do_normalize": True, "processor_class": processor}
    size = {"shortest_edge": 28 * 28, "longest_edge": 64 * 112 * 112}
    (folder / "preprocessor_config.json").write_text(json.dumps({**shared, "image_processor_type": "Qwen2VLImageProcessor", "size": size}))
    (folder / "video_preprocessor_config.json").write_text(
        json.dumps({**shared, "video_processor_type": video, "size": size, "do_sample_frames": False})
    )
    (folder / "chat_template.jinja").write_text((EMBEDDED_FOLDER / "chat_template.jinja").read_text())
    (folder / "profile.json").write_text(
        json.dumps({"name": f"tiny-{architecture}{'-outer' if outer else ''}", "frame_budget": 16, "max_pixels": 84 * 112, "min_pixels": 28 * 28,
                    "outer_vision_tokens": outer})  # fmt: skip
    )
    return folder
