"""`medvid demo`: a fixed question about a fixed simulated operation, and the truth beside each statement."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from medvid.cli.options import Device, Engine, Json, Model, examples

if TYPE_CHECKING:
    from medvid.core import Run, Statement
    from medvid.medvidbench.verdict import Verdict
    from medvid.simulate import Truth

EXAMPLES = examples("medvid demo", "medvid demo --json")
WORDS = {True: "[green]right[/green]", False: "[red]wrong[/red]", None: "[yellow]no answer[/yellow]"}


def demo(model: Model = None, engine: Engine = None, device: Device = None, as_json: Json = False) -> None:
    """Asks about a simulated operation that no training has seen, and prints the truth beside each statement.

    The clip is rendered on first use and kept in the cache."""
    from rich.console import Console
    from rich.markup import escape

    from medvid.app import demo_clip
    from medvid.cli.asking import end, open_session, print_evidence
    from medvid.cli.steps import frame_bar
    from medvid.core import RESEARCH_USE
    from medvid.report.tables import plan_table
    from medvid.simulate import from_tag
    from medvid.simulate.demo import DEMO_QUESTION
    from medvid.video import probe

    with frame_bar("rendering the clip") as heard:
        clip = demo_clip(heard)
    info = probe(clip)
    console = Console(highlight=False, quiet=as_json)
    console.print(f"[bold]{escape(DEMO_QUESTION)}[/bold]")
    console.print(f"{escape(str(clip))}: {info.duration_s:.1f} s, simulated; no training has seen it.")
    with open_session({"model": model, "engine": engine, "device": device}, [str(clip)], as_json=True) as session:
        run = session.ask(DEMO_QUESTION)
    truth = from_tag(info.tags)
    verdicts = [(statement, _verdict(run, statement, truth)) for statement in run.answer.statements]
    if as_json:
        beside = [{"statement": statement.text, **(asdict(verdict) if verdict else {})} for statement, verdict in verdicts]
        typer.echo(json.dumps({**run.to_json(), "verdicts": beside}))
        end(run)
        return
    console.print(plan_table(run.plan))
    print_evidence(console, run)
    console.print("\n[bold]Answer[/bold], with the simulated truth beside each statement")
    for statement, verdict in verdicts:
        console.print(f"  {escape(statement.text)} [dim]\\[{statement.step}][/dim]")
        if verdict is not None:
            console.print(f"      {WORDS[verdict.right]}; truth: {escape(verdict.truth)}")
    console.print(f"\n{RESEARCH_USE}")
    end(run)


def _verdict(run: Run, statement: Statement, truth: Truth | None) -> Verdict | None:
    """None for a statement that rests on no look at the video."""
    from medvid.agent.ledger import Ledger
    from medvid.agent.references import resolve
    from medvid.medvidbench.verdict import judge

    outcomes = run.outcomes.get(statement.step, [])
    index = statement.index or 0
    if truth is None or index >= len(outcomes):
        return None
    step, ledger = run.plan.step(statement.step), Ledger.of_run(run)
    element = resolve(step.for_each, ledger.given)[index] if step.for_each else None
    return judge(step.name, ledger.arguments(step, element), outcomes[index], truth)
