"""What is read from a checkpoint's directory without torch."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from medvid.core.errors import ConfigError
from medvid.engine import checkpoint
from medvid.engine.checkpoint import read_checkpoint
from medvid.engine.encode import CLIP_MEAN, EVEN_MEAN

CONFIG = {"model_type": "qwen2_5_vl", "video_token_id": 9, "vision_config": {"patch_size": 14, "tokens_per_second": 2}, "eos_token_id": 5}


def write(folder: Path, **files: object) -> Path:
    for name, content in {"config": CONFIG, **files}.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    (folder / "model.safetensors").write_bytes(b"12345678")
    return folder


def test_a_directory_states_vision_end_tokens_and_size(tmp_path: Path) -> None:
    found = read_checkpoint(write(tmp_path, generation_config={"eos_token_id": [6, 7]}))
    assert (found.vision.patch, found.vision.merge, found.vision.video_token_id, found.vision.tokens_per_second) == (14, 2, 9, 2.0)
    assert (found.end_ids, found.weights_bytes) == ({5, 6, 7}, 8)


def test_mean_and_deviation_come_from_the_newest_processor_file_else_from_the_architecture(tmp_path: Path) -> None:
    assert read_checkpoint(write(tmp_path)).vision.mean == CLIP_MEAN
    write(tmp_path, preprocessor_config={"image_mean": EVEN_MEAN, "image_std": EVEN_MEAN})
    assert read_checkpoint(tmp_path).vision.mean == EVEN_MEAN
    write(tmp_path, processor_config={"video_processor": {"image_mean": [0.1, 0.2, 0.3], "image_std": [1, 1, 1]}})
    assert read_checkpoint(tmp_path).vision.mean == (0.1, 0.2, 0.3)


def test_an_installation_without_embedded_weights_says_the_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "EMBEDDED_FOLDER", tmp_path)
    with pytest.raises(ConfigError, match=r"no embedded model; name a checkpoint directory or hub id with --model"):
        read_checkpoint(None)


@pytest.mark.skipif(not (checkpoint.EMBEDDED_FOLDER / "config.json").is_file(), reason="the weights are not in this checkout")
def test_the_embedded_model_is_fed_as_it_was_trained() -> None:
    profile = read_checkpoint(None).profile
    assert (profile.name, profile.domain, profile.abstains) == ("medvid-embedded", "simulated", True)
    assert profile.cards, "measured figures ship beside the weights"


def test_a_broken_configuration_is_named(tmp_path: Path) -> None:
    (write(tmp_path) / "config.json").write_text("{")
    with pytest.raises(ConfigError, match=r"config\.json cannot be read"):
        read_checkpoint(tmp_path)


def test_a_hub_id_that_cannot_be_fetched_names_both_ways() -> None:
    # The test run is offline (tests/conftest.py), so nothing is asked of any server.
    with pytest.raises(ConfigError, match=r"no-one/nothing is no directory here and cannot be fetched"):
        read_checkpoint("no-one/nothing")
