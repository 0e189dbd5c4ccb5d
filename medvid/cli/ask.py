"""`medvid ask`: a question in plain words about a video or several, answered with its evidence."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from medvid.cli.options import Approve, Device, Engine, Insist, Json, Model, NoVerify, Planner, Servers, Thread, Yes, examples
from medvid.cli.source import Videos

EXAMPLES = examples(
    'medvid ask operation.mp4 "When is the cystic duct clipped?"',
    'medvid ask operation.mp4 "What is the clipper doing?" --dry-run',
    'medvid ask operation.mp4 "Was the critical view of safety achieved?" --save evidence --json',
    'medvid ask monday.mp4 tuesday.mp4 "How long does the clipping of the cystic duct take?" --thread week',
    'medvid ask "And the cystic artery?" --thread week',
)


def ask(
    videos: Videos,
    question: Annotated[str, typer.Argument(metavar="QUESTION", help="In plain words, as one argument; the last one.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the checked plan and run nothing.")] = False,
    save: Annotated[
        Path | None, typer.Option("--save", metavar="DIR", help="Keep plan, outcomes and evidence frames in a new folder.")
    ] = None,
    thread: Thread = None, as_json: Json = False, yes: Yes = False, approve: Approve = False, no_verify: NoVerify = False,
    model: Model = None, engine: Engine = None, device: Device = None, insist: Insist = False, planner_model: Planner = None,
    servers: Servers = None,
) -> None:  # fmt: skip
    """Plans, looks and answers; each statement names the step it rests on.

    The run's id comes first: `medvid resume RUN` goes on with a run that was interrupted, or whose plan waits for a yes. With a thread
    follow-ups are understood, and what was found before is not looked for again."""
    from medvid.cli.asking import end, open_session
    from medvid.report.saved import check_folder

    if save is not None and not dry_run:
        check_folder(save := save.resolve())
    flags = {"model": model, "engine": engine, "device": device, "planner_model": planner_model, "mcp_servers": servers}
    how: dict[str, Any] = {"as_json": as_json, "thread": thread, "yes": yes, "approve": approve, "insist": insist, "verify": not no_verify}
    with open_session(flags, videos, **how) as session:
        if dry_run:
            session.show_plan(session.plan(question))
        else:
            run = session.ask(question, save)
            session.show(run, save)
            end(run)
