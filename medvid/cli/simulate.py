"""`medvid simulate`: renders a procedure whose truth is known."""

import json
from pathlib import Path
from typing import Annotated

import typer

from medvid.cli.options import Json, examples

EXAMPLES = examples("medvid simulate operation.mp4 --seed 7", "medvid simulate suturing.mp4 --seed 8 --kind suturing")


def simulate(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The MP4 file to write.")],
    seed: Annotated[
        int, typer.Option(min=0, help="The same seed gives the same file. From 1,000,000 on they are held out from training.")
    ] = 0,
    kind: Annotated[str, typer.Option(metavar="cholecystectomy|suturing", help="What is done.")] = "cholecystectomy",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace OUT where it exists.")] = False,
    as_json: Json = False,
) -> None:
    """Renders a schematic procedure as an H.264 file, and prints what happens in it.

    The file says in its container that it is simulated. Its truth can be made again from that tag."""
    from medvid.cli.steps import frame_bar
    from medvid.core import ConfigError
    from medvid.report.tables import truth_json, truth_table
    from medvid.simulate import make_procedure, write_video

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
