"""What is installed here, which device and model would be used, what is missing, and how to get it."""

import importlib.metadata
import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from medvid import __version__
from medvid.core import MedVidError, settings
from medvid.core.settings import Settings

PACKAGES = (
    "torch", "transformers", "tokenizers", "safetensors", "av", "numpy", "pillow", "mcp", "langgraph",
    "langgraph-checkpoint-sqlite",
)  # fmt: skip
ENGINES = {"vllm": "engine vllm", "openai": "engine remote"}  # What only one engine needs.
SPACE_NEEDED_GB = 2.0


@dataclass(frozen=True, slots=True)
class Finding:
    """state: `ok`, `note` (works, but worth knowing) or `missing` (something will not work). way_out: what to do, or empty."""

    what: str
    state: Literal["ok", "note", "missing"]
    found: str
    way_out: str = ""


def findings(given: Settings, device: Callable[[], str], embedded: Path) -> Iterator[Finding]:
    """device: names what torch would run on, raising MedVidError where it cannot. embedded: the folder of the model that comes along."""
    yield Finding("medvid", "ok", f"{__version__}, Python {platform.python_version()}, {platform.system()} {platform.machine()}")
    yield from _packages()
    yield _device(device)
    yield _model(given, embedded)
    yield from _places(given)


def _packages() -> Iterator[Finding]:
    """One line for all that are there, one for each that is not."""
    there = []
    for name in (*PACKAGES, *ENGINES):
        try:
            there.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            wanted = f", and only --{ENGINES[name]} wants it" if name in ENGINES else ""
            state: Literal["note", "missing"] = "note" if wanted else "missing"
            yield Finding(name, state, f"not installed{wanted}", f"{Path(sys.executable).name} -m pip install {name}")
    yield Finding("packages", "ok", ", ".join(there))


def _device(device: Callable[[], str]) -> Finding:
    try:
        name = device()
    except (MedVidError, ImportError) as error:
        return Finding("device", "missing", str(error), "reinstall torch, or give --device cpu")
    if name.startswith("cpu"):
        return Finding("device", "note", f"{name}, {os.cpu_count()} cores", "enough for the embedded model; a 7B checkpoint wants a GPU")
    return Finding("device", "ok", name)


def _model(given: Settings, embedded: Path) -> Finding:
    if given.model is not None:
        here = Path(given.model).is_dir()
        found = f"{given.model} ({'a folder' if here else 'a hub id; fetched on first use'})"
        return Finding("model", "ok" if here else "note", found)
    weights = sorted(embedded.glob("*.safetensors"))
    if not weights:
        way_out = "give --model DIR, or install medvid from its wheel"
        return Finding("model", "missing", "the embedded model is not in this installation", way_out)
    size_mb = sum(path.stat().st_size for path in weights) / 1e6
    way_out = "for real video give a checkpoint: --model DIR or MEDVID_MODEL, such as UII-AI/uAI-NEXUS-MedVLM-1.0a-7B-RL"
    return Finding("model", "note", f"embedded, {size_mb:.1f} MB, trained on simulated procedures only", way_out)


def _places(given: Settings) -> Iterator[Finding]:
    if missing := [str(root) for root in given.roots if not root.is_dir()]:
        yield Finding("roots", "missing", f"no folder {', '.join(missing)}", "correct MEDVID_ROOTS or the configuration file")
    elif given.roots:
        yield Finding("roots", "ok", ", ".join(map(str, given.roots)))
    else:
        yield Finding("roots", "note", "none named", "name a folder of videos: --root DIR or MEDVID_ROOTS")
    file = settings.config_file()
    yield Finding("configuration", "ok", f"{file}{'' if file.is_file() else ' (not there; defaults are used)'}")
    for name, folder in (("runs", settings.data_dir()), ("cache", settings.cache_dir())):
        free_gb = shutil.disk_usage(folder).free / 1e9
        state: Literal["ok", "note"] = "ok" if free_gb >= SPACE_NEEDED_GB else "note"
        way_out = "" if state == "ok" else f"less than {SPACE_NEEDED_GB:.0f} GB is free; make room"
        yield Finding(name, state, f"{folder}, {free_gb:.0f} GB free", way_out)
