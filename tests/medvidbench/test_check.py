"""The examination in process: what makes a check fail, and what a report keeps to itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from medvid.app import demo_clip
from medvid.core.errors import ConfigError, EngineError, MedVidError, VideoError
from medvid.core.settings import Settings
from medvid.engine import Reply
from medvid.engine.base import Architecture
from medvid.engine.checkpoint import read_checkpoint
from medvid.engine.positions import rope_positions
from medvid.engine.proof import differing, fixed_requests
from medvid.engine.scripted import ScriptedEngine
from medvid.medvidbench.asking import How
from medvid.medvidbench.check import Report, compare, examine, facts_of
from tests.engine.tiny import tiny_checkpoint


def silent() -> Report:
    return Report(lambda line: None)


def positions_of_transformers_5(input_ids: Any, grids: Any, **told: Any) -> Any:
    """Text behind the video goes on at max(height, width) past its start, over the video's own positions."""
    right = rope_positions(input_ids, grids, **told)
    is_video = np.asarray(input_ids) == told["video_token_id"]
    first, behind = int(is_video.argmax()), int(np.flatnonzero(is_video)[-1]) + 1
    after = right[0, first] + max(grids[0][1:]) // 2
    return np.concatenate([right[:, :behind], np.broadcast_to(after + np.arange(len(input_ids) - behind), (3, len(input_ids) - behind))], 1)


