"""The device a model would run on, in words."""

from __future__ import annotations

from medvid.core.errors import ConfigError


def device_name(wanted: str) -> str:
    """wanted: `auto`, `cpu` or `cuda`. `cpu`, or a GPU's name and memory. Raises ConfigError where a GPU is wanted and none is there."""
    import torch

    if wanted == "cpu" or (wanted == "auto" and not torch.cuda.is_available()):
        return "cpu"
    if not torch.cuda.is_available():
        raise ConfigError("no GPU can be used by the torch installed here; use --device cpu, or install a CUDA build of torch")
    properties = torch.cuda.get_device_properties(0)
    return f"{properties.name}, {properties.total_memory / 2**30:.0f} GiB"
