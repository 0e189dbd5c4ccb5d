"""`medvid simulate`: renders a procedure whose truth is known."""

import json
from pathlib import Path
from typing import Annotated

import typer

from medvid.cli.options import Json, examples

EXAMPLES = examples(
    "medvid simulate operation.mp4 --seed 7", "medvid simulate suturing.mp4 --seed 8 --kind suturing", "medvid simulate nano --records 50"
)  # fmt: skip


def simulate(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The MP4 file to write; with --records a folder.")],
    seed: Annotated[
        int, typer.Option(min=0, help="The same seed gives the same file. From 1,000,000 on they are held out from training.")
    ] = 0,
    kind: Annotated[str, typer.Option(metavar="cholecystectomy|suturing", help="What is done.")] = "cholecystectomy",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace OUT where it exists.")] = False,
    records: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Write so many records of the benchmark about held-out videos, and those.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Renders a schematic procedure as an H.264 file, and prints what happens in it.

    The file says in its container that it is simulated. Its truth can be made again from that tag."""
    from medvid.cli.steps import frame_bar
    from medvid.core import ConfigError
    from medvid.report.tables import truth_json, truth_table
    from medvid.simulate import make_procedure, write_video

    if records is not None:
        from medvid.medvidbench.held_out import write_held_out

        with frame_bar("records", hidden=as_json) as heard:
            told = write_held_out(out, records, heard)
        return typer.echo(json.dumps(told) if as_json else f"{records} records of {len(told['tasks'])} types: {told['records']}")
    if kind != "cholecystectomy" and kind != "suturing":
        raise ConfigError(f"there is no kind {kind!r}; give cholecystectomy or suturing")
    if out.suffix.lower() != ".mp4":
        raise ConfigError(f"{out.name} is no MP4 name; let it end in .mp4")
    if out.exists() and not overwrite:
        raise ConfigError(f"{out} exists; choose another name, or give --overwrite")
    if not out.absolute().parent.is_dir():
        raise ConfigError(f"the folder {out.absolute().parent} does not exist; make it first")
    truth = make_procedure(seed, kind)
    with frame_bar(f"rendering {truth.duration_s:.0f} s", hidden=as_json) as heard:
        write_video(truth, out, progress=heard)
    if as_json:
        typer.echo(json.dumps(truth_json(truth)))
    else:
        from rich.console import Console

        Console().print(truth_table(truth))
