"""Texts over Ray actors, on one machine or a cluster: each actor opens once what is asked, and is then asked text by text, several at once.

Ray is an extra. Source: Ray Data, `Dataset.map_batches` with an asynchronous class.
"""

import asyncio
import json
import logging
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, redirect_stdout
from typing import Any

from medvid.core.errors import ConfigError, EngineError, MedVidError

Opener = Callable[[], AbstractAsyncContextManager[Any]]
Ask = Callable[[Any, str], Awaitable[str]]
MOST_BLOCKS = 10_000  # What Ray sends and gives back at once is a block: one text, as long as there are no more.


class Actor:
    """In a process of its own. What was opened stays so until that ends."""

    def __init__(self, opener: Opener, ask: Ask) -> None:
        self._opener, self._ask = opener, ask
        self._opened: asyncio.Future[Any] | None = None

    async def __call__(self, batch: Mapping[str, Sequence[str]]) -> AsyncIterator[dict[str, list[str]]]:
        if self._opened is None:
            self._opened = asyncio.get_running_loop().create_future()
            self._open = asyncio.create_task(self._stay_open(self._opened))
        for text in batch["text"]:
            try:
                said: dict[str, Any] = {"text": await self._ask(await asyncio.shield(self._opened), str(text))}
            except MedVidError as error:  # Ray would wrap it
                said = {"error": str(error), **error.mark}
            yield {"text": [json.dumps(said)]}

    async def _stay_open(self, opened: asyncio.Future[Any]) -> None:
        try:
            async with self._opener() as what:
                opened.set_result(what)
                await asyncio.Event().wait()
        except MedVidError as error:
            opened.set_exception(error)


def on_ray(opener: Opener, ask: Ask, texts: Sequence[str], *, actors: int | None, at_once: int, gpus: int) -> Generator[str, None, None]:
    """An answer a text, as they come; the texts are begun in their order. To be closed at once. opener, ask: picklable. actors: None for as
    many as the cluster, RAY_ADDRESS's or this machine, has GPUs or cores for. at_once, gpus: of one actor; GPUs only where there are any.
    Raises ConfigError where Ray cannot be used or the GPUs are too few; what opener and ask raise, as ConfigError or EngineError."""
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise ConfigError(f"Ray is not installed here ({error}); `pip install 'medvid[ray]'`, or leave out --ray") from error
    if not texts:
        return
    logging.getLogger("ray.data").setLevel(logging.WARNING)
    with redirect_stdout(sys.stderr):  # Ray says some things on stdout, which is the program's
        try:
            ray.init(include_dashboard=False, log_to_driver=False, logging_level=logging.WARNING)
            ray.data.DataContext.get_current().enable_progress_bars = False
            there = ray.cluster_resources()
            kind, each = ("GPU", gpus) if gpus and there.get("GPU") else ("CPU", 1)
            size = min(actors or max(1, int(there[kind] // each)), len(texts))
            if kind == "GPU" and size * each > there[kind]:
                raise ConfigError(f"{size} actors of {each} GPUs each are more than the {there[kind]:g} there are; give fewer --actors")
            share = {"num_gpus": each} if kind == "GPU" else {"num_cpus": min(1.0, there[kind] / size)}
            pool = ray.data.ActorPoolStrategy(size=size, max_concurrent_calls_per_actor=at_once)
            rows = ray.data.from_items([{"text": text} for text in texts], override_num_blocks=min(len(texts), MOST_BLOCKS))
            for row in rows.map_batches(Actor, fn_constructor_args=(opener, ask), batch_size=1, compute=pool, **share).iter_rows():
                said = json.loads(row["text"])
                if "error" in said:
                    why, is_config = said["error"], said["kind"] == "config"
                    raise ConfigError(why) if is_config else EngineError(why, retryable=said["retryable"])
                yield said["text"]
        except ConnectionError as error:
            raise ConfigError(f"the Ray cluster cannot be reached ({error}); correct or unset RAY_ADDRESS") from error
        except (ray.exceptions.RayActorError, ray.exceptions.RaySystemError) as error:
            raise EngineError(f"Ray could not go on: {str(error).strip().splitlines()[-1]}") from error
        finally:
            ray.shutdown()
