"""How each known checkpoint wants to be fed and asked, and what an unknown one gets.

Known: the uAI-NEXUS-MedVLM 1.0a, b and c family, the untuned Qwen bases, the embedded model. A `profile.json` beside a checkpoint's weights
goes over all of these, field by field. Sources: the model cards and the published inference code of the family (48*28*28 pixels a frame at
most, 8*28*28 at least, 32,768 of context, 0.1 to 2 fps), and Qwen's own processors; docs/formats.md.
"""

import json
import logging
import re
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any, get_args

from pydantic import TypeAdapter

from medvid.core import ConfigError, Reliability
from medvid.engine.base import Architecture, Profile
from medvid.engine.prompt import NO_THOUGHT

log = logging.getLogger(__name__)

CONTEXT = 32_768
MOST_FRAMES = 256  # The longest clip in training, 1,800 s at 0.1 fps, has 180 frames; far above that a checkpoint has seen nothing.
TEXT_TOKENS = 4_096  # Kept free for the question and the answer; a quarter of the context where that is smaller.
TIMESTAMP_TOKENS = 12  # `<1234.5 seconds>` and its two vision tokens, in Qwen's tokenizer.

QWEN25_SYSTEM = "You are a helpful assistant."  # What Qwen2.5-VL's chat template writes where no system message is given.

PUBLISHED: list[dict[str, Any]] = tomllib.loads(Path(__file__).with_name("published.toml").read_text(encoding="utf-8"))["column"]
MAY_STATE = {"base"} | {field.name for field in fields(Profile)} - {"architecture", "factor", "timestamps", "max_context"}
"""Keys of a `profile.json`. The weights decide the others."""
_profile = TypeAdapter(Profile)


def published_cards(checkpoint: str) -> dict[str, Reliability]:
    """By qa_type, for a checkpoint of published.toml."""
    told: dict[str, Any] = {"source": "MedVidBench leaderboard", "feeding": "published"}
    return {
        name: Reliability(qa_type=name, metric=column["metric"], figure=column["figures"][checkpoint], tests=column["tests"], **told)
        for column in PUBLISHED
        for name in column["qa_types"]
    }


def write_reliability(file: Path, cards: Mapping[str, Reliability], **otherwise: Any) -> None:
    """Into a `profile.json`, in place of those of the same tasks. otherwise: what a file that is not there yet has beside them."""
    said = _stated(file) or otherwise
    said["cards"] = said.get("cards", {}) | {name: card.model_dump(mode="json") for name, card in cards.items()}
    file.write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")


