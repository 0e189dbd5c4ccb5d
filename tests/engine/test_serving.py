"""What vLLM is told of a checkpoint and of a clip's frames, and whether a model fits a GPU: sums by hand."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest

from medvid.core.errors import ConfigError
from medvid.core.settings import EngineOptions
from medvid.engine import open_engine
from medvid.engine.checkpoint import Checkpoint, read_checkpoint
from medvid.engine.profiles import EMBEDDED, MEDVLM_1_0A_RL
from medvid.engine.prompt import video_metadata
from medvid.engine.serving import BARE_TEMPLATE, check_memory, serve_command, shell_line
from tests.engine.asking import request

GIB = 2**30
QWEN_7B = {"num_hidden_layers": 28, "num_attention_heads": 28, "num_key_value_heads": 4, "hidden_size": 3584}
"""Of Qwen2.5-VL-7B: 2 x 2 bytes x 28 layers x 4 heads x 128 = 57,344 bytes a token, 1.75 GiB for 32,768."""
KINDS = ["linear_attention"] * 3 + ["full_attention"]
HYBRID = {"num_attention_heads": 16, "num_key_value_heads": 4, "head_dim": 256, "layer_types": KINDS}


def seven_b(weights_gib: float = 15.5) -> Checkpoint:
    return replace(read_checkpoint(None), profile=MEDVLM_1_0A_RL, weights_bytes=int(weights_gib * GIB))


def test_a_7b_fits_a_gpu_of_24_gib_and_not_one_of_16() -> None:
    # 15.5 + 2 + 1.75 = 19.25 GiB, below 0.9 x 24 = 21.6.
    check_memory(seven_b(), QWEN_7B, EngineOptions(), 23 * GIB, 24 * GIB)
    with pytest.raises(ConfigError, match=r"weights of 15\.5 GiB, 2\.0 GiB to work in and 1\.8 GiB for 32,768 tokens") as raised:
        check_memory(seven_b(), QWEN_7B, EngineOptions(), 15 * GIB, 16 * GIB)
    assert "MEDVID_QUANTIZATION=fp8 makes the weights about 7.8 GiB" in str(raised.value)
    assert "MEDVID_TENSOR_PARALLEL=2" in str(raised.value)
    assert "MEDVID_MAX_CONTEXT" not in str(raised.value)


def test_a_context_that_fits_is_named() -> None:
    # 0.9 x 20 = 18 GiB leave 0.5 for the context: 0.5 GiB / 57,344 = 9,362 tokens, in whole thousands 9,216.
    with pytest.raises(ConfigError, match="MEDVID_MAX_CONTEXT=9216 fits"):
        check_memory(seven_b(), QWEN_7B, EngineOptions(), 20 * GIB, 20 * GIB)


def test_two_gpus_share_the_weights() -> None:
    check_memory(seven_b(), QWEN_7B, EngineOptions(tensor_parallel=2), 15 * GIB, 16 * GIB)


def test_of_a_hybrid_model_only_full_attention_keeps_keys_and_values() -> None:
    # 4 bytes x 1 layer x 4 heads x 256 = 4,096 a token: 128 MiB for 32,768, beside 2 GiB of 2.2.
    check_memory(seven_b(0), {"text_config": HYBRID}, EngineOptions(memory_share=1.0), int(2.2 * GIB), 3 * GIB)


@pytest.mark.anyio
async def test_where_vllm_is_not_installed_the_engine_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vllm", None)
    engine = open_engine(None, "vllm")
    for _ in range(2):
        with pytest.raises(ConfigError, match=r"pip install 'medvid\[vllm\]'"):
            await engine.generate(request(EMBEDDED))
    await engine.aclose()


def test_the_serve_line_keeps_times_frames_and_sampling_as_they_are() -> None:
    command = serve_command("UII-AI/uAI-NEXUS-MedVLM-1.0a-7B-RL", EngineOptions(quantization="fp8"), host="127.0.0.1", port=8001)
    line = " ".join(command)
    assert command[:3] == ["vllm", "serve", "UII-AI/uAI-NEXUS-MedVLM-1.0a-7B-RL"]
    for part in (
        "--port 8001", "--max-model-len 32768", "--generation-config vllm", "--enable-prefix-caching", "--trust-request-mm-kwargs",
        '--mm-processor-kwargs {"do_resize": false}', '--media-io-kwargs {"video": {"num_frames": -1}}', "--quantization fp8",
    ):
        assert part in line
    assert "--chat-template" not in line
    assert shell_line(command).count("\\\n") == sum(part.startswith("--") for part in command)


def test_a_shorter_context_is_that_of_the_server_and_of_whoever_asks_it() -> None:
    options = EngineOptions(max_context=1024, endpoint="http://127.0.0.1:9/v1")
    command = serve_command(None, options, host="127.0.0.1", port=8000)
    assert command[command.index("--max-model-len") + 1] == "1024"
    assert [open_engine(None, kind, options=options).profile.max_context for kind in ("local", "vllm", "remote")] == [1024] * 3
    assert EMBEDDED.within(1_000_000).max_context == EMBEDDED.max_context


def test_a_checkpoint_trained_without_the_outer_pair_is_served_with_a_template_that_leaves_it_out() -> None:
    command = serve_command(None, EngineOptions(), host="127.0.0.1", port=8000)
    assert command[command.index("--chat-template") + 1] == str(BARE_TEMPLATE)
    assert command[command.index("--served-model-name") + 1] == "medvid-embedded"
    assert command[command.index("--dtype") + 1] == "float32"


@pytest.mark.parametrize("fps", [0.1, 0.5, 1.0, 2.0])
def test_one_rate_models_are_told_the_rate(fps: float) -> None:
    told = video_metadata(request(MEDVLM_1_0A_RL, frames=5, fps=fps))
    assert (told["fps"], told["frames_indices"], told["total_num_frames"]) == (fps, [0, 1, 2, 3, 4], 5)
    assert told["duration"] == pytest.approx(5 / fps)


def test_uneven_frames_keep_their_own_times() -> None:
    asked = request(EMBEDDED, frames=4)
    frames = replace(asked.frames, times_s=np.array([10.0, 10.4, 13.1, 13.2]))
    told = video_metadata(replace(asked, frames=frames))
    # Means of the pairs, from the first frame: 0.2 and 3.15 s.
    assert [index / told["fps"] for index in told["frames_indices"]] == [0.2, 0.2, 3.15, 3.15]


def test_without_a_told_rate_two_frames_a_second_are_assumed() -> None:
    told = video_metadata(request(EMBEDDED, frames=4, fps=0.5, told=False))
    assert [index / told["fps"] for index in told["frames_indices"]] == [0.25, 0.25, 1.25, 1.25]
