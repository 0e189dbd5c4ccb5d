"""What every engine does: the scripted one, and the local one on a tiny checkpoint of each architecture."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from medvid.core.errors import EngineError
from medvid.engine import Engine, ScriptedEngine, open_engine
from medvid.engine.profiles import EMBEDDED
from tests.engine.asking import request
from tests.engine.tiny import tiny_checkpoint

pytestmark = pytest.mark.anyio
KINDS = ("scripted", "qwen2_5_vl", "qwen3_vl", "qwen3_5")


@pytest.fixture(scope="session")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {name: tiny_checkpoint(tmp_path_factory.mktemp(name), name) for name in KINDS[1:]}


@pytest.fixture(params=KINDS)
async def engine(request: pytest.FixtureRequest, checkpoints: dict[str, Path]) -> AsyncIterator[Engine]:
    if request.param == "scripted":
        opened: Engine = ScriptedEngine(EMBEDDED, lambda asked: f"{asked.question} is a question of more than six words", token_s=0.001)
    else:
        opened = open_engine(checkpoints[request.param], device="cpu")
    yield opened
    await opened.aclose()


async def test_the_same_request_gives_the_same_answer(engine: Engine) -> None:
    first = await engine.generate(request(engine.profile))
    again = await engine.generate(request(engine.profile))
    assert (first.text, first.logprobs, first.finish) == (again.text, again.logprobs, again.finish)


async def test_an_answer_is_cut_at_max_tokens_and_says_so(engine: Engine) -> None:
    reply = await engine.generate(request(engine.profile, max_tokens=3))
    assert (reply.finish, reply.tokens_out) == ("length", 3)
    longer = await engine.generate(request(engine.profile, max_tokens=6))
    assert longer.tokens_out > 3


async def test_a_log_probability_stands_for_each_token(engine: Engine) -> None:
    reply = await engine.generate(request(engine.profile, max_tokens=5))
    assert reply.tokens_in > 0 and reply.tokens_out > 0
    if reply.logprobs is not None:
        assert len(reply.logprobs) == reply.tokens_out
        assert all(logprob <= 0 for logprob in reply.logprobs)


async def test_requests_in_flight_do_not_mix_and_do_not_block_the_loop(engine: Engine) -> None:
    questions = [f"Question number {i}, is it?" for i in range(4)]
    alone = [(await engine.generate(request(engine.profile, question=question))).text for question in questions]
    turns = 0

    async def count_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0.001)

    counter = asyncio.create_task(count_turns())
    together = await asyncio.gather(*(engine.generate(request(engine.profile, question=question)) for question in questions))
    counter.cancel()
    assert [reply.text for reply in together] == alone
    assert turns >= 3


async def test_a_cancelled_request_stops_and_leaves_the_engine_usable(engine: Engine) -> None:
    await engine.generate(request(engine.profile))
    waiting = asyncio.create_task(engine.generate(request(engine.profile, max_tokens=2000, question="go on " * 300)))
    await asyncio.sleep(0.02)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    reply = await asyncio.wait_for(engine.generate(request(engine.profile, max_tokens=2)), timeout=5)
    assert reply.tokens_out > 0


async def test_a_closed_engine_refuses(engine: Engine) -> None:
    await engine.aclose()
    with pytest.raises(EngineError, match="closed"):
        await engine.generate(request(engine.profile))
