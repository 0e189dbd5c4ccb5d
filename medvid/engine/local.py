"""LocalEngine: a checkpoint run in this process by Transformers, on a thread of its own.

Requests wait in line for the thread and never block the event loop. A cancelled one leaves the line, or stops before its next token. Torch
is imported and the weights are read on that thread, at the first request or `warm()`, so that a server is up at once.
"""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from medvid.core import EngineError
from medvid.engine.base import Reply, Request
from medvid.engine.checkpoint import Checkpoint, unknown_words_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from medvid.engine.decoding import Decoder

T = TypeVar("T")


class LocalEngine:
    """Any Qwen2.5-VL, Qwen3-VL or Qwen3.5 checkpoint directory. `pattern` of a request is not used."""

    def __init__(self, checkpoint: Checkpoint, *, device: str = "auto") -> None:
        """device: `auto` (a GPU where there is one), `cpu`, `cuda` or `mps`."""
        self.checkpoint = checkpoint
        self.profile = checkpoint.profile
        self.unknown_words = unknown_words_of(checkpoint.folder)
        self._device = device
        self._decoder: Decoder | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="medvid-engine")
        self._closed = False
        self._waiting: set[threading.Event] = set()

    async def generate(self, request: Request) -> Reply:
        return await self._on_thread(lambda stop: self._answer(request, stop))

    async def warm(self) -> None:
        """Reads the weights now. Raises ConfigError where they cannot be used."""
        await self._on_thread(lambda stop: self._loaded())

    async def aclose(self) -> None:
        """Stops what runs within one token; whoever waits for it gets an EngineError."""
        self._closed = True
        for stop in tuple(self._waiting):
            stop.set()
        await asyncio.to_thread(self._thread.shutdown)
        self._decoder = None

    async def _on_thread(self, work: Callable[[threading.Event], T]) -> T:
        if self._closed:
            raise EngineError(f"the engine of {self.profile.name} was closed; open another")
        stop = threading.Event()
        self._waiting.add(stop)
        try:
            return await asyncio.wrap_future(self._thread.submit(work, stop))
        finally:
            stop.set()
            self._waiting.discard(stop)

    def _loaded(self) -> Decoder:
        if self._decoder is None:
            from medvid.engine.decoding import Decoder

            self._decoder = Decoder(self.checkpoint, self._device)
        return self._decoder

    def _answer(self, request: Request, stop: threading.Event) -> Reply:
        self._go_on(stop)
        decoder = self._loaded()
        try:
            return self._write(decoder, request, stop)
        except NotImplementedError as error:
            decoder.leave_mps(error)
            return self._write(decoder, request, stop)

    def _write(self, decoder: Decoder, request: Request, stop: threading.Event) -> Reply:
        """`stop` is looked at before each token."""
        encoded = decoder.encode(request)
        video, reused = decoder.read_video(encoded)
        tokens: list[int] = []
        logprobs: list[float] = []
        ended = False
        self._go_on(stop)
        for token, logprob in decoder.tokens(encoded, video, temperature=request.temperature):
            self._go_on(stop)
            ended = token in decoder.end_ids
            if ended or len(tokens) == request.max_tokens:
                break
            tokens.append(token)
            logprobs.append(logprob)
        return Reply(
            decoder.text(tokens), tokens_in=len(encoded.input_ids), tokens_out=len(tokens), tokens_reused=reused, finish="stop" if ended
            else "length", logprobs=tuple(logprobs),
        )

    def _go_on(self, stop: threading.Event) -> None:
        if stop.is_set():  # where the caller was cancelled nobody is left to read this
            raise EngineError(f"the engine of {self.profile.name} was closed before its answer was whole; ask again on another")
