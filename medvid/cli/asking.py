"""A question put from the command line: the parts that stand open meanwhile, the plan, the stop before a real video, what is printed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.markup import escape

from medvid.agent.catalogue import list_tools, list_videos
from medvid.agent.check import check_plan
from medvid.agent.planning import Asked, Planner
from medvid.app import open_tools as open_tools
from medvid.core import RESEARCH_USE, Needs, Plan, Run
from medvid.report.saved import save_run
from medvid.report.tables import evidence_table, reliability_lines

if TYPE_CHECKING:
    from medvid.core import Access
    from medvid.video import Library

WAYS_ON = """\
This is a real video, and no model for real video is configured; the one that comes with medvid knows simulated procedures only.
Nothing was run. The ways on:
  --model DIR    a checkpoint on this machine, or a hub id such as UII-AI/uAI-NEXUS-MedVLM-1.0a-7B-RL. Its weights are about 17 GB: it
                 takes a GPU with 24 GB of memory, or 36 GB of main memory and minutes an answer. MEDVID_MODEL sets it for good.
  a server       on a machine that has such a model, run `medvid mcp --http --model DIR --root FOLDER`, and give its address to your
                 MCP client.
  --insist       ask the small model all the same. What it says of a real video means nothing."""


async def checked_plan(client: Any, video_id: str, question: str, *, insist: bool, planner: Planner) -> tuple[Plan | Needs, bool]:
    """The plan, and whether the video is simulated. Raises PlanError where the plan may not run."""
    tools = await list_tools(client)
    (video,) = await list_videos(client, [video_id])
    planned = (await planner(Asked(question, [video], tools, insist=insist))).made
    if isinstance(planned, Plan):
        check_plan(planned, tools)
    return planned, bool(video["simulated"])


def print_needs(console: Console, needs: Needs) -> None:
    """What the asker has to say before a plan can be made."""
    console.print(escape(needs.question))
    for choice in needs.choices:
        console.print(f"  {escape(choice)}")


def print_evidence(console: Console, run: Run) -> None:
    """What every statement rests on, and how reliable the model was measured to be."""
    console.print(evidence_table(run))
    for line in reliability_lines(run):
        console.print(f"[dim]{escape(line)}[/dim]")


def finish(run: Run, *, as_json: bool, save: Path | None, library: Library, access: Access) -> None:
    """Saves a run, prints each statement with its step and then the evidence, and ends with the run's exit code."""
    if save is not None:
        save_run(run, save, library, access)
    console = Console(highlight=False)
    if as_json:
        typer.echo(json.dumps(run.to_json()))
    elif run.answer.needs is not None:
        print_needs(console, run.answer.needs)
    else:
        console.print()
        for statement in run.answer.statements:
            console.print(f"{escape(statement.text)} [dim]\\[{statement.step}][/dim]")
        console.print()
        print_evidence(console, run)
        console.print(RESEARCH_USE)
    end(run)


def end(run: Run) -> None:
    """0 answered; 1 ran, but a step failed; 2 the question could not be placed."""
    if code := 2 if run.answer.needs is not None else 1 if run.failures else 0:
        raise typer.Exit(code)
