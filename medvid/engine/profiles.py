"""How each known checkpoint wants to be fed and asked, and what an unknown one gets.

Known: the uAI-NEXUS-MedVLM 1.0a, b and c family, the untuned Qwen bases, the embedded model. A `profile.json` beside a checkpoint's weights
goes over all of these, field by field. Sources: the model cards and the published inference code of the family (48*28*28 pixels a frame at
most, 8*28*28 at least, 32,768 of context, 0.1 to 2 fps), and Qwen's own processors; docs/formats.md.
"""

import logging
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import Field, ValidationError

from medvid.core import ConfigError, Reliability, Value
from medvid.core.clip import BoxFrame
from medvid.engine.base import Architecture, Profile
from medvid.engine.prompt import NO_THOUGHT

log = logging.getLogger(__name__)

CONTEXT = 32_768
MOST_FRAMES = 256
"""The longest clip in training, 1,800 s at 0.1 fps, has 180 frames; far above that a checkpoint has seen nothing."""
TEXT_TOKENS = 4_096
"""Kept free for the question and the answer; a quarter of the context where that is smaller."""
TIMESTAMP_TOKENS = 12
"""`<1234.5 seconds>` and its two vision tokens, in Qwen's tokenizer."""

QWEN25_SYSTEM = "You are a helpful assistant."
"""What Qwen2.5-VL's chat template writes where no system message is given."""

SOURCE = "MedVidBench leaderboard"
"""Of the published checkpoints' figures on the 6,245 questions of the test set, all made with `published` feeding; no majority baseline is
published. Where one figure covers both caption styles, both have it, and the test count is that of both."""
# metric, tests and qa_types of each figure in a row of FIGURES.
COLUMNS: tuple[tuple[str, int, tuple[str, ...]], ...] = (
    ("CVS accuracy", 648, ("cvs_assessment",)),
    ("next action accuracy", 670, ("next_action",)),
    ("skill accuracy", 160, ("skill_assessment",)),
    ("STG mIoU", 780, ("stg",)),
    ("TAG mIoU at 0.5", 1637, ("tal",)),
    ("DVC F1", 1479, ("dense_captioning_gpt", "dense_captioning_gemini")),
    ("summary, judged 1 to 5", 565, ("video_summary_gpt", "video_summary_gemini")),
    ("region caption, judged 1 to 5", 306, ("region_caption_gpt", "region_caption_gemini")),
)
FIGURES: dict[str, tuple[float, ...]] = {
    "1.0a-7B-RL": (0.896, 0.405, 0.254, 0.202, 0.156, 0.214, 4.184, 3.442),
    "1.0a-7B-SFT": (0.894, 0.442, 0.218, 0.177, 0.091, 0.165, 3.596, 2.757),
    "1.0b-4B-RL": (0.898, 0.473, 0.285, 0.176, 0.441, 0.480, 4.227, 3.861),
    "1.0b-4B-SFT": (0.895, 0.466, 0.270, 0.133, 0.403, 0.435, 4.180, 3.752),
    "1.0c-4B-SFT": (0.897, 0.576, 0.354, 0.190, 0.429, 0.451, 4.238, 3.746),
    "Qwen2.5-VL-7B": (0.105, 0.151, 0.010, 0.020, 0.068, 0.075, 2.452, 2.090),
}


def published_cards(row: str) -> dict[str, Reliability]:
    """By qa_type, for a row of FIGURES."""
    return {
        qa_type: Reliability(qa_type=qa_type, metric=metric, figure=figure, tests=tests, source=SOURCE, feeding="published")
        for (metric, tests, qa_types), figure in zip(COLUMNS, FIGURES[row], strict=True)
        for qa_type in qa_types
    }


