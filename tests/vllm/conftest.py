"""Engines of vLLM on the CPU, each started once, and what they are compared with."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from medvid.engine import open_engine
from tests.vllm.server import OPTIONS, Server

os.environ |= {"VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_NO_USAGE_STATS": "1", "VLLM_LOGGING_LEVEL": "WARNING"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """vLLM and what it loads warn of much that is not ours to mend."""
    for item in items:
        item.add_marker(pytest.mark.filterwarnings("default"))


@pytest.fixture(scope="module")
async def open_vllm() -> AsyncIterator[Callable[[Path | None], Any]]:
    """One engine at a time stays open until the module ends."""
    async with AsyncExitStack() as stack:

        def opened(model: Path | None, **vllm_args: Any) -> Any:
            engine = open_engine(model, "vllm", options=OPTIONS.model_copy(update={"vllm_args": {**OPTIONS.vllm_args, **vllm_args}}))
            stack.push_async_callback(engine.aclose)
            return engine

        yield opened


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Path | None], Server]]:
    """Servers started as `medvid serve-model` says, one for each model asked for."""
    running: dict[Path | None, Server] = {}

    def serve(model: Path | None) -> Server:
        if model not in running:
            running[model] = Server(model, tmp_path_factory.mktemp("served") / "log")
        running[model].wait()
        return running[model]

    yield serve
    for server in running.values():
        server.stop()
