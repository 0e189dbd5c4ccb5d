"""`medvid train sft`: the embedded model from nothing, or further from given weights, in stages that each go on where they were killed.

footage (render clips once) -> lessons (questions and answers as ids) -> vision (dense labels) -> features (what the tower sees, kept) ->
language (questions and answers) -> export (fp16 safetensors, a stock tokenizer and processor, a profile). A stage's file in `out` says
that it is done, or how far it is.
"""

import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import Qwen3VLForConditionalGeneration

import medvid
from medvid.core import ConfigError
from medvid.train.figures import TRAINING
from medvid.train.footage import Footage, render_footage
from medvid.train.language import learn_to_answer
from medvid.train.lessons import write_lessons
from medvid.train.nano import build, config_of, export
from medvid.train.packing import keep_features
from medvid.train.tokenizer import build_tokenizer, config_ids, number_ids
from medvid.train.vision import learn_to_see

STAGES = ("footage", "lessons", "vision", "features", "language", "export")
SEEDS_A_RUN = 10_000
"""The clips of a run begin at its seed times this, so that a further run shows others."""


@dataclass(frozen=True, slots=True)
class SftConfig:
    """out: a folder for everything the run makes. clips: to render. vision_minutes, language_minutes: of training, all pieces of the run
    together. from_weights: a checkpoint folder to go on from instead of fresh weights. threads: of torch. pace: a factor on the learning
    rates, below 1 for weights that are trained already."""

    out: Path
    clips: int = 6000
    vision_minutes: float = 30.0
    language_minutes: float = 40.0
    from_weights: Path | None = None
    threads: int = 2
    workers: int = 2
    seed: int = 0
    pace: float = 1.0
    device: str = "cpu"
    until: str = "export"


def run(config: SftConfig, log: Callable[[str], None] = print) -> Path:
    """Trains and exports. Returns the folder of the finished checkpoint. Raises ConfigError for a stage or a checkpoint that does
    not exist."""
    if config.until not in STAGES:
        raise ConfigError(f"there is no stage {config.until!r}; the stages are {', '.join(STAGES)}")
    torch.set_num_threads(config.threads)
    config.out.mkdir(parents=True, exist_ok=True)

    def counted(stage: str) -> Callable[[int, int], None]:
        return lambda done, total: log(f"{stage} {done}/{total}")

    rendered, lessons, features = (config.out / name for name in ("footage", "lessons", "features"))
    if not (rendered / "takes.json").exists():
        first = config.seed * SEEDS_A_RUN
        render_footage(rendered, config.clips, first_seed=first, workers=config.workers, progress=counted("footage"))
    footage, model = Footage(rendered), starting_model(config).to(torch.device(config.device))
    first_number = number_ids(build_tokenizer())[0]
    see = partial(learn_to_see, model, footage, pace=config.pace)
    read = partial(learn_to_answer, model, footage, features, lessons, first_number=first_number, pace=config.pace)
    stages: dict[str, Callable[[], object]] = {
        "lessons": lambda: write_lessons(lessons, footage.takes, workers=config.workers, progress=counted("lessons")),
        "vision": lambda: _go_on(config, "vision", config.vision_minutes, "visual", model.model.visual, see, log),
        "features": lambda: keep_features(features, lessons, model, footage, log),
        "language": lambda: _go_on(config, "language", config.language_minutes, "model", model, read, log),
        "export": lambda: _export(config, model, log),
    }
    for stage in STAGES[1 : STAGES.index(config.until) + 1]:
        stages[stage]()
    return config.out / "checkpoint"


def starting_model(config: SftConfig) -> Qwen3VLForConditionalGeneration:
    """Fresh weights from the seed, or those of `from_weights`, in float32 on the CPU."""
    if config.from_weights is not None:
        if not (config.from_weights / "config.json").exists():
            lacking = f"{config.from_weights} holds no checkpoint (config.json is missing)"
            raise ConfigError(f"{lacking}; give the folder of one, or leave --from out")
        return Qwen3VLForConditionalGeneration.from_pretrained(config.from_weights, dtype=torch.float32)
    tokenizer = build_tokenizer()
    return build(config_of(len(tokenizer), config_ids(tokenizer)), number_ids(tokenizer), config.seed)


def _go_on(
    config: SftConfig, stage: str, minutes: float, kept: str, weights: nn.Module, learn: Callable[..., None], log: Callable[[str], None]
) -> None:
    """Trains from where the stage's file says it is. The file holds `weights` under the name `kept`, beside what `learn` saves."""
    path, state = config.out / f"{stage}.pt", None
    if path.exists():
        state = load(path)
        weights.load_state_dict(state[kept])
        log(f"{stage}: {state['spent_s'] / 60:.0f} of {minutes:.0f} minutes done")
        if state["spent_s"] >= minutes * 60:
            return

    def keep(made: dict[str, object]) -> None:
        save(path, {**made, kept: weights.state_dict()})

    learn(seconds=minutes * 60, save=keep, log=log, state=state, seed=config.seed)


def _export(config: SftConfig, model: Qwen3VLForConditionalGeneration, log: Callable[[str], None]) -> None:
    folder = export(model, config.out / "checkpoint")
    (folder / TRAINING).write_text(json.dumps(made_from(config), indent=1) + "\n")
    log(f"checkpoint written to {folder}")


def made_from(config: SftConfig) -> list[dict[str, object]]:
    """How the weights came to be, for the model card: a piece for each run, those of `from_weights` first."""
    states = {stage: load(config.out / f"{stage}.pt") for stage in ("vision", "language") if (config.out / f"{stage}.pt").exists()}
    start = f" --from WEIGHTS --pace {config.pace:g}" if config.from_weights else ""
    minutes = f"--vision-minutes {config.vision_minutes:g} --language-minutes {config.language_minutes:g}"
    piece: dict[str, object] = {
        "command": f"medvid train sft --out DIR --clips {config.clips} {minutes} --threads {config.threads} --seed {config.seed}{start}",
        **{f"{stage}_steps": state["step"] for stage, state in states.items()},
        "version": medvid.__version__,
    }
    earlier = config.from_weights / TRAINING if config.from_weights else None
    return [*(json.loads(earlier.read_text()) if earlier and earlier.exists() else []), piece]


def load(path: Path) -> Any:
    return torch.load(path, map_location="cpu", weights_only=True)


def save(path: Path, state: dict[str, object]) -> None:
    """Whole or not at all: a kill in mid-write leaves the last one."""
    part = path.with_suffix(f".{os.getpid()}.part")
    torch.save({**state, "saved": time.time()}, part)
    part.replace(path)
