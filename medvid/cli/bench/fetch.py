"""`medvid bench fetch`: where the benchmark's data is, and whether a local copy is whole."""

from pathlib import Path
from typing import Annotated

import typer

from medvid.cli.bench.shown import show
from medvid.cli.options import FrameRoots, Frames, Json, examples

EXAMPLES = examples("medvid bench fetch", "medvid bench fetch data", "medvid bench fetch val.json --frame-root /authors/data=/mine/frames")


def fetch(
    copy: Annotated[Path | None, typer.Argument(metavar="[DIR|RECORDS.json]", help="The copy; where to get it if left out.")] = None,
    root: Frames = None,
    frame_root: FrameRoots = None,
    as_json: Json = False,
) -> None:
    """Counts the records per task and source, names broken ones and missing frames. Loads nothing: the hub's own client does that, and goes
    on where it stopped. Ends with 1 where something is missing."""
    from medvid.core import ConfigError
    from medvid.core.settings import config_file
    from medvid.medvidbench.asking import How, renamed_by
    from medvid.medvidbench.local_copy import DATA, examine

    if not (marker := config_file().with_name("medvidbench-licence-shown")).exists():
        typer.echo(DATA["licence"], err=True)
        marker.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        marker.touch()
    if copy is None:
        return typer.echo(f"The test questions and their frames: {DATA['load']}\nUnpack testdata.zip there, then `medvid bench fetch DIR`.")
    if not (files := sorted(copy.glob("*.json")) if copy.is_dir() else [copy]):
        raise ConfigError(f"{copy} holds no records (*.json); get them with `{DATA['load']}`")
    how = How(root=root or files[0].parent, renamed=renamed_by(frame_root))
    found = {str(file): examine(file, how) for file in files}
    show(found, as_json)
    if any(one["broken"] or one["missing"] or one["differs"] for one in found.values()):
        raise typer.Exit(1)
