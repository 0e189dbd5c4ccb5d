"""What the contract asks of every engine, of vLLM: constraints hold, cancelled requests leave nothing, questions share a clip's work."""

from __future__ import annotations

import asyncio
import multiprocessing
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from medvid.core.case import Case
from medvid.core.errors import ConfigError, EngineError
from medvid.core.settings import EngineOptions
from medvid.engine import open_engine
from medvid.engine.vllm import VllmEngine
from medvid.tools.registry import TOOLS
from tests.engine.asking import request
from tests.vllm.checkpoints import served_checkpoint
from tests.vllm.server import OPTIONS

pytestmark = pytest.mark.anyio
CONSTRAINED: dict[str, dict[str, str]] = {
    "localize_action": {"action": "x"}, "assess_cvs": {}, "assess_skill": {}, "predict_next": {}, "ground_object": {"object": "x"},
}


@pytest.fixture(scope="module")
async def engine(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[VllmEngine]:
    """Random weights: what they write matches no pattern by itself."""
    opened = open_engine(served_checkpoint(tmp_path_factory.mktemp("tiny"), "qwen3_vl"), "vllm", options=OPTIONS)
    assert isinstance(opened, VllmEngine)
    yield opened
    await opened.aclose()


@pytest.mark.parametrize("name", CONSTRAINED)
async def test_constrained_text_matches_its_pattern(engine: VllmEngine, name: str) -> None:
    tool = TOOLS[name]
    args = tool.args_type.model_validate({"video_id": "0" * 16, "span": {"start_s": 0.0, "end_s": 4.0}, **CONSTRAINED[name]})
    pattern = tool.pattern(args, Case(actions=("cut the duct", "clip the duct (twice)")))
    assert pattern is not None
    for seed in range(4):
        asked = replace(request(engine.profile, seed=seed, max_tokens=400), pattern=pattern)
        reply = await engine.generate(asked)
        assert reply.finish == "stop", reply
        assert re.fullmatch(pattern, reply.text), reply.text
    free = await engine.generate(request(engine.profile, seed=0, max_tokens=40))
    assert not re.fullmatch(pattern, free.text)


async def test_two_hundred_requests_half_of_them_cancelled_leave_none_behind(engine: VllmEngine) -> None:
    await engine.warm()
    waiting = [asyncio.create_task(engine.generate(request(engine.profile, seed=i % 20, max_tokens=200))) for i in range(200)]
    await asyncio.sleep(2)
    for task in waiting[::2]:
        task.cancel()
    done = await asyncio.gather(*waiting, return_exceptions=True)
    assert all(isinstance(reply, asyncio.CancelledError) or reply.tokens_out for reply in done[::2])
    assert any(isinstance(reply, asyncio.CancelledError) for reply in done[::2])
    assert all(reply.tokens_out > 0 for reply in done[1::2])
    assert engine._llm.get_num_unfinished_requests() == 0
    assert not engine._running
    again = await asyncio.wait_for(engine.generate(request(engine.profile)), timeout=60)
    assert again.tokens_out > 0


async def test_a_second_question_about_a_clip_reads_its_frames_no_more(engine: VllmEngine) -> None:
    asked = request(engine.profile, frames=12, seed=77)
    first = await engine.generate(asked)
    second = await engine.generate(replace(asked, question="And what then? " * 20))
    # 12 frames are 36 pads and 6 timestamps of some 13 bytes; vLLM keeps whole blocks of tokens.
    assert first.tokens_reused == 0
    assert second.tokens_reused >= 64


async def test_a_prompt_above_the_context_is_refused_with_its_size(engine: VllmEngine) -> None:
    with pytest.raises(EngineError, match="above the context of"):
        await engine.generate(request(engine.profile, max_tokens=5000))


async def test_a_closed_engine_gives_whoever_waits_an_error(tmp_path: Path) -> None:
    opened = open_engine(served_checkpoint(tmp_path / "tiny", "qwen2_5_vl"), "vllm", options=OPTIONS)
    await opened.generate(request(opened.profile))
    waiting = asyncio.create_task(opened.generate(request(opened.profile, max_tokens=1500)))
    await asyncio.sleep(0.3)
    await opened.aclose()
    with pytest.raises(EngineError, match="closed"):
        await waiting
    with pytest.raises(EngineError, match="closed"):
        await opened.generate(request(opened.profile))


async def test_an_engine_whose_processes_died_says_so_and_is_started_anew(tmp_path: Path) -> None:
    opened = open_engine(served_checkpoint(tmp_path / "tiny", "qwen3_vl"), "vllm", options=OPTIONS)
    before = set(multiprocessing.active_children())
    expected = await opened.generate(request(opened.profile))
    waiting = [asyncio.create_task(opened.generate(request(opened.profile, seed=i, max_tokens=1500))) for i in range(4)]
    await asyncio.sleep(0.3)
    for process in set(multiprocessing.active_children()) - before:
        process.kill()
    for failure in await asyncio.gather(*waiting, return_exceptions=True):
        assert isinstance(failure, EngineError), failure
        assert failure.retryable
    assert (await opened.generate(request(opened.profile))).text == expected.text
    await opened.aclose()


async def test_what_vllm_cannot_start_says_so(tmp_path: Path) -> None:
    folder = served_checkpoint(tmp_path / "tiny", "qwen3_vl")
    opened = open_engine(folder, "vllm", options=EngineOptions(quantization="no-such-method"))
    with pytest.raises(ConfigError, match=r"could not start tiny-qwen3_vl: .*no-such-method"):
        await opened.generate(request(opened.profile))
    await opened.aclose()
