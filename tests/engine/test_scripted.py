"""ScriptedEngine keeps what it was asked and answers what it is given."""

import pytest

from medvid.core.errors import EngineError
from medvid.engine import Reply, Request, ScriptedEngine
from medvid.engine.profiles import EMBEDDED
from tests.engine.asking import request

pytestmark = pytest.mark.anyio


async def test_it_answers_by_a_function_and_keeps_every_request() -> None:
    engine = ScriptedEngine(EMBEDDED, lambda asked: asked.question.upper())
    asked = request(EMBEDDED, question="when?")
    assert (await engine.generate(asked)).text == "WHEN?"
    assert engine.requests == [asked]


async def test_a_text_is_cut_at_a_word_and_keeps_its_white_space() -> None:
    engine = ScriptedEngine(EMBEDDED, "1.0-2.0,\n 3.0-4.0 seconds.")
    reply = await engine.generate(request(EMBEDDED, max_tokens=2))
    assert (reply.text, reply.finish) == ("1.0-2.0,\n 3.0-4.0", "length")
    assert (await engine.generate(request(EMBEDDED, max_tokens=3))).finish == "stop"


async def test_a_whole_reply_passes_through() -> None:
    engine = ScriptedEngine(EMBEDDED, Reply("2", finish="length", logprobs=(-0.5,)))
    reply = await engine.generate(request(EMBEDDED))
    assert (reply.finish, reply.logprobs) == ("length", (-0.5,))


async def test_a_script_may_fail_as_an_engine_does() -> None:
    def fail(_: Request) -> str:
        raise EngineError("no memory", retryable=True)

    with pytest.raises(EngineError, match="no memory"):
        await ScriptedEngine(EMBEDDED, fail).generate(request(EMBEDDED))