def frame_budget(max_pixels: int, factor: int, max_context: int, *, timestamps: bool) -> int:
    """Most frames whose pairs fit into the context beside question and answer, an even number."""
    tokens_per_pair = max_pixels // factor**2 + (TIMESTAMP_TOKENS if timestamps else 0)
    room = max_context - min(TEXT_TOKENS, max_context // 4)
    return int(max(2, min(MOST_FRAMES, 2 * (room // tokens_per_pair))))


def _base(name: str, architecture: Architecture, factor: int, max_context: int = CONTEXT) -> Profile:
    """An untuned checkpoint: boxes as Qwen trained them, 128 to 256 tokens a pair of frames."""
    timestamps, max_pixels = architecture != "qwen2_5_vl", 256 * factor**2
    return Profile(
        name=name, architecture=architecture, factor=factor, min_pixels=128 * factor**2, max_pixels=max_pixels,
        frame_budget=frame_budget(max_pixels, factor, max_context, timestamps=timestamps), rates=(2.0, 1.0, 0.5), default_fps=1.0,
        box_frame="per_mille" if timestamps else "fed", timestamps=timestamps, heeds_system=True, constrained=True,
        system=None if timestamps else QWEN25_SYSTEM, answer_start=NO_THOUGHT if architecture == "qwen3_5" else "", wording="plain",
        max_context=max_context,
    )


def _tuned(row: str, architecture: Architecture, factor: int) -> Profile:
    """A checkpoint of the family. It always answers, and with boxes in pixels of the original frame."""
    max_pixels = 48 * 28 * 28
    return replace(
        _base(f"uAI-NEXUS-MedVLM-{row}", architecture, factor), min_pixels=8 * 28 * 28, max_pixels=max_pixels,
        frame_budget=frame_budget(max_pixels, factor, CONTEXT, timestamps=architecture != "qwen2_5_vl"), rates=(2.0, 1.0, 0.5, 0.1),
        box_frame="source", constrained=False, domain="clinical", cards=published_cards(row),
    )


EMBEDDED = Profile(
    name="medvid-embedded", architecture="qwen3_vl", factor=28, min_pixels=4 * 28 * 28, max_pixels=112 * 84, frame_budget=32, rates=(2.0,
    1.0, 0.5), default_fps=1.0, box_frame="fed", timestamps=True, abstains=True, wording="plain", domain="simulated", max_context=4_096,
)
MEDVLM_1_0A_RL = _tuned("1.0a-7B-RL", "qwen2_5_vl", 28)
# Published as names only: their factor follows from the bases that the authors state, and nobody has run them here.
KNOWN: tuple[tuple[str, Profile], ...] = (
    (r"medvlm-1\.0a-7b-rl", MEDVLM_1_0A_RL),
    (r"medvlm-1\.0a-7b-sft", _tuned("1.0a-7B-SFT", "qwen2_5_vl", 28)),
    (r"medvlm-1\.0b-4b-rl", _tuned("1.0b-4B-RL", "qwen3_vl", 32)),
    (r"medvlm-1\.0b-4b-sft", _tuned("1.0b-4B-SFT", "qwen3_vl", 32)),
    (r"medvlm-1\.0c-4b-sft", _tuned("1.0c-4B-SFT", "qwen3_5", 32)),
    (r"qwen2\.5-vl-7b", replace(_base("Qwen2.5-VL-7B", "qwen2_5_vl", 28), cards=published_cards("Qwen2.5-VL-7B"))),
    (r"qwen2\.5-vl-\d+b", _base("Qwen2.5-VL", "qwen2_5_vl", 28)),
    (r"qwen3-vl-\d+b", _base("Qwen3-VL", "qwen3_vl", 32)),
    (r"qwen3\.5-[\d.]+b", _base("Qwen3.5", "qwen3_5", 32)),
)


def profile_for(checkpoint: str | Path, config: Mapping[str, Any]) -> Profile:
    """checkpoint: a directory or hub id, known by its last name. config: `config.json`. Raises ConfigError where they cannot be used."""
    architectures: tuple[Architecture, ...] = get_args(Architecture)
    architecture = next((known for known in architectures if known == config.get("model_type")), None)
    if architecture is None:
        raise ConfigError(
            f"checkpoint {checkpoint} is of architecture {config.get('model_type')!r}; medvid runs {', '.join(sorted(architectures))}"
        )
    vision, text = config.get("vision_config", {}), config.get("text_config", config)
    factor = int(vision.get("patch_size", 14 if architecture == "qwen2_5_vl" else 16)) * int(vision.get("spatial_merge_size", 2))
    context = min(CONTEXT, int(text.get("max_position_embeddings", CONTEXT)))
    file = Path(checkpoint) / "profile.json"
    stated = _stated(file)
    if stated is not None and stated.pop("base", None) is not None:
        found = replace(EMBEDDED, max_context=context)
    else:
        fitting = (known for known in _known(checkpoint) if (known.architecture, known.factor) == (architecture, factor))
        found = next(fitting, None) or _base(Path(checkpoint).name, architecture, factor, context)
        if stated is None and found.name == Path(checkpoint).name:
            log.warning("checkpoint %s is not known: it is fed as an untuned %s; a profile.json beside its weights can say more",
            checkpoint, architecture)
    if found.architecture != architecture or found.factor != factor:
        raise ConfigError(
            f"checkpoint {checkpoint}: profile {found.name} is for {found.architecture} with sides in multiples of {found.factor} px, "
            f"the weights are {architecture} with {factor} px; correct its profile.json"
        )
    if stated is None:
        return found
    try:
        return _profile.validate_python(asdict(found) | stated | {"cards": found.cards | stated.get("cards", {})})
    except (ValueError, TypeError) as error:
        raise ConfigError(f"{file} cannot be used: {error}; correct it or take it away") from error


def served_profile(name: str) -> Profile:
    """Of a model that a server knows by this name and whose configuration is not here. An unknown one gets that of an untuned Qwen3-VL."""
    known = next(iter(_known(name)), None)
    if known is None:
        log.warning("%s is not known: it is asked as an untuned model that reads each frame's time", name)
    return known or _base(Path(name).name, "qwen3_vl", 32)


def _known(checkpoint: str | Path) -> list[Profile]:
    return [profile for pattern, profile in KNOWN if re.search(pattern, Path(checkpoint).name.lower())]


def _stated(file: Path) -> dict[str, Any] | None:
    """What a `profile.json` states over the profile that its checkpoint would get: fields of Profile, `cards` by qa_type; and perhaps
    `base: embedded`, to start from the embedded model's. None where there is no such file."""
    if not file.is_file():
        return None
    try:
        stated = TypeAdapter(dict[str, Any]).validate_json(file.read_bytes())
        if stated.keys() - MAY_STATE or stated.get("base", "embedded") != "embedded":
            raise ValueError(f"it may state {', '.join(sorted(MAY_STATE))}; as base `embedded` alone")
    except ValueError as error:
        raise ConfigError(f"{file} cannot be used: {error}; correct it or take it away") from error
    return stated
