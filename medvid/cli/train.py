"""`medvid train`: a small model of one's own, and the table that measures any model."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from medvid.cli.options import Device, Engine, Json, Model, examples, settings_of

SFT_EXAMPLES = examples(
    "medvid train sft --out runs/small",
    "medvid train sft --out runs/small-2 --from runs/small/checkpoint --language-minutes 120",
)
EVALUATE_EXAMPLES = examples("medvid train evaluate --clips 100", "medvid train evaluate --set shifted --model DIR --card DIR")

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode="markdown", help="Trains a small model on simulated procedures, and measures models."
)


@app.command("sft", epilog=SFT_EXAMPLES)
def sft(
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Holds all that the run makes. A run that was killed goes on from there.")
    ],
    clips: Annotated[int, typer.Option(min=10, help="Simulated clips to render.")] = 6000,
    vision_minutes: Annotated[float, typer.Option(min=0, help="Training of the vision tower, pieces of a resumed run together.")] = 30,
    language_minutes: Annotated[float, typer.Option(min=0, help="Training on questions and answers, likewise.")] = 40,
    start: Annotated[
        Path | None, typer.Option("--from", metavar="DIR", help="A checkpoint to go on from, instead of fresh weights.")
    ] = None,
    until: Annotated[
        str, typer.Option("--until", metavar="STAGE", help="Stop after footage, vision, features, language or export.")
    ] = "export",
    device: Annotated[str, typer.Option("--device", metavar="cpu|cuda", help="Where to train.")] = "cpu",
    threads: Annotated[int, typer.Option(min=1, max=256, help="Threads of torch.")] = 2,
    workers: Annotated[int, typer.Option(min=1, max=256, help="Processes that render clips.")] = 2,
    seed: Annotated[int, typer.Option(min=0, help="Of weights and order.")] = 0,
    pace: Annotated[float, typer.Option(min=0.01, max=2, help="Factor on the learning rates; 0.6 suits --from.")] = 1.0,
) -> None:
    """Trains a small model on simulated procedures: renders clips, teaches it to see, then to answer, and writes a checkpoint."""
    from medvid.train.sft import SftConfig, run

    config = SftConfig(
        out=out, clips=clips, vision_minutes=vision_minutes, language_minutes=language_minutes, from_weights=start, threads=threads,
        workers=workers, seed=seed, pace=pace, device=device, until=until,
    )  # fmt: skip
    run(config, typer.echo)


@app.command("evaluate", epilog=EVALUATE_EXAMPLES)
def evaluate(
    model: Model = None,
    engine: Engine = None,
    device: Device = None,
    clips: Annotated[int, typer.Option(min=1, max=10_000, help="How many held-out clips.")] = 500,
    which: Annotated[
        Literal["heldout", "shifted"], typer.Option("--set", help="Clips as those trained on, or with other looks, speeds and sizes.")
    ] = "heldout",
    against: Annotated[
        Path | None, typer.Option(metavar="FILE", exists=True, help="What --json printed of another model: adds the gain over it.")
    ] = None,
    blind: Annotated[bool, typer.Option(help="Ask the same questions on black frames too.")] = True,
    workdir: Annotated[Path | None, typer.Option(metavar="DIR", help="Keeps the rendered clips; a temporary folder if left out.")] = None,
    card: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Writes the model card and the reliability cards into this checkpoint's folder.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Measures a model on held-out simulated clips, through the tools, beside the same questions on black frames."""
    from contextlib import aclosing
    from tempfile import TemporaryDirectory

    import anyio
    from rich.console import Console

    from medvid.app import open_model
    from medvid.cli.steps import bar_progress
    from medvid.train.evaluate import SETS, evaluate
    from medvid.train.figures import read_report, table_of, write_cards

    before = read_report(against, clips, SETS[which]) if against else None

    async def measured(folder: Path) -> Any:
        async with aclosing(open_model(settings_of(model=model, engine=engine, device=device))) as opened:
            with bar_progress("held-out clips", hidden=as_json) as progress:
                return await evaluate(opened, workdir=folder, clips=clips, seed0=SETS[which], blind=blind, tell=progress)

    with TemporaryDirectory() as spare:
        report = anyio.run(measured, workdir or Path(spare))
    if card is not None:
        write_cards(report, card)
    if as_json:
        typer.echo(report.model_dump_json())
    else:
        Console().print(table_of(report, before))
