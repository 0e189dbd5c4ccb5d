"""The pipeline goes from nothing to a checkpoint, goes on where it was killed, and never trains on what is held out."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from medvid.core.errors import ConfigError
from medvid.simulate import HELD_OUT_SEED
from medvid.simulate.world import VARIED_SEED
from medvid.train import sft
from medvid.train.footage import plan_takes, render_footage
from medvid.train.sft import SEEDS_A_RUN, SftConfig

SECONDS = 4 / 60


def _lines(config: SftConfig) -> list[str]:
    said: list[str] = []
    sft.run(config, said.append)
    return said


def test_a_short_run_makes_a_checkpoint_and_a_second_call_has_nothing_left_to_do(small: Path) -> None:
    config = SftConfig(out=small, clips=8, vision_minutes=SECONDS, language_minutes=SECONDS, threads=1, workers=1)
    sft.run(config, lambda line: None)
    assert (small / "checkpoint" / "model.safetensors").exists()
    again = _lines(config)
    assert any(line.startswith("vision: 0 of 0 minutes done") for line in again)
    assert not any(" step " in line for line in again)
    more = SftConfig(
        out=small / "more", clips=8, language_minutes=SECONDS, vision_minutes=0.0, from_weights=small / "checkpoint", until="footage"
    )
    started = sft.starting_model(more)
    kept = torch.load(small / "language.pt", weights_only=True)["model"]
    assert all(torch.allclose(weight, kept[name], atol=2e-3) for name, weight in started.state_dict().items())


def test_a_killed_rendering_goes_on_with_the_same_clips(tmp_path: Path) -> None:
    whole = render_footage(tmp_path / "whole", 8, workers=1)
    imports = "from pathlib import Path; from medvid.train.footage import render_footage"
    code = f"{imports}; render_footage(Path({str(tmp_path / 'cut')!r}), 8, workers=1)"
    process = subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
    deadline = time.monotonic() + 60
    while not list((tmp_path / "cut").glob(".done-*")) and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    done = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "cut").glob(".done-*")}
    assert done
    resumed = render_footage(tmp_path / "cut", 8, workers=1)
    assert all((tmp_path / "cut" / name).stat().st_mtime_ns == before for name, before in done.items())
    for length, labels in whole.arrays.items():
        assert (labels.frames == resumed.arrays[length].frames).all()


def test_every_other_seed_is_varied_and_a_further_run_shows_other_procedures() -> None:
    seeds = {take.seed for rows in plan_takes(300).values() for take in rows}
    assert {seed >= VARIED_SEED for seed in seeds} == {True, False} and max(seeds) < HELD_OUT_SEED
    assert not seeds & {take.seed for rows in plan_takes(300, first_seed=SEEDS_A_RUN).values() for take in rows}


def test_held_out_seeds_are_refused() -> None:
    with pytest.raises(ConfigError, match="held-out"):
        plan_takes(30, first_seed=HELD_OUT_SEED - 5)


@pytest.mark.parametrize(
    ("change", "said"), [({"until": "dessert"}, "the stages are"), ({"from_weights": Path("nowhere")}, "holds no checkpoint")]
)
def test_a_run_that_cannot_start_says_why(tmp_path: Path, change: dict[str, object], said: str) -> None:
    values: dict[str, object] = {"out": tmp_path, "clips": 2, "workers": 1, **change}
    with pytest.raises(ConfigError, match=said):
        sft.run(SftConfig(**values), lambda line: None)  # type: ignore[arg-type]
