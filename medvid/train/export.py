"""A trained model as a checkpoint folder: fp16 safetensors, stock tokenizer and processor files, and the profile by which medvid feeds
it.

Stock Transformers (`AutoModelForImageTextToText`) and vLLM load it; the processor's files are written out because Transformers makes them
only where torchvision is installed.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from transformers import GenerationConfig, Qwen3VLForConditionalGeneration

from medvid.engine.profiles import EMBEDDED
from medvid.train.nano import MEAN, MERGE, PATCH, STD, TEMPORAL
from medvid.train.tokenizer import CHAT, build_tokenizer


def export(model: Qwen3VLForConditionalGeneration, folder: Path) -> Path:
    """Writes the checkpoint. A model card (README.md) and reliability cards that stand there already stay."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = build_tokenizer()
    tokenizer.save_pretrained(folder)
    (folder / "chat_template.jinja").write_text(CHAT)
    model.generation_config = GenerationConfig(do_sample=False, eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id)
    kept = {name: weight.clone() for name, weight in model.state_dict().items()}
    model.to(torch.float16).save_pretrained(folder, max_shard_size="64MB")
    model.to(torch.float32).load_state_dict(kept)
    for name, value in _processor().items():
        (folder / name).write_text(json.dumps(value, indent=1) + "\n")
    profile = folder / "profile.json"
    if not profile.exists():
        profile.write_text(json.dumps({"base": "embedded"}, indent=1) + "\n")
    return folder


def _processor() -> dict[str, dict[str, Any]]:
    shared = {
        "do_convert_rgb": True, "do_normalize": True, "do_rescale": True, "do_resize": True, "image_mean": list(MEAN),
        "image_std": list(STD), "merge_size": MERGE, "patch_size": PATCH, "temporal_patch_size": TEMPORAL, "resample": 3,
        "rescale_factor": 1 / 255,
    }  # fmt: skip
    size = {"shortest_edge": EMBEDDED.min_pixels, "longest_edge": EMBEDDED.max_pixels}
    image = {**shared, "image_processor_type": "Qwen2VLImageProcessor", "size": size}
    sizes = {"shortest_edge": EMBEDDED.min_pixels * 2, "longest_edge": EMBEDDED.max_pixels * EMBEDDED.frame_budget}
    sampling = {"do_sample_frames": False, "min_frames": 2, "max_frames": EMBEDDED.frame_budget}
    video = {**shared, "video_processor_type": "Qwen3VLVideoProcessor", "size": sizes, **sampling}
    return {
        "preprocessor_config.json": {**image, "processor_class": "Qwen3VLProcessor"},
        "video_preprocessor_config.json": {**video, "processor_class": "Qwen3VLProcessor"},
    }