@pytest.mark.anyio
@pytest.mark.parametrize(("wrong", "named"), [(positions_of_transformers_5, "12 frames at 1 fps"), (None, "")])
async def test_the_positions_that_transformers_5_would_make_fail_the_check(
    wrong: Any, named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if wrong is not None:
        monkeypatch.setattr("medvid.engine.encode.rope_positions", wrong)
    model = tiny_checkpoint(tmp_path / "tiny", "qwen2_5_vl")
    report = silent()

    def silent_model(settings: Settings) -> Any:
        return ScriptedEngine(read_checkpoint(model).profile, lambda request: "nothing")

    await examine(report, Settings(model=str(model)), ["local"], silent_model, demo_clip(), [], How(root=tmp_path))
    (positions,) = [check for check in report.checks if check["check"] == "positions"]
    assert positions["state"] == ("failed" if wrong else "ok")
    assert named in positions["reason"] and positions["figures"] == {"clips": 4}


@pytest.mark.parametrize("architecture", ["qwen3_vl", "qwen3_5"])
def test_a_position_too_many_is_found(architecture: Architecture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint = read_checkpoint(tiny_checkpoint(tmp_path / "tiny", architecture))
    requests = fixed_requests(checkpoint.profile)
    assert differing(checkpoint, requests)["positions"] == []
    monkeypatch.setattr("medvid.engine.encode.rope_positions", lambda *given, **told: rope_positions(*given, **told) + [[0], [1], [0]])
    assert len(differing(checkpoint, requests)["positions"]) == len(requests) == 5


class StockProcessor:
    """Writes what a processor of Transformers would: the chat with the pad replaced by the blocks of the frames."""

    chat_template = (
        "<|im_start|>user\n<|vision_start|><|video_pad|><|vision_end|>{{ messages[0]['content'][1]['text'] }}<|im_end|>\n"
        "<|im_start|>assistant{{ '\n' }}"
    )

    def __init__(self, tokenizer: Any, late_s: float = 0.0) -> None:
        self.tokenizer, self.late_s = tokenizer, late_s

    def __call__(self, text: list[str], videos: Any, video_metadata: list[dict[str, Any]], **told: Any) -> dict[str, Any]:
        assert told == {"do_resize": False, "do_sample_frames": False}
        (metadata,) = video_metadata
        seconds = [index / metadata["fps"] for index in metadata["frames_indices"]]
        seconds += seconds[-1:] * (len(seconds) % 2)
        pairs = [(a + b) / 2 + self.late_s for a, b in zip(seconds[::2], seconds[1::2], strict=True)]
        block = "<|vision_start|>" + "<|video_pad|>" * 12 + "<|vision_end|>"  # 3x4 merged patches
        blocks = "".join(f"<{second:.1f} seconds>{block}" for second in pairs)
        return {"input_ids": [self.tokenizer(text[0].replace("<|video_pad|>", blocks)).input_ids]}


@pytest.mark.parametrize(("late_s", "differ"), [(0.0, 0), (0.1, 5)])
def test_times_other_than_the_stock_processors_are_found(
    late_s: float, differ: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers import AutoProcessor, AutoTokenizer

    checkpoint = read_checkpoint(tiny_checkpoint(tmp_path / "tiny", "qwen3_vl"))
    stock = StockProcessor(AutoTokenizer.from_pretrained(checkpoint.folder), late_s)
    monkeypatch.setattr(AutoProcessor, "from_pretrained", lambda folder: stock)
    found = differing(checkpoint, fixed_requests(checkpoint.profile))
    assert len(found["prompt"]) == differ and found["positions"] == []


@pytest.mark.parametrize(
    ("folder", "profile"),
    [("uAI-NEXUS-MedVLM-1.0a-7B-RL", "uAI-NEXUS-MedVLM-1.0a-7B-RL"), ("ours, for Mrs Smith", "none of its own: an untuned qwen2_5_vl")],
)
def test_the_profile_is_named_and_the_folder_is_not(folder: str, profile: str, tmp_path: Path) -> None:
    model = tiny_checkpoint(tmp_path / folder, "qwen2_5_vl")
    facts = facts_of(Settings(model=str(model), device="cpu"), read_checkpoint(model))
    assert facts["profile"] == profile
    other = facts_of(Settings(device="cpu"), read_checkpoint(tiny_checkpoint(tmp_path / "other", "qwen2_5_vl", seed=1)))
    assert (facts["config.json"] == other["config.json"], facts["weights"] == other["weights"]) == (True, False)


def replies(*logprobs: float, text: str = "1.0") -> list[Reply]:
    return [Reply(text, logprobs=logprobs)]


@pytest.mark.parametrize(
    ("vllm", "kind", "state", "largest"),
    [
        (replies(-0.1005, -0.2), "float32", "ok", 0.0005),
        (replies(-0.1, -0.203), "float32", "failed", 0.003),
        (replies(-0.1, -0.203), "bfloat16", "ok", 0.003),
        (replies(-0.1, -0.9), "bfloat16", "failed", 0.7),
        (replies(-0.1, -0.2, text="2.0"), "float32", "failed", None),
        (replies(-0.1, -0.2, text="2.0"), "bfloat16", "failed", None),
    ],
)
def test_parity_allows_what_the_weights_type_allows(vllm: list[Reply], kind: str, state: str, largest: float | None) -> None:
    report = silent()
    compare(report, replies(-0.1, -0.2), vllm, kind)
    (check,) = report.checks
    assert check["state"] == state
    assert check["figures"]["largest difference"] == (pytest.approx(largest) if largest is not None else None)


SECRET = "Mrs Smith, born 1961"


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (EngineError(f"medvlm refuses to answer ({SECRET}); ask another", refused=True), "engine error: the model refuses to answer"),
        (EngineError(f"vLLM refused the request: {SECRET}", refused=True), "engine error: vLLM refused the request"),
        (ConfigError(f"the checkpoint /home/{SECRET} cannot be loaded"), "config error: the checkpoint"),
        (ConfigError(f"the checkpoint C:\\Users\\{SECRET} cannot be loaded"), "config error: the checkpoint"),
        (ConfigError("vLLM finds no GPU here; use --engine local"), "config error: vLLM finds no GPU here; use --engine local"),
        (VideoError(f"{SECRET}.mp4 is empty"), "video error:"),
        (EngineError(f"nothing in '{SECRET}' can be read"), "engine error: nothing in"),
    ],
)
def test_a_reason_ends_where_an_error_quotes_something(error: MedVidError, reason: str) -> None:
    heard: list[str] = []
    report = Report(heard.append)
    report.model = "medvlm"
    with report.part("anything", "local"):
        raise error
    assert report.checks[0]["reason"].strip() == reason
    assert SECRET not in report.markdown and str(error) in heard, "the whole of it is told on the terminal"
