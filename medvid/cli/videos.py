"""`medvid videos`: the videos that can be asked about."""

import json

import typer

from medvid.cli.options import Files, Json, Roots, examples, settings_of

EXAMPLES = examples("medvid videos --root recordings", "medvid videos operation.mp4 --json")


def videos(files: Files = None, root: Roots = None, as_json: Json = False) -> None:
    """Lists videos with their ids, length and declared procedure.

    Beside each video NAME.mp4 a file NAME.medvid.json may state its procedure, scene and actions."""
    from medvid.app import open_library
    from medvid.core import Access, ConfigError

    settings = settings_of(roots=tuple(root) if root else None)
    if not settings.roots and not files:
        raise ConfigError("no folder and no file is named; give a file, or --root DIR, or set MEDVID_ROOTS")
    library = open_library(settings, files or [])
    listed = library.listing(Access())
    for problem in library.problems:
        typer.echo(f"medvid: {problem}", err=True)
    if as_json:
        typer.echo(json.dumps([video.model_dump(mode="json") for video in listed]))
        return
    from rich.console import Console

    from medvid.report.tables import listing_table

    Console().print(listing_table(listed))
