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


# Qwen3.5 on vLLM's CPU build: `AssertionError: CPU GDN attention requires BF16.`, so there is no float32 to compare; ours stays float32.
@pytest.mark.parametrize(
    ("architecture", "outer", "dtype", "most"),
    [
        ("qwen2_5_vl", False, "float32", 1e-3), ("qwen3_vl", False, "float32", 1e-3), ("qwen3_vl", True, "float32", 1e-3),
        ("qwen3_5", False, "bfloat16", 0.1),
    ],
)
async def test_local_and_vllm_agree(
    architecture: Any, outer: bool, dtype: str, most: float, open_vllm: Callable[..., Any], tmp_path: Path
) -> None:
    folder = served_checkpoint(tmp_path / "tiny", architecture, outer=outer)
    vllm, local = open_vllm(folder, dtype=dtype), open_engine(folder, device="cpu")
    worst = 0.0
    for frames, fps in CLIPS:
        asked = request(vllm.profile, frames=frames, fps=fps, max_tokens=8, seed=frames)
        ours, theirs = await local.generate(asked), await vllm.generate(asked)  # vLLM's prompt, token by token, is checked by its engine
        assert theirs.tokens_in == ours.tokens_in
        if dtype == "float32":
            assert (theirs.text, theirs.tokens_out, theirs.finish) == (ours.text, ours.tokens_out, ours.finish)
        pairs = zip(ours.logprobs, theirs.logprobs, strict=dtype == "float32")
        worst = max(worst, *(abs(a - b) for a, b in list(pairs)[: None if dtype == "float32" else 1]))
    print(f"{architecture}{' with the outer pair' if outer else ''}, {dtype}: {worst:.1e} apart at most over {len(CLIPS)} clips")
    assert worst < most
    await vllm.aclose()
    await local.aclose()
