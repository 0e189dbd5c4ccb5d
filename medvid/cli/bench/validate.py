"""`medvid bench validate`: records with answers, such as the public validation set, asked, asked blind, and scored, in one command."""

import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Annotated

import typer

from medvid.cli.bench.run import run
from medvid.cli.bench.score import score
from medvid.cli.options import Device, Engine, Fed, FrameRoots, Frames, Json, Limit, Model, examples

EXAMPLES = examples(
    "medvid bench validate val.json --frame-root /data/authors=frames --out runs/val --model DIR --engine vllm",
    "medvid bench validate val.json --root frames --out runs/sample --limit 200 --json",
)


def validate(
    records: Annotated[Path, typer.Argument(metavar="RECORDS.json", help="Records with their answers.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where answers, blind answers and reliability cards go.")],
    model: Model = None, engine: Engine = None, device: Device = None,
    feeding: Fed = None,
    limit: Limit = None,
    root: Frames = None, frame_root: FrameRoots = None,
    jobs: Annotated[int | None, typer.Option(min=1, max=1024, help="Requests in flight; by the engine if left out.")] = None,
    as_json: Json = False,
) -> None:  # fmt: skip
    """Asks a model the records, asks them again on black frames, and scores: every column by source and in all, beside what the commonest
    answer and the blind model earn. Killed or interrupted, the same command goes on.

    DIR/profile.json takes the reliability cards; the folders `answers` and `blind` are those of `medvid bench run`."""
    out.mkdir(parents=True, exist_ok=True)
    failed = False
    for name in ("answers", "blind"):
        typer.echo(f"{name}:", err=True)
        try:
            with redirect_stdout(sys.stderr):
                run(
                    records, out / name, model=model, engine=engine, device=device, feeding=feeding, blind=name == "blind", limit=limit,
                    root=root, frame_root=frame_root, jobs=jobs,
                )  # fmt: skip
        except typer.Exit as ended:
            if ended.exit_code != 1:
                raise
            failed = True
    score(out / "answers", blind=out / "blind", cards=out / "profile.json", as_json=as_json)
    if failed:
        raise typer.Exit(1)
