"""The same weights, frames and question give the same log-probabilities in `local` and in vLLM, to three decimals in float32."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from medvid.engine import open_engine
from tests.engine.asking import request
from tests.vllm.checkpoints import served_checkpoint

pytestmark = pytest.mark.anyio
CLIPS = [(frames, fps) for frames in (1, 5, 12) for fps in (0.5, 1.0, 2.0)]


@pytest.mark.parametrize(("architecture", "outer"), [("qwen2_5_vl", False), ("qwen3_vl", False), ("qwen3_vl", True)])
async def test_local_and_vllm_agree(architecture: Any, outer: bool, open_vllm: Callable[[Path | None], Any], tmp_path: Path) -> None:
    folder = served_checkpoint(tmp_path / "tiny", architecture, outer=outer)
    vllm, local = open_vllm(folder), open_engine(folder, device="cpu")
    worst = 0.0
    for frames, fps in CLIPS:
        asked = request(vllm.profile, frames=frames, fps=fps, max_tokens=8, seed=frames)
        ours, theirs = await local.generate(asked), await vllm.generate(asked)
        assert (theirs.text, theirs.finish) == (ours.text, ours.finish)
        assert (theirs.tokens_in, theirs.tokens_out) == (ours.tokens_in, ours.tokens_out)
        worst = max(worst, *(abs(a - b) for a, b in zip(ours.logprobs, theirs.logprobs, strict=True)))
    print(f"{architecture}{' with the outer pair' if outer else ''}: largest difference over {len(CLIPS)} clips {worst:.1e}")
    assert worst < 1e-3
    await vllm.aclose()
    await local.aclose()
