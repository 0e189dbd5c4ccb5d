"""Tiny checkpoints of every architecture with random weights, for tests that run a real model.

`tiny_checkpoint(folder, architecture)` writes what a user's checkpoint directory holds: weights, configuration, a byte-level tokenizer that
takes any text, with Qwen's names for the special tokens.
"""

from __future__ import annotations

import json
from pathlib import Path

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    PreTrainedTokenizerFast,
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
    Qwen3_5Config,
    Qwen3_5ForConditionalGeneration,
    Qwen3VLConfig,
    Qwen3VLForConditionalGeneration,
)
from transformers.utils import logging as transformers_logging

from medvid.engine.base import Architecture
from medvid.engine.encode import CLIP_MEAN, CLIP_STD, EVEN_MEAN, EVEN_STD

SPECIAL_TOKENS = ("endoftext", "im_start", "im_end", "vision_start", "vision_end", "vision_pad", "image_pad", "video_pad")
PATCH = 14
CONTEXT = 4096
GAIN = 6.0
"""Plain random weights answer the same whatever they see; matrices times 6 make the frames count."""


def tiny_tokenizer() -> PreTrainedTokenizerFast:
    """One token a byte, then the special tokens."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE(vocab={letter: i for i, letter in enumerate(alphabet)}, merges=[]))
    return _with_special_tokens(tokenizer, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False), decoders.ByteLevel())


def tiny_word_tokenizer(words: tuple[str, ...]) -> PreTrainedTokenizerFast:
    """One token a word or newline, `<unk>` for every other word: the kind that the embedded model has."""
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(("<unk>", "\n", *words))}, unk_token="<unk>"))
    return _with_special_tokens(tokenizer, pre_tokenizers.Split(" ", "removed"), decoders.WordPiece())


def _with_special_tokens(tokenizer: Tokenizer, before: pre_tokenizers.PreTokenizer, after: decoders.Decoder) -> PreTrainedTokenizerFast:
    tokenizer.pre_tokenizer, tokenizer.decoder = before, after
    tokenizer.add_special_tokens([AddedToken(f"<|{name}|>", special=True, normalized=False) for name in SPECIAL_TOKENS])
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|im_end|>", pad_token="<|endoftext|>")


def tiny_checkpoint(path: Path, architecture: Architecture, *, seed: int = 0, tokenizer: PreTrainedTokenizerFast | None = None) -> Path:
    """Writes a checkpoint of about 0.2 M parameters into the folder `path`, and returns it. The same seed gives the same weights."""
    tokenizer = tokenizer or tiny_tokenizer()
    named = {"vision_start": "vision_start", "vision_end": "vision_end", "image": "image_pad", "video": "video_pad"}
    ids = {f"{name}_token_id": tokenizer.convert_tokens_to_ids(f"<|{token}|>") for name, token in named.items()}
    end = tokenizer.convert_tokens_to_ids("<|im_end|>")
    text = {
        "vocab_size": len(tokenizer), "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 2,
        "num_key_value_heads": 1, "max_position_embeddings": CONTEXT, "bos_token_id": None, "eos_token_id": end, "pad_token_id": None,
        "tie_word_embeddings": True,
    }
    vision = {
        "depth": 2, "hidden_size": 32, "intermediate_size": 48, "num_heads": 2, "out_hidden_size": 64, "patch_size": PATCH,
        "spatial_merge_size": 2, "temporal_patch_size": 2,
    }
    rope = {"rope_type": "default", "rope_theta": 1e4}
    torch.manual_seed(seed)
    if architecture == "qwen2_5_vl":
        text["rope_parameters"] = {**rope, "mrope_section": [4, 6, 6]}
        vision |= {"window_size": 112, "fullatt_block_indexes": [1], "tokens_per_second": 2}
        model = Qwen2_5_VLForConditionalGeneration(
            Qwen2_5_VLConfig(text_config=text, vision_config=vision, tie_word_embeddings=True, **ids)
        )
    elif architecture == "qwen3_5":
        # As published: linear layers before a full one, linear heads of 128 (vLLM on CPU wants 64 at least), twice as many for values,
        # a quarter of each full head turned.
        text |= {
            "layer_types": ["linear_attention", "full_attention"], "linear_num_key_heads": 1, "linear_num_value_heads": 2,
            "linear_key_head_dim": 128, "linear_value_head_dim": 128, "head_dim": 64,
            "rope_parameters": {**rope, "mrope_section": [3, 3, 2], "mrope_interleaved": True, "partial_rotary_factor": 0.25},
        }
        vision |= {"num_position_embeddings": 64}
        model = Qwen3_5ForConditionalGeneration(Qwen3_5Config(text_config=text, vision_config=vision, tie_word_embeddings=True, **ids))
    else:
        text |= {"head_dim": 32, "rope_parameters": {**rope, "mrope_section": [6, 5, 5], "mrope_interleaved": True}}
        vision |= {"num_position_embeddings": 64, "deepstack_visual_indexes": [0]}
        model = Qwen3VLForConditionalGeneration(Qwen3VLConfig(text_config=text, vision_config=vision, tie_word_embeddings=True, **ids))
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim > 1:
                parameter.mul_(GAIN)
    transformers_logging.disable_progress_bar()
    model.generation_config.eos_token_id = end
    model.save_pretrained(path)
    tokenizer.save_pretrained(path)
    mean, std = (CLIP_MEAN, CLIP_STD) if architecture == "qwen2_5_vl" else (EVEN_MEAN, EVEN_STD)
    processor = {"patch_size": PATCH, "merge_size": 2, "temporal_patch_size": 2, "image_mean": mean, "image_std": std}
    (path / "preprocessor_config.json").write_text(json.dumps(processor))
    return path
