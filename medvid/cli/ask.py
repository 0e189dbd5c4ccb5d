"""`medvid ask`: a question in plain words about one video, answered with its evidence."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from medvid.cli.options import Device, Engine, Insist, Json, Model, Planner, Servers, examples, settings_of
from medvid.cli.source import Video

if TYPE_CHECKING:
    from medvid.core import Needs, Plan

EXAMPLES = examples(
    'medvid ask operation.mp4 "When is the cystic duct clipped?"',
    'medvid ask operation.mp4 "What is the clipper doing?" --dry-run',
    'medvid ask operation.mp4 "Was the critical view of safety achieved?" --save evidence --json',
)


def ask(
    video: Video,
    question: Annotated[str, typer.Argument(metavar="QUESTION", help="In plain words, as one argument.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the checked plan and run nothing.")] = False,
    as_json: Json = False,
    save: Annotated[
        Path | None, typer.Option("--save", metavar="DIR", help="Keep plan, outcomes and evidence frames in a new folder.")
    ] = None,
    model: Model = None,
    engine: Engine = None,
    device: Device = None,
    insist: Insist = False,
    planner_model: Planner = None,
    servers: Servers = None,
) -> None:
    """Plans, looks and answers; each statement names the step it rests on.

    The run's id comes first: `medvid resume RUN` goes on with a run that was interrupted."""
    import anyio

    flags = {"model": model, "engine": engine, "device": device, "planner_model": planner_model, "mcp_servers": servers}
    anyio.run(_ask, video, question, flags, insist, as_json, save.resolve() if save else None, dry_run)


async def _ask(video: str, question: str, flags: dict[str, Any], insist: bool, as_json: bool, save: Path | None, dry_run: bool) -> None:
    from medvid.app import access_of, open_planner
    from medvid.cli.asking import WAYS_ON, checked_plan, finish, open_tools
    from medvid.cli.remembered import remember
    from medvid.cli.source import given_files, open_source
    from medvid.cli.steps import step_lines
    from medvid.core import Plan
    from medvid.report.saved import check_folder

    if save is not None and not dry_run:
        check_folder(save)
    settings = settings_of(**flags)
    library, video_id = open_source(settings, video)
    async with open_tools(settings, library) as client:
        planner = open_planner(settings)
        planned, simulated = await checked_plan(client, video_id, question, insist=insist, planner=planner)
        if dry_run:
            return _show(planned, as_json)
        from medvid.agent.runs import ask, new_run_id

        plan = planned if isinstance(planned, Plan) else None
        if plan is not None and settings.model is None and not simulated and not insist:
            _show(plan, as_json)
            typer.echo(WAYS_ON, err=True)
            raise typer.Exit(2)
        run_id = new_run_id()
        typer.echo(f"run {run_id}", err=True)
        remember(run_id, given_files(video), {**flags, "save": None if save is None else str(save)})
        if plan is not None and not as_json:
            _show(plan, as_json)
        with step_lines() as tell:
            run = await ask(question, [video_id], client, run_id=run_id, plan=plan, planner=planner, insist=insist, on_event=tell)
    finish(run, as_json=as_json, save=save, library=library, access=access_of(settings))


def _show(planned: Plan | Needs, as_json: bool) -> None:
    """A plan, or what is needed before there can be one, which ends with 2."""
    import json

    from rich.console import Console

    from medvid.cli.asking import print_needs
    from medvid.core import Plan
    from medvid.report.tables import plan_table

    if as_json:
        typer.echo(json.dumps(planned.to_json() if isinstance(planned, Plan) else {"needs": planned.model_dump(mode="json")}))
    elif isinstance(planned, Plan):
        Console().print(plan_table(planned))
    else:
        print_needs(Console(), planned)
    if not isinstance(planned, Plan):
        raise typer.Exit(2)
