"""`medvid resume RUN`: goes on where a run stopped."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from medvid.cli.options import Json, Yes, examples

EXAMPLES = examples("medvid resume 1f0c2a9b77de", "medvid resume 1f0c2a9b77de operation.mp4 --json")


def resume(
    run_id: Annotated[str, typer.Argument(metavar="RUN", help="The id that `medvid ask` printed first.")],
    files: Annotated[list[Path] | None, typer.Argument(metavar="[FILE]...", help="Where the video is now, if it was moved.")] = None,
    as_json: Json = False,
    yes: Yes = False,
) -> None:
    """Goes on with a run that was killed or interrupted, or shows its plan that waits for a yes. What was finished is not run again.

    The video and the model are those that were asked with."""
    import anyio

    from medvid.agent import runs
    from medvid.cli.asking import end, open_session
    from medvid.cli.source import given_files
    from medvid.report.saved import check_folder

    stored = anyio.run(runs.stored, run_id)
    note = stored.get("note", {})
    save = Path(note["save"]) if note.get("save") else None
    if save is not None:
        check_folder(save)
    typer.echo(f"run {run_id}: {stored['question']}", err=True)
    videos = [str(file) for file in files or given_files(note.get("videos", ()))]
    with open_session(note.get("flags", {}), videos, resumed=True, as_json=as_json, thread=stored.get("thread"), yes=yes) as session:
        run = session.finish(partial(runs.resume, run_id))
        session.show(run, save)
    end(run)
