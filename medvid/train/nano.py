"""The embedded model: a Qwen3-VL of about 3.7 million parameters before training, the forward of its tower that training needs, and its
checkpoint folder: fp16 safetensors, stock tokenizer and processor files, and the profile by which medvid feeds it.

The architecture is Transformers' own; only sizes (nano.json) and the initial weights are ours. Stock Transformers and vLLM load what is
saved; the processor's files are copied because Transformers makes them only where torchvision is installed. `see` computes what the
stock tower computes, for many clips of one shape at once.
"""

import json
import math
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import GenerationConfig, Qwen3VLConfig, Qwen3VLForConditionalGeneration
from transformers.models.qwen3_vl.modeling_qwen3_vl import apply_rotary_pos_emb_vision
from transformers.vision_utils import get_vision_interpolation_indices_and_weights, get_vision_position_ids

from medvid.engine.checkpoint import EMBEDDED_FOLDER
from medvid.train.tokenizer import build_tokenizer

PATCH, MERGE, TEMPORAL = 14, 2, 2
MEAN = STD = (0.5, 0.5, 0.5)
GUIDED_LAYER, GUIDED_HEADS = 2, 2
"""The layer whose first heads are taught where to look."""
PROCESSOR = ("chat_template.jinja", "preprocessor_config.json", "video_preprocessor_config.json")
"""What any such checkpoint has as the embedded one has it: how Transformers' own processor feeds it."""


def config_of(vocabulary: int, ids: dict[str, int]) -> Qwen3VLConfig:
    """`ids`: the token ids of the vision tokens and of the end of a turn, by their names in the configuration."""
    sizes: Any = json.loads((Path(__file__).parent / "nano.json").read_text())
    text = {**sizes["text"], "vocab_size": vocabulary, "eos_token_id": ids["eos_token_id"], "pad_token_id": ids["pad_token_id"]}
    vision = {**sizes["vision"], "patch_size": PATCH, "spatial_merge_size": MERGE, "temporal_patch_size": TEMPORAL}
    names = ("vision_start_token_id", "vision_end_token_id", "image_token_id", "video_token_id")
    return Qwen3VLConfig(text_config=text, vision_config=vision, tie_word_embeddings=True, **{name: ids[name] for name in names})


def build(config: Qwen3VLConfig, numbers: dict[int, int], seed: int = 0) -> Qwen3VLForConditionalGeneration:
    """Fresh weights: fan-in scaled (0.02 is too small at these widths); half of each number's embedding is a smooth code of its value, so
    that near numbers start near. `numbers`: value -> token id."""
    torch.manual_seed(seed)
    model = Qwen3VLForConditionalGeneration(config)
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, std=1 / math.sqrt(module.in_features))
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        width = config.text_config.hidden_size
        table = model.get_input_embeddings().weight
        nn.init.normal_(table, std=1 / math.sqrt(width))
        periods = torch.logspace(math.log10(4), math.log10(2000), width // 4)
        for value, token in numbers.items():
            angle = 2 * math.pi * value / periods
            table[token, : width // 2] = torch.cat((angle.sin(), angle.cos())) / math.sqrt(width)
        nn.init.normal_(model.model.visual.pos_embed.weight, std=0.2)
        for merger in model.model.visual.deepstack_merger_list:
            nn.init.zeros_(merger.linear_fc2.weight)
    return model


def patches_of(rgb: Tensor) -> Tensor:
    """uint8 or float (P, 2, H, W, 3), pairs of frames -> (P, patches, 1176), as engine/patches.py lays them out."""
    pairs, two, height, width, _ = rgb.shape
    h, w = height // (PATCH * MERGE), width // (PATCH * MERGE)
    x = (rgb.float() / 127.5 - 1).reshape(pairs, two, h, MERGE, PATCH, w, MERGE, PATCH, 3)
    return x.permute(0, 2, 5, 3, 6, 8, 1, 4, 7).reshape(pairs, h * w * MERGE * MERGE, 3 * two * PATCH * PATCH)


def see(model: Qwen3VLForConditionalGeneration, rgb: Tensor) -> tuple[Tensor, Tensor]:
    """The vision tower on pairs of frames (P, 2, H, W, 3): merged tokens (P, 12, 192) and those of the deepstack, likewise."""
    tower = model.model.visual
    pairs, height, width = rgb.shape[0], rgb.shape[2] // PATCH, rgb.shape[3] // PATCH
    grid = torch.tensor([[1, height, width]], device=rgb.device)
    patches = patches_of(rgb)
    x = patches @ tower.patch_embed.proj.weight.flatten(1).T + tower.patch_embed.proj.bias
    x = x + _places(tower, grid).to(x.dtype)
    cos, sin = tower.rotary_pos_emb(x, get_vision_position_ids(grid, MERGE, kwargs={}))
    deep: list[Tensor] = []
    for i, block in enumerate(tower.blocks):
        x = x + _attend(block.attn, block.norm1(x), cos, sin)
        x = x + block.mlp(block.norm2(x))
        if i in tower.deepstack_visual_indexes:
            deep.append(tower.deepstack_merger_list[tower.deepstack_visual_indexes.index(i)](x.flatten(0, 1)).reshape(pairs, -1, 192))
    return tower.merger(x.flatten(0, 1)).reshape(pairs, -1, 192), deep[0]


def _attend(attention: Any, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    pairs, patches, _ = x.shape
    q, k, v = attention.qkv(x).reshape(pairs, patches, 3, attention.num_heads, -1).unbind(2)
    q, k = apply_rotary_pos_emb_vision(q, k, cos, sin)
    y = nn.functional.scaled_dot_product_attention(q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2))
    out: Tensor = attention.proj(y.transpose(1, 2).reshape(pairs, patches, -1))
    return out


def _places(tower: Any, grid: Tensor) -> Tensor:
    indices, weights = get_vision_interpolation_indices_and_weights(
        grid, num_grid_per_side=tower.num_grid_per_side, mode=tower.interpolation_mode, align_corners=tower.interpolation_align_corners,
        spatial_merge_size=MERGE, kwargs={},
    )  # fmt: skip
    places: Tensor = (tower.pos_embed(indices) * weights[:, :, None]).sum(1)
    return places


def export(model: Qwen3VLForConditionalGeneration, folder: Path) -> Path:
    """Writes the checkpoint. A model card (README.md) and reliability cards that stand there already stay."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = build_tokenizer()
    tokenizer.save_pretrained(folder)
    model.generation_config = GenerationConfig(do_sample=False, eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id)
    kept = {name: weight.clone() for name, weight in model.state_dict().items()}
    model.to(torch.float16).save_pretrained(folder, max_shard_size="64MB")
    model.to(torch.float32).load_state_dict(kept)
    for name in PROCESSOR:
        (folder / name).write_bytes((EMBEDDED_FOLDER / name).read_bytes())
    profile = folder / "profile.json"
    if not profile.exists():
        profile.write_text(json.dumps({"base": "embedded"}, indent=1) + "\n")
    return folder