def frame_budget(max_pixels: int, factor: int, max_context: int, *, timestamps: bool) -> int:
    """Most frames whose pairs fit into the context beside question and answer, an even number."""
    tokens_per_pair = max_pixels // factor**2 + (TIMESTAMP_TOKENS if timestamps else 0)
    room = max_context - min(TEXT_TOKENS, max_context // 4)
    return int(max(2, min(MOST_FRAMES, 2 * (room // tokens_per_pair))))


def _base(name: str, architecture: Architecture, factor: int, max_context: int) -> Profile:
    """An untuned checkpoint: boxes as Qwen trained them, 128 to 256 tokens a pair of frames."""
    timestamps = architecture != "qwen2_5_vl"
    max_pixels = 256 * factor**2
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
        _base(f"uAI-NEXUS-MedVLM-{row}", architecture, factor, CONTEXT), min_pixels=8 * 28 * 28, max_pixels=max_pixels,
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
    (r"qwen2\.5-vl-7b", replace(_base("Qwen2.5-VL-7B", "qwen2_5_vl", 28, CONTEXT), cards=published_cards("Qwen2.5-VL-7B"))),
    (r"qwen2\.5-vl-\d+b", _base("Qwen2.5-VL", "qwen2_5_vl", 28, CONTEXT)),
    (r"qwen3-vl-\d+b", _base("Qwen3-VL", "qwen3_vl", 32, CONTEXT)),
    (r"qwen3\.5-[\d.]+b", _base("Qwen3.5", "qwen3_5", 32, CONTEXT)),
)


class ProfileFile(Value):
    """`profile.json`: what goes over the profile that a checkpoint would get. `base: embedded` starts from that of the embedded model; the
    other fields are those of Profile, `cards` by qa_type."""

    base: Literal["embedded"] | None = None
    name: str | None = None
    min_pixels: int | None = Field(default=None, gt=0)
    max_pixels: int | None = Field(default=None, gt=0)
    frame_budget: int | None = Field(default=None, ge=1)
    rates: tuple[float, ...] | None = Field(default=None, min_length=1)
    default_fps: float | None = Field(default=None, gt=0)
    box_frame: BoxFrame | None = None
    outer_vision_tokens: bool | None = None
    answer_start: str | None = None
    abstains: bool | None = None
    heeds_system: bool | None = None
    system: str | None = None
    constrained: bool | None = None
    wording: str | None = None
    domain: Literal["simulated", "clinical"] | None = None
    cards: dict[str, Reliability] | None = None


def profile_for(checkpoint: str | Path, config: Mapping[str, Any]) -> Profile:
    """checkpoint: a directory or hub id, whose last name says what it is. config: its `config.json`. Raises ConfigError for another
    architecture and for a `profile.json` that cannot be read."""
    architectures: tuple[Architecture, ...] = get_args(Architecture)
    architecture = next((known for known in architectures if known == config.get("model_type")), None)
    if architecture is None:
        raise ConfigError(
            f"checkpoint {checkpoint} is of architecture {config.get('model_type')!r}; medvid runs {', '.join(sorted(architectures))}"
        )
    vision, text = config.get("vision_config", {}), config.get("text_config", config)
    factor = int(vision.get("patch_size", 14 if architecture == "qwen2_5_vl" else 16)) * int(vision.get("spatial_merge_size", 2))
    context = min(CONTEXT, int(text.get("max_position_embeddings", CONTEXT)))
    stated = _profile_file(Path(checkpoint) / "profile.json")
    if stated is not None and stated.base == "embedded":
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
    given = {name: getattr(stated, name) for name in stated.model_fields_set - {"base", "cards"}}
    return replace(found, **given, cards={**found.cards, **(stated.cards or {})})


def served_profile(name: str) -> Profile:
    """Of a model that a server knows by this name and whose configuration is not here. An unknown one gets that of an untuned Qwen3-VL."""
    known = next(iter(_known(name)), None)
    if known is None:
        log.warning("%s is not known: it is asked as an untuned model that reads each frame's time", name)
    return known or _base(Path(name).name, "qwen3_vl", 32, CONTEXT)


def _known(checkpoint: str | Path) -> list[Profile]:
    return [profile for pattern, profile in KNOWN if re.search(pattern, Path(checkpoint).name.lower())]


def _profile_file(path: Path) -> ProfileFile | None:
    if not path.is_file():
        return None
    try:
        return ProfileFile.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise ConfigError(f"{path} cannot be used: {error}; correct it or take it away") from error
