from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

from medvid.core.errors import ConfigError
from medvid.engine.profiles import frame_budget
from medvid.tools.feeding import fed_size
from tests.benchmarks.programs import program, run

throughput = program("gpu/throughput")
SETTING = {"model": "m"}


def sample(round_: int, way: str, per_clip: int, seconds: float, *, reused: int = 0, busy: float | None = None) -> object:
    """64 questions of 1,000 tokens, answers of 10."""
    return throughput.Sample(round_, way, per_clip, 64, seconds, 64_000, 640, reused, busy)


def test_the_configuration_is_that_of_the_published_7b() -> None:
    # Published: 8,292,166,656 parameters, of which the vision tower has 676,550,144. By hand: embedding and output layer 2 x 152064 x 3584;
    # 28 layers of 233,057,792 (q 3584 x 3584 + 3584, k and v 3584 x 512 + 512 each, o 3584 x 3584, three of 3584 x 18944, two norms of
    # 3584); a last norm.
    from transformers import Qwen2_5_VLForConditionalGeneration

    config = throughput.configuration(throughput.REAL)
    with torch.device("meta"):
        model = Qwen2_5_VLForConditionalGeneration(config)
    assert sum(parameter.numel() for parameter in model.model.visual.parameters()) == 676_550_144
    text = 2 * 152_064 * 3584 + 28 * 233_057_792 + 3584
    assert sum(parameter.numel() for parameter in model.parameters()) == text + 676_550_144 == 8_292_166_656
    assert config.text_config.rope_parameters["mrope_section"] == [16, 24, 24]
    assert config.text_config.rope_parameters["rope_theta"] == 1e6
    assert (config.vision_config.window_size, config.vision_config.tokens_per_second) == (112, 2)
    assert list(config.vision_config.fullatt_block_indexes) == [7, 15, 23, 31]


def test_the_tokenizer_has_a_token_a_byte_and_the_published_ids() -> None:
    tokenizer = throughput.tokenizer()
    assert len(tokenizer.encode("clip the duct", add_special_tokens=False)) == 13
    named = {"endoftext": 151_643, "im_start": 151_644, "im_end": 151_645, "vision_start": 151_652, "vision_end": 151_653}
    for name, number in {**named, "image_pad": 151_655, "video_pad": 151_656, "file_sep": 151_664}.items():
        assert tokenizer.convert_tokens_to_ids(f"<|{name}|>") == number
    assert len(tokenizer) == 151_665
    assert len(tokenizer.encode(throughput.question_text(throughput.REAL, 7), add_special_tokens=False)) == 128


def test_a_written_checkpoint_is_read_as_its_profile_says_and_never_ends_an_answer(tmp_path: Path) -> None:
    from safetensors.torch import load_file

    throughput.write_checkpoint(tmp_path, throughput.TINY)
    checkpoint = throughput.read_checkpoint(tmp_path)
    assert checkpoint.profile.name == "random-tiny"
    assert checkpoint.end_ids == {151_645, 151_643}
    assert fed_size(throughput.TINY.source_size, checkpoint.profile) == (112, 84)
    head = load_file(tmp_path / "model.safetensors")["lm_head.weight"]
    assert head.dtype == torch.bfloat16
    assert not head[151_643:].any()
    assert head[:151_643].any(dim=1).all()


def test_frames_of_the_real_work_are_fed_as_the_family_is() -> None:
    # 48 * 28 * 28 pixels at most: 640x480 becomes 224x168, which is 8 x 6 = 48 tokens for a pair of frames.
    profile = throughput.MEDVLM_1_0A_RL
    assert fed_size(throughput.REAL.source_size, profile) == (224, 168)
    assert profile.frame_budget == frame_budget(48 * 28 * 28, 28, 32_768, timestamps=False) >= throughput.REAL.frames


def test_a_round_has_its_own_clips_and_both_ways_get_the_same() -> None:
    one, again, next_ = (throughput.source_frames(throughput.TINY, round_, 8) for round_ in (1, 1, 2))
    assert len(one) == 1  # 8 questions, 8 a clip
    assert (one[0].rgb == again[0].rgb).all()
    assert (one[0].rgb != next_[0].rgb).any()


def test_the_summary_gives_medians_ratios_by_round_and_hours() -> None:
    samples = [
        sample(1, "medvid", 8, 4.0, reused=48_000, busy=0.9), sample(1, "published", 8, 16.0, busy=0.5),
        sample(2, "medvid", 8, 8.0, reused=48_000, busy=0.8), sample(2, "published", 8, 16.0, busy=0.4),
        sample(3, "medvid", 8, 2.0, reused=48_000, busy=0.7),
    ]
    report = throughput.summary(samples)
    ours, theirs = report["cells"]
    assert ours["questions_per_s"] == {"median": 16.0, "least": 8.0, "most": 32.0}  # 64 / 4, 64 / 8, 64 / 2
    assert ours["answer_tokens_per_s"]["median"] == 160.0
    assert ours["prompt_tokens_reused"]["median"] == 0.75
    assert ours["gpu_busy"] == {"median": 0.8, "least": 0.7, "most": 0.9}
    assert theirs["hours_for_test_set"] == pytest.approx(6245 / 4 / 3600, abs=1e-4)
    # Rounds 1 and 2 have both: 16 / 4 and 16 / 8.
    assert report["ratios"] == [
        {"questions_per_clip": 8, "rounds": 2, "medvid_over_published": {"median": 3.0, "least": 2.0, "most": 4.0}}
    ]
    row = "| 8 | medvid | 16.00 (8.00-32.00) | 160 (80-320) | 16,000 (8,000-32,000) | 75% | 80% (70-90) | 0.11 |"
    assert row in throughput.table(report)


def test_a_share_that_was_not_measured_is_said_to_be_so() -> None:
    assert "| 0% | not measured | 0.11 |" in throughput.table(throughput.summary([sample(1, "published", 1, 4.0)]))


def test_an_answer_of_another_length_is_an_error() -> None:
    with pytest.raises(throughput.EngineError, match="an answer has 3 tokens where all have 4"):
        throughput.Count().plus(10, 3, 0, throughput.TINY)


def test_a_folder_goes_on_with_its_measurements_and_takes_no_others(tmp_path: Path) -> None:
    kept = throughput.Kept.opened(tmp_path / "new", SETTING)
    assert kept.next_round == 1
    kept.add(sample(1, "medvid", 1, 4.0))
    again = throughput.Kept.opened(tmp_path / "new", SETTING)
    assert again.samples == kept.samples
    assert again.next_round == 2
    assert (again.usual_s("medvid", 1), again.usual_s("published", 1)) == (4.0, 0.0)
    with pytest.raises(ConfigError, match="name another folder with --out"):
        throughput.Kept.opened(tmp_path / "new", {"model": "another"})


@pytest.mark.skipif(find_spec("vllm") is not None, reason="vLLM is here")
def test_without_vllm_it_says_what_is_missing(tmp_path: Path) -> None:
    done = run("gpu/throughput", "--out", str(tmp_path / "out"))
    assert done.returncode == 2
    assert "vLLM is not installed here" in done.stderr
    assert not (tmp_path / "out").exists()
