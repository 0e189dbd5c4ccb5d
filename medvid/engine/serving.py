"""How vLLM is to run a checkpoint: its arguments, in process and as the line `vllm serve ...`, and whether they fit a GPU.

Frames come at the size the model gets, so vLLM resizes nothing; the checkpoint's own sampling defaults, which hold a repetition penalty,
stay out; a server has to take each request's frame times, which by default it refuses, and all its frames, of which it takes 32.
Source: vLLM, EngineArgs, `vllm serve --help`.
"""

import json
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from medvid.core import ConfigError
from medvid.core.settings import EngineOptions
from medvid.engine.base import Profile
from medvid.engine.checkpoint import Checkpoint, read_served

BARE_TEMPLATE = Path(__file__).parent / "bare_video.jinja"
"""A chat template without the outer vision pair that vLLM keeps around the frames, for checkpoints trained so (prompt.py)."""
WORKING_GIB = 2.0  # What vLLM needs beside weights and cached keys and values: activations, graphs, the video encoder.
SHORTEST_CONTEXT = 4096  # Tokens. With fewer a clip of half a minute does not fit.
GIB = 2**30


def vllm_args(profile: Profile, options: EngineOptions, model: str, *, small: bool = False) -> dict[str, Any]:
    """Fields of vLLM's EngineArgs. model: a checkpoint's folder or hub id. small: as Checkpoint.small."""
    args: dict[str, Any] = {
        "model": model, "max_model_len": profile.max_context, "generation_config": "vllm",
        "enable_prefix_caching": True, "limit_mm_per_prompt": {"image": 0, "video": 1}, "mm_processor_kwargs": {"do_resize": False},
        "tensor_parallel_size": options.tensor_parallel, "data_parallel_size": options.data_parallel,
    }
    stated = {"dtype": "float32" if small else None, "quantization": options.quantization, "gpu_memory_utilization": options.memory_share}
    return {**args, **{name: value for name, value in stated.items() if value is not None}, **options.vllm_args}


def serve_command(model: str | None, options: EngineOptions, *, host: str, port: int) -> list[str]:
    """The `vllm serve` line of a checkpoint directory, a hub id (nothing is fetched now) or None for the embedded model. With the same
    `--model`, an engine at its address answers as `--engine vllm` does. Raises ConfigError where the checkpoint cannot be used."""
    profile, name, checkpoint = read_served(model)
    where, small = (str(checkpoint.folder), checkpoint.small) if checkpoint is not None else (name, False)
    args = vllm_args(profile.within(options.max_context), options, where, small=small)
    command = ["vllm", "serve", str(args.pop("model")), "--served-model-name", name, "--host", host, "--port", str(port)]
    for key, value in args.items():
        flag = f"--{key.replace('_', '-')}"
        if isinstance(value, bool):
            command.append(flag if value else f"--no-{flag[2:]}")
        else:
            command += [flag, json.dumps(value) if isinstance(value, dict | list) else str(value)]
    command += ["--trust-request-mm-kwargs", "--media-io-kwargs", json.dumps({"video": {"num_frames": -1}})]
    return command + (["--chat-template", str(BARE_TEMPLATE)] if profile.timestamps and not profile.outer_vision_tokens else [])


def shell_line(command: list[str]) -> str:
    """For a person to copy: an option a line."""
    return " ".join("\\\n    " * part.startswith("--") + shlex.quote(part) for part in command)


def check_memory(checkpoint: Checkpoint, config: Mapping[str, Any], options: EngineOptions, free_bytes: int, total_bytes: int) -> None:
    """Raises ConfigError where weights and one whole context do not fit one GPU's share, with what would. config: the `config.json`."""
    share = options.memory_share or 0.9
    weights = checkpoint.weights_bytes / options.tensor_parallel
    per_token = _cache_bytes_per_token(config.get("text_config", config)) / options.tensor_parallel
    room = min(free_bytes, share * total_bytes) - weights - WORKING_GIB * GIB
    context = checkpoint.profile.max_context
    if room >= per_token * context or options.quantization is not None:  # what quantised weights take is known after they are read
        return
    fits = int(max(0.0, room) / per_token) // 1024 * 1024
    ways = [f"MEDVID_MAX_CONTEXT={fits} fits"] if fits >= SHORTEST_CONTEXT else []
    ways += [
        f"MEDVID_QUANTIZATION=fp8 makes the weights about {weights / 2 / GIB:.1f} GiB",
        f"MEDVID_TENSOR_PARALLEL={2 * options.tensor_parallel} spreads them over that many GPUs",
    ]
    raise ConfigError(
        f"{checkpoint.profile.name} does not fit the GPU: weights of {weights / GIB:.1f} GiB, {WORKING_GIB:.1f} GiB to work in and "
        f"{per_token * context / GIB:.1f} GiB for {context:,} tokens, where {free_bytes / GIB:.1f} of {total_bytes / GIB:.1f} GiB are free "
        f"and {share:.0%} may be used; {', or '.join(ways)}"
    )


def _cache_bytes_per_token(text: Mapping[str, Any]) -> float:
    """Keys and values of every layer in 16 bits. Of a hybrid model (Qwen3.5) only the layers with full attention count."""
    heads = int(text["num_attention_heads"])
    head_dim = int(text.get("head_dim") or text["hidden_size"] // heads)
    kinds: list[str] = text.get("layer_types") or ["full_attention"] * int(text["num_hidden_layers"])
    pairs = kinds.count("full_attention") * int(text.get("num_key_value_heads") or heads)
    return 2.0 * 2 * pairs * head_dim
