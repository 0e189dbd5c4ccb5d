"""`medvid resume RUN`: goes on where a run stopped."""

from pathlib import Path
from typing import Annotated

import typer

from medvid.cli.options import Json, examples, settings_of

EXAMPLES = examples("medvid resume 1f0c2a9b77de", "medvid resume 1f0c2a9b77de operation.mp4 --json")


def resume(
    run_id: Annotated[str, typer.Argument(metavar="RUN", help="The id that `medvid ask` printed first.")],
    files: Annotated[list[Path] | None, typer.Argument(metavar="[FILE]...", help="Where the video is now, if it was moved.")] = None,
    as_json: Json = False,
) -> None:
    """Goes on with a run that was killed or interrupted. Steps that were finished are not run again.

    The video and the model are those that were asked with."""
    import anyio

    anyio.run(_resume, run_id, files or [], as_json)


async def _resume(run_id: str, files: list[Path], as_json: bool) -> None:
    from medvid.agent.runs import question_of, resume
    from medvid.app import access_of, open_library
    from medvid.cli.asking import finish, open_tools
    from medvid.cli.remembered import recall
    from medvid.cli.steps import step_lines
    from medvid.report.saved import check_folder

    question, _ = await question_of(run_id)
    asked_of, flags = recall(run_id)
    save = Path(text) if (text := flags.pop("save", None)) else None
    if save is not None:
        check_folder(save)
    settings = settings_of(**flags)
    library = open_library(settings, files or asked_of)
    typer.echo(f"run {run_id}: {question}", err=True)
    async with open_tools(settings, library) as client:
        with step_lines() as tell:
            run = await resume(run_id, client, on_event=tell)
    finish(run, as_json=as_json, save=save, library=library, access=access_of(settings))
