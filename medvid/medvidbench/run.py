"""A run: records are put to an engine, many at once, the longest first, their frames made ready ahead of it; each answer is kept at once.

A record that is broken, frames that are missing and an engine that refuses are failures of that record, with their reason. An engine that
is down is none: the run stops. Source: docs/benchmark.md, "Running it".
"""

import json
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import PurePath
from typing import Any

import anyio

from medvid.core import ConfigError, EngineError, Failure, MedVidError
from medvid.engine.base import Engine
from medvid.medvidbench.answers import Answer, AnswersFolder, question_hash
from medvid.medvidbench.asking import PICTURES, How, answer_text, request_of
from medvid.medvidbench.extent import extent_of
from medvid.medvidbench.records import Record
from medvid.video.container import content_id

IN_FLIGHT = {"local": 1, "vllm": 32}  # Requests that an engine has at once; a server `max_in_flight` of the settings.
AHEAD = 3  # Records whose frames are made ready beside those in flight.
DOWN_AFTER = 5  # Failures in a row that asking again may mend, after which the engine is down.


def choose(records: Sequence[Record], tasks: Iterable[str] = (), limit: int | None = None) -> list[int]:
    """Positions, in their order. tasks: qa_types, or what several begin with (`dense_captioning`); all where there are none. limit: spread
    evenly over tasks and file; what a lower one chose is among it. Raises ConfigError."""
    groups = defaultdict[str, list[int]](list)
    for at, record in enumerate(records):
        groups[record.qa_type].append(at)
    names = {task.strip() for told in tasks for task in told.split(",")}
    wanted = {qa_type for qa_type in groups if not names or any(f"{qa_type}_".startswith(f"{name}_") for name in names)}
    if missing := [name for name in names if not any(f"{qa_type}_".startswith(f"{name}_") for qa_type in wanted)]:
        raise ConfigError(f"no record is of the task {', '.join(missing)}; there are {', '.join(sorted(groups))}")
    return sorted(at for _, at in sorted((rank, at) for name in wanted for rank, at in enumerate(_spread(groups[name])))[:limit])


def _spread(places: Sequence[int]) -> list[int]:
    """The same in an order of which every beginning lies evenly over the whole: by their numbers' bits turned round."""
    bits = len(places).bit_length()
    return [places[i] for i in sorted(range(len(places)), key=lambda i: int(f"{i:0{bits}b}"[::-1], 2))]


def frames_of(record: Record) -> float:
    """How many frames a record has, before any is opened: as listed; of a video file by its stretch, whose own rate is taken for 30."""
    with suppress(ConfigError):
        if not any(PurePath(path).suffix.lower() in PICTURES for path in record.video) and (extent := extent_of(record)) is not None:
            return (extent.end - extent.start) * (record.fps or 1.0) / (1.0 if extent.unit == "seconds" else 30.0)
    return len(record.video)


def longest_first(records: Sequence[Record], positions: Iterable[int]) -> list[int]:
    """Questions about the same frames stand together, for engines that keep them."""
    return sorted(positions, key=lambda at: (-frames_of(records[at]), records[at].video, at))


def model_of(engine: Engine, name: str | None) -> str:
    """What `made_with` calls the model: its profile, and the content of its weights where they are here, else its name on the server."""
    checkpoint = getattr(engine, "checkpoint", None)
    weights = map(content_id, sorted(checkpoint.folder.glob("*.safetensors"))) if checkpoint else filter(None, [name])
    return " ".join((engine.profile.name, *weights))


async def ask(position: int, record: Record, engine: Engine, how: How) -> Answer:
    """Raises ConfigError where the engine can be used for no record."""
    answer, axis, prepared = Answer(position=position, question=question_hash(record)), "", False
    try:
        request, axis = await anyio.to_thread.run_sync(partial(request_of, record, position, engine.profile, how), abandon_on_cancel=True)
        started_s, prepared = time.monotonic(), True
        reply = await engine.generate(request)
    except MedVidError as error:
        if prepared and isinstance(error, ConfigError):
            raise
        kind = "refused" if isinstance(error, EngineError) and error.refused else error.kind
        return answer.model_copy(update={"failure": Failure(kind=kind, message=str(error), retryable=error.retryable), "axis": axis})
    return answer.model_copy(update={
        "text": answer_text(record, reply.text, request.clip), "finish": reply.finish,
        "tokens_in": reply.tokens_in, "tokens_out": reply.tokens_out, "axis": axis, "frames": len(request.frames),
        "fps": request.frames.fps, "mean_logprob": sum(reply.logprobs) / len(reply.logprobs) if reply.logprobs else None,
        "elapsed_s": round(time.monotonic() - started_s, 3),
    })  # fmt: skip


async def ask_text(how: How, engine: Engine, text: str) -> str:
    """`ask` in an actor: JSON of position and record -> JSON of the Answer."""
    position, record = json.loads(text)
    return (await ask(position, Record.model_validate(record), engine, how)).model_dump_json()


def keeper(folder: AnswersFolder, on_kept: Callable[[Answer], None]) -> Callable[[Answer], None]:
    """What hears of every answer and keeps it. It raises EngineError where the engine is down: what failed so is asked again at the next
    start."""
    in_a_row = 0

    def keep(answer: Answer) -> None:
        nonlocal in_a_row
        folder.add(answer)
        on_kept(answer)
        in_a_row = in_a_row + 1 if answer.failure is not None and answer.failure.retryable else 0
        if answer.failure is not None and in_a_row == DOWN_AFTER:
            raise EngineError(f"{DOWN_AFTER} requests in a row failed: {answer.failure.message}", retryable=True)

    return keep


async def run_records(
    records: Sequence[Record], positions: Iterable[int], engine: Engine, how: How, jobs: int, keep: Callable[[Answer], None]
) -> None:  # fmt: skip
    """In this process. Raises ConfigError, and what `keep` raises."""
    raised: list[MedVidError] = []
    waiting = iter(positions)

    async def work() -> None:
        for at in waiting:  # shared: each worker takes the next
            try:
                keep(await ask(at, records[at], engine, how))
            except MedVidError as error:
                raised.append(error)
                group.cancel_scope.cancel()

    async with anyio.create_task_group() as group:
        for _ in range(jobs + AHEAD):
            group.start_soon(work)
    for error in raised:
        raise error


def summary_of(positions: Sequence[int], answers: Mapping[int, Answer]) -> dict[str, Any]:
    """Counts of a run as it stands. failed: by kind."""
    there = [answers[at] for at in positions if at in answers]
    failed = Counter(answer.failure.kind for answer in there if answer.failure is not None)
    return {
        "records": len(positions), "answered": len(there) - failed.total(), "failed": dict(failed),
        "cut": sum(answer.finish == "length" for answer in there), "left": len(positions) - len(there),
    }  # fmt: skip
