"""A question put from the command line: what stands open meanwhile, the stops before a real video and a costly plan, what is printed."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import click
import typer
from anyio.from_thread import BlockingPortal, start_blocking_portal
from rich.console import Console
from rich.markup import escape

from medvid.agent import runs
from medvid.agent.approval import ALWAYS, Cost, Waiting
from medvid.agent.catalogue import list_tools, list_videos
from medvid.agent.check import check_plan
from medvid.agent.threads import memory_of
from medvid.app import access_of, open_planner, open_tools
from medvid.cli.options import settings_of
from medvid.cli.source import given_files, open_sources
from medvid.cli.steps import step_lines
from medvid.core import RESEARCH_USE, ConfigError, Needs, Plan, PlanError, Run
from medvid.core.plan_file import plan_of, plan_text
from medvid.report.saved import save_run
from medvid.report.tables import evidence_table, plan_table, reliability_lines

if TYPE_CHECKING:
    from medvid.agent.planning import Planner
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


@dataclass(frozen=True, slots=True)
class Session:
    """Tools that stand open while questions are put. Their event loop is the portal's, in a thread of its own, so that Ctrl-C reaches a
    prompt and a running question alike. note: what a run is resumed with. yes: no plan waits; approve: every plan does. brief: without
    plan and evidence, unless they are asked for."""

    portal: BlockingPortal
    client: Any
    planner: Planner
    model: str
    library: Library
    settings: Settings
    note: Mapping[str, Any]
    video_ids: Sequence[str]
    as_json: bool = False
    thread: str | None = None
    yes: bool = False
    approve: bool = False
    insist: bool = False
    verify: bool = True
    brief: bool = False

    def call(self, what: Callable[..., Any], *args: Any) -> Any:
        future = self.portal.start_task_soon(what, *args)
        try:
            return future.result()
        except KeyboardInterrupt:
            future.cancel()
            raise

    def plan(self, question: str) -> Plan | Needs:
        """The checked plan, or what has to be said first. Nothing is run or kept."""
        memory = self.call(memory_of, self.thread)[0] if self.thread else None
        asking = partial(runs.ask, planner=self.planner, memory=memory, insist=self.insist, approve=ALWAYS, checkpoints=Path(":memory:"))
        try:
            run: Run = self.call(asking, question, self.video_ids, self.client)
        except Waiting as waiting:
            return waiting.plan
        return run.answer.needs or run.plan

    def ask(self, question: str, save: Path | None = None) -> Run:
        """The finished run. Its id is told first, for whoever has to resume it."""
        settings, run_id = self.settings, runs.new_run_id()
        listing = self.call(list_videos, self.client, self.video_ids)
        if settings.model is None and not self.insist and not all(video["simulated"] for video in listing):
            self.show_plan(self.plan(question))
            typer.echo(WAYS_ON, err=True)
            raise typer.Exit(2)
        typer.echo(f"run {run_id}", err=True)
        bound = Cost(calls=settings.approve_calls, video_min=settings.approve_video_min, seconds=settings.approve_s)
        asking = partial(
            runs.ask, question, self.video_ids, run_id=run_id, insist=self.insist, verify=self.verify,
            approve=None if self.yes else ALWAYS if self.approve else bound, note={**self.note, "save": save and str(save)},
        )  # fmt: skip
        return self.finish(asking)

    def finish(self, asking: Callable[..., Any]) -> Run:
        """Runs to the end, asking for a yes where the plan waits for one. asking: runs.ask or runs.resume, but for what a session knows."""
        memory = self.call(memory_of, self.thread)[0]
        common = {"client": self.client, "model": self.model, "paces": memory.paces(self.model), "planner": self.planner}
        if self.thread:
            common["memory"] = memory
        while True:
            try:
                with step_lines() as tell:
                    run: Run = self.call(partial(asking, on_event=tell, **common))
                return run
            except Waiting as waiting:
                asking = partial(runs.resume, waiting.run_id, approved=waiting.plan if self.yes else self.approved(waiting))

    def approved(self, waiting: Waiting) -> Plan:
        """What is to be run: the plan that waits, or what an editor made of it. Raises `waiting` where nobody says yes."""
        if not sys.stdin.isatty():
            raise waiting
        console = Console(stderr=self.as_json)
        console.print(plan_table(waiting.plan))
        text = plan_text(waiting.plan)
        while (answer := input(f"This plan needs {waiting.cost}. Run it? [y]es, [n]o, [e]dit: ").strip().lower()[:1]) != "n":
            if answer == "y":
                return waiting.plan
            try:
                edited = click.edit(text, extension=".yaml") if answer == "e" else None
                if edited is not None and edited != text:
                    text = edited
                    plan = plan_of(text, Plan)
                    check_plan(plan, self.call(list_tools, self.client))
                    return plan
            except (click.ClickException, ConfigError, PlanError) as error:
                console.print(f"{escape(str(error))}\n`e` edits it, `y` runs the plan as it was.")
        raise waiting

    def show_plan(self, planned: Plan | Needs) -> None:
        """A plan, or what is needed before there can be one, which ends with 2."""
        if self.as_json:
            typer.echo(json.dumps(planned.to_json() if isinstance(planned, Plan) else {"needs": planned.model_dump(mode="json")}))
        elif isinstance(planned, Plan):
            Console().print(plan_table(planned))
        else:
            print_needs(Console(), planned)
        if not isinstance(planned, Plan):
            raise typer.Exit(2)

    def show(self, run: Run, save: Path | None = None) -> None:
        """Saves a run; prints each statement with its step, and then the evidence."""
        if save is not None:
            save_run(run, save, self.library, access_of(self.settings))
        console = Console(highlight=False)
        if self.as_json:
            typer.echo(json.dumps(run.to_json()))
        elif run.answer.needs is not None:
            print_needs(console, run.answer.needs)
        else:
            if not self.brief:
                console.print(plan_table(run.plan))
            console.print()
            for statement in run.answer.statements:
                console.print(f"{escape(statement.text)} [dim]\\[{statement.step}][/dim]")
            console.print()
            print_evidence(console, run, brief=self.brief)
            console.print(RESEARCH_USE)


@contextmanager
def open_session(flags: Mapping[str, Any], videos: Sequence[str], *, resumed: bool = False, **how: Any) -> Iterator[Session]:
    """videos: what is asked about; those of the thread where none are named. resumed: the run knows its own. how: of a Session."""
    settings = settings_of(**flags)
    named = [str(Path(video).resolve()) if given_files([video]) else video for video in videos]
    if not named and not resumed:
        named = anyio.run(memory_of, how["thread"])[1].get("videos", []) if how.get("thread") else []
        if not named:
            raise ConfigError("no video is named; name a file or a video id, the question last, or the thread of an earlier question")
    library, ids = open_sources(settings, named)
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(open_tools(settings, library)) as (client, model):
        yield Session(portal, client, open_planner(settings), model, library, settings, {"videos": named, "flags": dict(flags)}, ids, **how)


def print_needs(console: Console, needs: Needs) -> None:
    """What the asker has to say before a plan can be made."""
    console.print(escape(needs.question))
    for choice in needs.choices:
        console.print(f"  {escape(choice)}")


def print_evidence(console: Console, run: Run, *, brief: bool = False) -> None:
    """What every statement rests on, and how reliable the model was measured to be, which is all where brief."""
    if not brief:
        console.print(evidence_table(run))
    for line in reliability_lines(run):
        console.print(f"[dim]{escape(line)}[/dim]")


def code_of(run: Run) -> int:
    """0 answered; 1 ran, but a step failed; 2 the question could not be placed."""
    return 2 if run.answer.needs is not None else 1 if run.failures else 0


def end(run: Run) -> None:
    """With the run's exit code."""
    if code := code_of(run):
        raise typer.Exit(code)
