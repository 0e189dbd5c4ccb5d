"""The tools end to end over vLLM in process and behind a server; and a server that is killed in the middle of an answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from medvid.app import demo_clip
from medvid.core.access import Access
from medvid.core.errors import EngineError
from medvid.engine import open_engine
from medvid.tools.registry import TOOLS
from medvid.tools.toolbox import Toolbox
from medvid.video import Library, probe
from tests.engine.asking import request
from tests.mcp_server.scripted import OWN_ARGS
from tests.vllm.checkpoints import served_checkpoint
from tests.vllm.server import Server

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("kind", ["vllm", "remote"])
async def test_every_tool_answers_as_over_local(
    kind: str, open_vllm: Callable[[Path | None], Any], served: Callable[[Path | None], Server]
) -> None:
    local = open_engine(None, device="cpu")
    other = open_vllm(None) if kind == "vllm" else served(None).engine()
    clip = demo_clip()
    library = Library((), [clip])
    span = {"start_s": 16.0, "end_s": 32.0}
    for name in TOOLS:
        args = {"video_id": probe(clip).video_id, **OWN_ARGS.get(name, {}), "span": span}
        if name == "caption_region":
            args["time_s"] = 17.0
        ours, theirs = [await Toolbox(engine, library).run(name, args, access=Access()) for engine in (local, other)]
        assert theirs.status == ours.status, name
        if kind == "vllm":  # behind the server frames are JPEG
            assert theirs.result == ours.result, name
        assert [raw.mean_logprob is not None for raw in theirs.evidence.raw] == [True] * len(ours.evidence.raw)
    await local.aclose()
    if kind == "remote":
        await other.aclose()


async def test_a_server_killed_in_the_middle_of_an_answer_is_a_clear_retryable_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("medvid.engine.remote.ATTEMPTS", 1)
    server = Server(served_checkpoint(tmp_path / "tiny", "qwen2_5_vl"), tmp_path / "log")
    try:
        server.wait()
        engine = server.engine()
        assert (await engine.generate(request(engine.profile, max_tokens=4))).tokens_out == 4
        # Eight at once, held to a length that takes seconds, so that none is done when the server dies.
        asked = [replace(request(engine.profile, seed=i, max_tokens=1800), pattern="[a-z]{1800}") for i in range(8)]
        waiting = [asyncio.create_task(engine.generate(one)) for one in asked]
        await asyncio.sleep(0.3)
        server.kill()
        for failure in await asyncio.gather(*waiting, return_exceptions=True):
            assert isinstance(failure, EngineError), failure
            assert "broke off its answer" in str(failure)
            assert (failure.retryable, failure.refused) == (True, False)
        await engine.aclose()
    finally:
        server.stop()
