"""`medvid bench run`: records of the benchmark, put to a model."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import aclosing, closing, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from medvid.cli.options import Actors, Device, Engine, Fed, FrameRoots, Frames, Json, Limit, Model, Ray, examples, settings_of

if TYPE_CHECKING:
    from medvid.core.settings import Settings
    from medvid.medvidbench.answers import Answer
    from medvid.medvidbench.records import Record

EXAMPLES = examples(
    "medvid bench run test.json --root frames --out runs/7b --model UII-AI/uAI-NEXUS-MedVLM-1.0a-7B-RL --engine vllm",
    "medvid bench run val.json --frame-root /data/authors=frames --tasks tal,stg --limit 200 --out runs/sample",
    "medvid bench run test.json --root frames --out runs/cluster --ray",
)
LINE_EVERY_S = 10.0


def run(
    records: Annotated[Path, typer.Argument(metavar="RECORDS.json", help="Records of any tasks, with answers or without.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where answers go; the same folder again goes on.")],
    model: Model = None, engine: Engine = None, device: Device = None,
    feeding: Fed = None,
    one_shot: Annotated[bool, typer.Option("--one-shot", help="Show an example first, to a model not tuned on the data.")] = False,
    blind: Annotated[bool, typer.Option("--blind", help="Ask on black frames: the baseline of `medvid bench score --blind`.")] = False,
    limit: Limit = None,
    tasks: Annotated[list[str] | None, typer.Option(metavar="TASK,...", help="Only these; video_summary means both of its.")] = None,
    max_tokens: Annotated[int | None, typer.Option(min=1, metavar="N", help="Of an answer; by what is asked if left out.")] = None,
    root: Frames = None, frame_root: FrameRoots = None,
    jobs: Annotated[int | None, typer.Option(min=1, max=1024, help="Requests in flight, of each actor; by the engine if left out.")] = None,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Ask again for what failed.")] = False,
    ray: Ray = False, actors: Actors = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Asks a model every record, and keeps each answer as it comes (docs/benchmark.md). Killed or interrupted, the same command goes on.

    Ends with 1 where records failed, each with its reason in answers.jsonl; a failure is never scored as an answer."""
    import anyio

    from medvid import __version__, app
    from medvid.core import Failure, MedVidError
    from medvid.core.on_ray import on_ray
    from medvid.core.settings import EngineOptions
    from medvid.medvidbench import run as running
    from medvid.medvidbench.answers import Answer, AnswersFolder, made_from, question_hash
    from medvid.medvidbench.asking import How, renamed_by
    from medvid.medvidbench.records import read_leniently

    started_s = time.monotonic()
    told, broken = read_leniently(records)
    positions = running.choose(told, tasks or (), limit)
    renamed = renamed_by(frame_root)
    settings = settings_of(model=model, engine=engine, device=device, feeding=feeding)
    jobs = jobs or running.IN_FLIGHT.get(settings.engine, settings.max_in_flight)
    settings = settings.model_copy(update={"max_in_flight": jobs})
    how = How(root=(root or records.parent).absolute(), renamed=renamed, feeding=settings.feeding, one_shot=one_shot, max_tokens=max_tokens)
    opener = partial(_opened, settings, blind)
    made_with: dict[str, Any] = {"records": made_from(records), "model": running.model_of(app.open_model(settings), settings.model)}
    made_with |= {"engine": settings.engine, "feeding": settings.feeding, "one_shot": one_shot, "max_tokens": max_tokens, "blind": blind}
    about: dict[str, Any] = {"records_file": str(records.absolute()), "root": str(how.root), "frame_roots": renamed, "tasks": tasks}
    about["settings"] = settings.model_dump(mode="json", include={*EngineOptions.model_fields} - {"api_key"})
    folder = AnswersFolder(out, told, made_with, {**about, "limit": limit, "medvid": __version__}, retry=retry_failed)
    for at in sorted(broken.keys() & set(positions) - folder.answers.keys()):
        folder.add(Answer(position=at, question=question_hash(told[at]), failure=Failure(kind="record", message=broken[at])))
    waiting = running.longest_first(told, (at for at in positions if at not in folder.answers))
    stopped: MedVidError | KeyboardInterrupt | None = None

    async def here() -> None:
        async with opener() as engine:
            await running.run_records(told, waiting, engine, how, jobs, keep)

    try:
        with _progress(told, positions, folder.answers) as heard:
            keep = running.keeper(folder, heard)
            if ray:
                texts = [json.dumps([at, told[at].model_dump(mode="json")]) for at in waiting]
                asked, at_once = partial(running.ask_text, how), jobs + running.AHEAD
                with closing(on_ray(opener, asked, texts, actors=actors, at_once=at_once, gpus=app.gpus_of(settings))) as said:
                    for answer in map(Answer.model_validate_json, said):
                        keep(answer)
            else:
                anyio.run(here)
    except (MedVidError, KeyboardInterrupt) as error:
        stopped = error
    folder.write_results()
    summary = {**running.summary_of(positions, folder.answers), "seconds": round(time.monotonic() - started_s, 1), "out": str(out)}
    if as_json:
        typer.echo(json.dumps(summary))
    else:
        typer.echo(f"{summary['answered']} of {summary['records']} answered, {summary['cut']} of them cut at their limit of tokens")
        for kind, count in summary["failed"].items():
            first = next(one for _, one in sorted(folder.answers.items()) if one.failure and one.failure.kind == kind)
            typer.echo(f"{count} failed ({kind}); the first, record {first.position}: {first.failure and first.failure.message}")
        typer.echo(f"{summary['seconds']} s; answers.jsonl and results.json are in {out}")
    if stopped is not None:
        typer.echo(f"stopped with {summary['left']} records left; the same command goes on where it was", err=True)
    if isinstance(stopped, MedVidError):
        raise stopped
    if stopped is not None or summary["failed"]:
        raise typer.Exit(130 if stopped is not None else 1)


def _opened(settings: Settings, blind: bool) -> aclosing[Any]:
    from medvid.app import open_model
    from medvid.medvidbench.blind import Blind

    engine = open_model(settings)
    return aclosing(Blind(engine) if blind else engine)


@contextmanager
def _progress(records: Sequence[Record], positions: Sequence[int], answers: dict[int, Answer]) -> Iterator[Callable[[Answer], None]]:
    """A bar for all and one a task; the time left is reckoned by the frames left."""
    from medvid.cli.steps import timed_bars
    from medvid.medvidbench.run import frames_of

    names = {at: ("all", records[at].qa_type or "unknown") for at in positions}
    weights = {at: 8 + frames_of(records[at]) for at in positions}
    whole = Counter(name for at in positions for name in names[at])
    done = Counter(name for at in names.keys() & answers for name in names[at])
    told_s = time.monotonic()
    with timed_bars() as bars:
        of = {name: bars.add_task("", total=sum(weights[at] for at in names.keys() - answers if name in names[at])) for name in whole}

        def show(name: str, advance: float = 1e-9) -> None:
            bars.update(of[name], description=f"{name} {done[name]} of {whole[name]}", advance=advance)

        def heard(answer: Answer) -> None:
            nonlocal told_s
            for name in names[answer.position]:
                done[name] += 1
                show(name, weights[answer.position])
            if not bars.console.is_terminal and time.monotonic() - told_s >= LINE_EVERY_S:
                told_s = time.monotonic()
                bars.console.print(f"{bars.tasks[0].description} records, about {bars.tasks[0].time_remaining or 0:.0f} s left")

        for name in of:
            show(name)
        yield heard
