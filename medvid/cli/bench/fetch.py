"""`medvid bench fetch`: where the benchmark's data is, and whether a local copy is whole."""

import json
from pathlib import Path
from typing import Annotated

import typer

from medvid.cli.options import Json, examples

EXAMPLES = examples("medvid bench fetch", "medvid bench fetch data", "medvid bench fetch val.json --frame-root /authors/data=/mine/frames")


def fetch(
    copy: Annotated[Path | None, typer.Argument(metavar="[DIR|RECORDS.json]", help="The copy; left out, only says where to get it.")] = None,
    root: Annotated[Path | None, typer.Option(metavar="DIR", help="Where the frames lie; beside the records if left out.")] = None,
    frame_root: Annotated[list[str] | None, typer.Option(metavar="OLD=NEW", help="Paths that begin with OLD; may be given again.")] = None,
    as_json: Json = False,
) -> None:
    """Counts the records per task and source, names broken ones and missing frames. Loads nothing: the hub's own client does that, and goes
    on where it stopped. Ends with 1 where something is missing."""
    from medvid.core import ConfigError
    from medvid.core.settings import config_file
    from medvid.medvidbench.local_copy import DATA, examine

    shown = config_file().with_name("medvidbench-licence-shown")
    if not shown.exists():
        typer.echo(DATA["licence"], err=True)
        shown.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        shown.touch()
    if copy is None:
        return typer.echo(f"The test questions and their frames: {DATA['load']}\nUnpack testdata.zip there, then `medvid bench fetch DIR`.")
    if not (files := sorted(copy.glob("*.json")) if copy.is_dir() else [copy]):
        raise ConfigError(f"{copy} holds no records (*.json); get them with `{DATA['load']}`")
    moved = [pair.partition("=")[::2] for pair in frame_root or ()]

    def place(frame: str) -> Path:
        new = next((new + frame.removeprefix(old) for old, new in moved if frame.startswith(old)), None)
        inside = (part for part in Path(frame).parts if part not in ("/", ".."))
        return Path(new) if new is not None else (root or files[0].parent).joinpath(*inside)

    found = {str(file): examine(file, place) for file in files}
    for file, one in () if as_json else found.items():
        typer.echo(f"{file}: {one['records']} records, {len(one['broken'])} broken; {one['frames']} frames, {len(one['missing'])} missing")
        lines = [f"{count:6d}  {what}" for what, count in one["counts"].items()]
        lines += [f"record {at} is broken: {why}" for at, why in list(one["broken"].items())[:5]]
        lines += [f"missing: {frame}" for frame in one["missing"][:5]]
        lines += [f"{task}: {there} records where the test file has {expected}" for task, (there, expected) in one["off"].items()]
        typer.echo("\n".join(f"  {line}" for line in lines))
    if as_json:
        typer.echo(json.dumps(found))
    if any(one["broken"] or one["missing"] or one["off"] for one in found.values()):
        raise typer.Exit(1)
