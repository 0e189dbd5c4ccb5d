"""A checkpoint's directory as Hugging Face has them, read without torch: what it is, how its vision tower reads frames, how it wants to be
fed; and `profile.json` where somebody wrote one (profiles.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from medvid.core import ConfigError
from medvid.engine.base import Profile
from medvid.engine.encode import CLIP_MEAN, CLIP_STD, EVEN_MEAN, EVEN_STD, Vision
from medvid.engine.profiles import profile_for, served_profile

if TYPE_CHECKING:
    from tokenizers import Tokenizer

UnknownWords = Callable[[str], tuple[str, ...]]
# The file and, within it, the section that state the mean and deviation of RGB: newest form first.
PROCESSOR_FILES = (
    ("processor_config.json", "video_processor"), ("processor_config.json", "image_processor"), ("video_preprocessor_config.json", None),
    ("preprocessor_config.json", None),
)
EMBEDDED_FOLDER = Path(__file__).parent / "embedded"  # The weights that ship with the package.


@dataclass(frozen=True, slots=True)
class Checkpoint:
    folder: Path
    profile: Profile
    vision: Vision
    weights_bytes: int  # on disk
    end_ids: frozenset[int]  # tokens after which an answer is over

    @property
    def small(self) -> bool:
        """Below a GiB it runs in float32 everywhere: half precision would save nothing and move numbers."""
        return self.weights_bytes < 2**30


def read_checkpoint(model: str | Path | None) -> Checkpoint:
    """model: a directory, a hub id (fetched once, then taken from the hub's cache), or None for the embedded model. Raises ConfigError."""
    folder = _folder(model)
    config = _json(folder / "config.json")
    profile = profile_for(folder if model is None or Path(model).is_dir() else str(model), config)
    weights = sum(file.stat().st_size for file in folder.glob("*.safetensors"))
    if not weights:
        raise ConfigError(f"{folder} holds no *.safetensors; complete the checkpoint, or name another with --model")
    return Checkpoint(folder, profile, _vision(folder, config, profile), weights, _end_ids(folder, config))


def read_served(model: str | Path | None) -> tuple[Profile, str, Checkpoint | None]:
    """Profile, the server's name for it, and the checkpoint where that is here or embedded; else the name does, and nothing is fetched."""
    if model is None or Path(model).is_dir():
        checkpoint = read_checkpoint(model)
        return checkpoint.profile, checkpoint.profile.name, checkpoint
    return served_profile(str(model)), str(model), None


def _folder(model: str | Path | None) -> Path:
    if model is None and (EMBEDDED_FOLDER / "config.json").is_file():
        return EMBEDDED_FOLDER
    if model is None:
        raise ConfigError("this installation holds no embedded model; name a checkpoint directory or hub id with --model or MEDVID_MODEL")
    if Path(model).is_dir():
        return Path(model)
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", str(model)):
        raise ConfigError(
            f"no checkpoint at {model}; give a directory that holds config.json and *.safetensors, or a hub id such as ORGANISATION/NAME"
        )
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import GatedRepoError

    try:
        return Path(snapshot_download(str(model), allow_patterns=["*.json", "*.safetensors", "*.txt", "*.jinja"]))
    except GatedRepoError as error:
        raise ConfigError(f"{model} is gated: accept its terms on its page on the hub and log in with `hf auth login`") from error
    except (OSError, ValueError) as error:  # the hub's errors are either: not found, not allowed, no network, a bad id
        raise ConfigError(
            f"{model} is no directory here and cannot be fetched from the hub: {error}; give the directory of a checkpoint"
        ) from error


def _json(path: Path) -> dict[str, Any]:
    try:
        return TypeAdapter(dict[str, Any]).validate_json(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} cannot be read: {error}; give the directory of a whole checkpoint") from error


def _vision(folder: Path, config: Mapping[str, Any], profile: Profile) -> Vision:
    tower = config.get("vision_config", {})
    mean, std = (CLIP_MEAN, CLIP_STD) if profile.architecture == "qwen2_5_vl" else (EVEN_MEAN, EVEN_STD)
    for name, section in PROCESSOR_FILES:
        if not (folder / name).is_file():
            continue
        stated = _json(folder / name)
        stated = stated.get(section, {}) if section else stated
        if "image_mean" in stated and "image_std" in stated:
            mean, std = tuple(stated["image_mean"]), tuple(stated["image_std"])
            break
    merge = int(tower.get("spatial_merge_size", 2))
    if not isinstance(config.get("video_token_id"), int):
        raise ConfigError(f"{folder / 'config.json'} states no video_token_id; it is not that of a Qwen-VL checkpoint")
    return Vision(
        video_token_id=config["video_token_id"], patch=profile.factor // merge, merge=merge, temporal=int(tower.get("temporal_patch_size",
        2)), mean=mean, std=std, tokens_per_second=float(tower.get("tokens_per_second", 2)),
    )


def _end_ids(folder: Path, config: Mapping[str, Any]) -> frozenset[int]:
    """From generation_config.json, which lists all, and from config.json; the end of the turn is added by whoever holds the tokenizer."""
    found: set[int] = set()
    generation = _json(folder / "generation_config.json") if (folder / "generation_config.json").is_file() else {}
    for stated in (generation.get("eos_token_id"), config.get("eos_token_id"), config.get("text_config", {}).get("eos_token_id")):
        found |= set(stated if isinstance(stated, list) else [stated] if isinstance(stated, int) else [])
    return frozenset(found)


def unknown_words_of(folder: Path) -> UnknownWords:
    """A function from a text to its words that the tokenizer in this folder lacks, in order; always none for a byte-level one. Reads it
    at its first use, without Transformers, which takes seconds to import. A model trained on few words must not be asked in others."""

    @cache
    def vocabulary() -> tuple[Tokenizer, str] | None:
        file = folder / "tokenizer.json"
        if not file.is_file():  # an older checkpoint: vocabulary and merges of a byte-level tokenizer, which knows every text
            return None
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(file))
        unknown = getattr(tokenizer.model, "unk_token", None)
        return (tokenizer, unknown) if unknown is not None else None

    def unknown_words(text: str) -> tuple[str, ...]:
        if (known := vocabulary()) is None:
            return ()
        tokenizer, unknown = known
        encoding = tokenizer.encode(text, add_special_tokens=False)
        spans = [span for token, span in zip(encoding.tokens, encoding.offsets, strict=True) if token == unknown]
        words = (text[start:end].strip() for start, end in spans)
        return tuple(dict.fromkeys(word for word in words if word))

    return unknown_words
