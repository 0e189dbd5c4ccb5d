"""What each checkpoint gets, by its name, its configuration and its profile.json."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from medvid.core.errors import ConfigError
from medvid.engine.profiles import EMBEDDED, KNOWN, MEDVLM_1_0A_RL, frame_budget, profile_for

QWEN25 = {"model_type": "qwen2_5_vl", "vision_config": {"patch_size": 14, "spatial_merge_size": 2}, "max_position_embeddings": 128_000}
QWEN3 = {"model_type": "qwen3_vl", "vision_config": {"patch_size": 16}, "text_config": {"max_position_embeddings": 262_144}}
QWEN35 = {"model_type": "qwen3_5", "vision_config": {"patch_size": 16}, "text_config": {"max_position_embeddings": 262_144}}
SMALL = {"model_type": "qwen3_vl", "vision_config": {"patch_size": 14}, "text_config": {"max_position_embeddings": 1024}}


@pytest.mark.parametrize("checkpoint", ["UII-AI/uAI-NEXUS-MedVLM-1.0a-7B-RL", "/models/uai-nexus-medvlm-1.0a-7b-rl"])
def test_the_published_7b_is_fed_as_in_its_training(checkpoint: str) -> None:
    profile = profile_for(checkpoint, QWEN25)
    assert (profile.min_pixels, profile.max_pixels, profile.factor) == (8 * 784, 48 * 784, 28)
    assert profile.rates == (2.0, 1.0, 0.5, 0.1) and profile.default_fps == 1.0
    assert (profile.box_frame, profile.timestamps, profile.abstains, profile.domain) == ("source", False, False, "clinical")
    assert profile.frame_budget == 256


@pytest.mark.parametrize(
    ("checkpoint", "config", "box_frame", "timestamps"),
    [
        ("Qwen/Qwen2.5-VL-7B-Instruct", QWEN25, "fed", False),
        ("Qwen/Qwen3-VL-4B-Instruct", QWEN3, "per_mille", True),
        ("Qwen/Qwen3.5-4B", QWEN35, "per_mille", True),
        ("Qwen/Qwen3.5-0.8B", QWEN35, "per_mille", True),
    ],
)
def test_untuned_bases_keep_their_own_frame_of_boxes(
    checkpoint: str, config: dict[str, object], box_frame: str, timestamps: bool, caplog: pytest.LogCaptureFixture
) -> None:
    profile = profile_for(checkpoint, config)
    assert (profile.box_frame, profile.timestamps, profile.domain, profile.heeds_system) == (box_frame, timestamps, None, True)
    assert not caplog.records


def test_the_third_of_the_family_reads_timestamps_and_is_told_not_to_think(tmp_path: Path) -> None:
    profile = profile_for("uAI-NEXUS-MedVLM-1.0c-4B-SFT", QWEN35)
    assert (profile.architecture, profile.factor, profile.timestamps, profile.outer_vision_tokens) == ("qwen3_5", 32, True, False)
    assert (profile.answer_start, profile.box_frame, profile.system) == ("<think>\n\n</think>\n\n", "source", None)
    assert profile_for("Qwen3-VL-4B", QWEN3).answer_start == ""
    (tmp_path / "profile.json").write_text('{"answer_start": ""}')  # tuned without the block
    assert profile_for(tmp_path, QWEN35).answer_start == ""


def test_an_unknown_checkpoint_gets_its_architectures_profile_and_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        profile = profile_for("/models/mine", QWEN3)
    assert (profile.name, profile.architecture, profile.factor, profile.box_frame) == ("mine", "qwen3_vl", 32, "per_mille")
    assert "mine is not known: it is fed as an untuned qwen3_vl" in caplog.text


def test_a_known_name_on_other_weights_counts_as_unknown(caplog: pytest.LogCaptureFixture) -> None:
    assert profile_for("uAI-NEXUS-MedVLM-1.0a-7B-RL", QWEN3).box_frame == "per_mille"
    assert "not known" in caplog.text


@pytest.mark.parametrize(
    ("max_pixels", "factor", "context", "timestamps", "frames"),
    [
        # 48 tokens a pair, 32,768 - 4,096 free: 597 pairs, held at 256 frames.
        (48 * 784, 28, 32_768, False, 256),
        # 256 + 12 tokens a pair, 28,672 free: 106 pairs.
        (256 * 1024, 32, 32_768, True, 212),
        # 256 + 12 tokens a pair, 1,024 - 256 free: 2 pairs.
        (256 * 784, 28, 1_024, True, 4),
        (256 * 784, 28, 128, True, 2),
    ],
)
def test_the_frame_budget_is_what_fits_beside_question_and_answer(
    max_pixels: int, factor: int, context: int, timestamps: bool, frames: int
) -> None:
    assert frame_budget(max_pixels, factor, context, timestamps=timestamps) == frames


def test_cards_carry_the_published_figures_and_say_what_is_not_published() -> None:
    assert MEDVLM_1_0A_RL.cards["stg"].text == "STG mIoU 0.202 on 780 tests (published feeding; baseline not published)"
    assert MEDVLM_1_0A_RL.cards["tal"].figure == 0.156
    assert len(MEDVLM_1_0A_RL.cards) == 11
    assert not EMBEDDED.cards, "its cards come from the profile.json beside its weights"


def test_every_profile_is_consistent() -> None:
    for profile in (EMBEDDED, *(profile for _, profile in KNOWN)):
        assert profile.default_fps in profile.rates and list(profile.rates) == sorted(profile.rates, reverse=True)
        assert profile.min_pixels < profile.max_pixels and profile.frame_budget % 2 == 0
        assert profile.timestamps == (profile.architecture != "qwen2_5_vl")
        assert all(card.qa_type == qa_type for qa_type, card in profile.cards.items())


def test_the_embedded_models_file_names_its_base_and_brings_its_cards(tmp_path: Path) -> None:
    card = {"qa_type": "tal", "metric": "R@0.5", "figure": 0.9, "baseline": 0.3, "baseline_name": "blind", "tests": 200}
    (tmp_path / "profile.json").write_text(json.dumps({"base": "embedded", "cards": {"tal": card}}))
    profile = profile_for(tmp_path, SMALL)
    assert (profile.name, profile.domain, profile.abstains) == ("medvid-embedded", "simulated", True)
    assert (profile.max_pixels, profile.max_context) == (9408, 1024)
    assert profile.cards["tal"].text == "R@0.5 0.900 on 200 tests (faithful feeding; blind 0.300)"


def test_a_profile_file_goes_over_a_field_and_silences_the_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "profile.json").write_text('{"name": "ours", "box_frame": "source", "rates": [4, 1], "abstains": true}')
    profile = profile_for(tmp_path, QWEN25)
    assert (profile.name, profile.box_frame, profile.rates, profile.abstains, profile.factor) == ("ours", "source", (4.0, 1.0), True, 28)
    assert not caplog.records


@pytest.mark.parametrize(
    "text",
    [
        '{"boxes": "source"}', '{"box_frame": "metres"}', '{"architecture": "qwen3_vl"}', '{"base": "mine"}', '{"rates": []}',
        '{"cards": []}', '{"max_pixels": 0}', '["source"]', "nothing",
    ],
)  # fmt: skip
def test_a_profile_file_that_cannot_be_used_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "profile.json").write_text(text)
    with pytest.raises(ConfigError, match=r"profile\.json cannot be used"):
        profile_for(tmp_path, QWEN25)


def test_the_embedded_profile_on_other_weights_is_refused(tmp_path: Path) -> None:
    (tmp_path / "profile.json").write_text('{"base": "embedded"}')
    with pytest.raises(ConfigError, match="is for qwen3_vl with sides in multiples of 28 px, the weights are qwen2_5_vl"):
        profile_for(tmp_path, QWEN25)
