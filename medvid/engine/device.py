"""The device a model runs on, by torch's name and in words."""

from medvid.core import ConfigError

WAYS_OUT = {
    "cuda": "install a CUDA build of torch on a machine with a GPU",
    "mps": "use a Mac with Apple silicon and a torch built for it",
}


def choose_device(wanted: str) -> str:
    """`cpu`, `cuda` or `mps`. wanted: one of these, or `auto`: a GPU where there is one. Raises ConfigError where it is not there."""
    import torch

    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if wanted == "auto":
        return next(name for name, found in there.items() if found)
    if not there.get(wanted, False):
        way_out = WAYS_OUT.get(wanted, "give auto, cpu, cuda or mps")
        raise ConfigError(f"the device {wanted} is not there for the torch installed here; use --device cpu, or {way_out}")
    return wanted


def device_name(wanted: str) -> str:
    """`cpu`, or a GPU's name and memory. Raises ConfigError as `choose_device` does."""
    import torch

    match choose_device(wanted):
        case "cuda":
            properties = torch.cuda.get_device_properties(0)
            return f"{properties.name}, {properties.total_memory / 2**30:.0f} GiB"
        case "mps":
            return f"Apple GPU (mps), {torch.mps.recommended_max_memory() / 2**30:.0f} GiB"
    return "cpu"
