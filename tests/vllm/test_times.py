"""One event at four places and three rates: vLLM in process and behind a server find it at the source time that `local` finds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from medvid.app import demo_clip
from medvid.engine import open_engine
from tests.engine.events import found_spans
from tests.vllm.server import Server

pytestmark = pytest.mark.anyio


async def test_vllm_and_a_server_answer_at_the_source_time(
    open_vllm: Callable[[Path | None], Any], served: Callable[[Path | None], Server]
) -> None:
    local = open_engine(None, device="cpu")
    expected = await found_spans(local, demo_clip())
    vllm = open_vllm(None)
    assert await found_spans(vllm, demo_clip()) == expected
    remote = served(None).engine()
    # JPEG moves pixels a little, so a bound may move by a frame.
    for (spans, truth), (ours, _) in zip(await found_spans(remote, demo_clip()), expected, strict=True):
        assert len(spans) == len(ours)
        assert all(span.iou(own) >= 0.6 for span, own in zip(spans, ours, strict=True))
        assert spans[0].iou(truth) >= 0.5, (spans, truth)
    await remote.aclose()
    await local.aclose()
