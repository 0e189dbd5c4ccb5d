"""A question put from the command line: the parts that stand open meanwhile, the plan, the stop before a real video, what is printed."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.markup import escape

from medvid.agent.catalogue import list_tools, list_videos
from medvid.agent.check import check_plan
from medvid.agent.planner import make_plan
from medvid.core.plan import Plan
from medvid.core.run import RESEARCH_USE, Needs, Run
from medvid.report.run_tables import evidence_table, reliability_lines
from medvid.report.saved import save_run

if TYPE_CHECKING:
    from medvid.core.access import Access
    from medvid.core.settings import Settings
    from medvid.video import Library

WAYS_ON = """\
This is a real video, and no model for real video is configured; the one that comes with medvid knows simulated procedures only.
Nothing was run. The ways on:
  --model DIR    a checkpoint on this machine, or a hub id such as UII-AI/uAI-NEXUS-MedVLM-1.0a-7B-RL. Its weights are about 17 GB: it
                 takes a GPU with 24 GB of memory, or 36 GB of main memory and minutes an answer. MEDVID_MODEL sets it for good.
  a server       on a machine that has such a model, run `medvid mcp --http --model DIR --root FOLDER`, and give its address to your
                 MCP client.
  --insist       ask the small model all the same. What it says of a real video means nothing."""


@asynccontextmanager
async def open_tools(settings: Settings, library: Library) -> AsyncIterator[Any]:
    """An MCP client of the tools, in this process. The weights are read when the first step needs them."""
    from medvid.app import access_of, open_client, open_server, open_toolbox

    toolbox = open_toolbox(settings, library)
    try:
        async with open_client(open_server(toolbox, access=access_of(settings), pictures=False)) as client:
            yield client
    finally:
        await toolbox.engine.aclose()


async def checked_plan(client: Any, video_id: str, question: str, *, insist: bool) -> tuple[Plan | Needs, bool]:
    """The plan, and whether the video is simulated. Raises PlanError where the plan may not run."""
    tools = await list_tools(client)
    (video,) = await list_videos(client, [video_id])
    planned = make_plan(question, [video], tools, insist=insist)
    if isinstance(planned, Plan):
        check_plan(planned, tools)
    return planned, bool(video["simulated"])


def print_needs(console: Console, needs: Needs) -> None:
    """What the asker has to say before a plan can be made."""
    console.print(escape(needs.question))
    for choice in needs.choices:
        console.print(f"  {escape(choice)}")


def print_run(console: Console, run: Run) -> None:
    """Each statement with its step, then the evidence, and how reliable the model was measured to be."""
    if run.answer.needs is not None:
        print_needs(console, run.answer.needs)
        return
    console.print()
    for statement in run.answer.statements:
        console.print(f"{escape(statement.text)} [dim]\\[{statement.step}][/dim]")
    console.print()
    console.print(evidence_table(run))
    for line in reliability_lines(run):
        console.print(f"[dim]{escape(line)}[/dim]")
    console.print(RESEARCH_USE)


def finish(run: Run, *, as_json: bool, save: Path | None, library: Library, access: Access) -> None:
    """Saves and prints a run, and ends with its exit code."""
    if save is not None:
        save_run(run, save, library, access)
    if as_json:
        typer.echo(json.dumps(run.to_json()))
    else:
        print_run(Console(highlight=False), run)
    end(run)


def end(run: Run) -> None:
    """0 answered; 1 ran, but a step failed; 2 the question could not be placed."""
    if run.answer.needs is not None:
        raise typer.Exit(2)
    if run.failures:
        raise typer.Exit(1)
