"""`medvid chat`: questions about the same videos, one after the other, each understood from those before it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import typer

from medvid.cli.options import Approve, Device, Engine, Insist, Json, Model, NoVerify, Thread, Yes, examples
from medvid.cli.source import Videos

if TYPE_CHECKING:
    from medvid.cli.asking import Session

EXAMPLES = examples("medvid chat operation.mp4", "medvid chat --thread monday", "medvid chat operation.mp4 --json < questions.txt")
HELP = "Ask in plain words. /plan shows the last plan, /videos what is asked about, /quit leaves. Ctrl-C stops a question, twice leaves."


def chat(
    videos: Videos, thread: Thread = None, as_json: Json = False, yes: Yes = False, approve: Approve = False, no_verify: NoVerify = False,
    model: Model = None, engine: Engine = None, device: Device = None, insist: Insist = False,
) -> None:  # fmt: skip
    """A conversation about one or more videos. What was found is not looked for again, and "that" means what was last found.

    Questions are read from the terminal or, a line each, from standard input. The thread is kept until `medvid threads forget`."""
    from medvid.agent.runs import new_run_id
    from medvid.cli.asking import open_session

    thread, flags = thread or new_run_id(), {"model": model, "engine": engine, "device": device}
    how: dict[str, Any] = {"as_json": as_json, "thread": thread, "yes": yes, "approve": approve, "insist": insist, "verify": not no_verify}
    with open_session(flags, videos, brief=True, **how) as session:
        typer.echo(f"thread {thread}: `medvid chat --thread {thread}` goes on with it. {HELP}", err=True)
        worst = _talk(session)
    if worst and not sys.stdin.isatty():
        raise typer.Exit(worst)


def _talk(session: Session) -> int:
    """Until the input ends. Gives the highest exit code of what was asked."""
    from medvid.cli.asking import code_of
    from medvid.core import MedVidError, Plan

    sys.stdin.reconfigure(errors="replace")  # type: ignore[union-attr]
    plan, worst, stopped = Plan(steps=()), 0, False
    while True:
        try:
            line = input("> " if sys.stdin.isatty() else "").strip()
            if not (sys.stdin.isatty() or session.as_json):
                typer.echo(f"> {line}")
            match line:
                case "":
                    pass
                case "/quit":
                    return worst
                case "/plan":
                    session.show_plan(plan)
                case "/videos":
                    typer.echo("\n".join(session.note["videos"]))
                case _ if line.startswith("/"):
                    typer.echo(HELP, err=True)
                case _:
                    run = session.ask(line)
                    plan, worst = run.plan, max(worst, code_of(run))
                    session.show(run)
            stopped = False
        except EOFError:
            return worst
        except MedVidError as error:
            typer.echo(f"medvid: {error}", err=True)
            worst = 2
        except KeyboardInterrupt:
            if stopped:
                raise
            stopped = True
            typer.echo("\nStopped; what was found is kept, and `medvid resume RUN` goes on with it. Ctrl-C again leaves.", err=True)
