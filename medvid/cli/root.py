"""The program `medvid`: its commands, and the one place that turns our errors into a line on stderr and an exit code.

Exit codes: 0 answered; 1 ran, but a step failed; 2 input or configuration; 130 interrupted. Any other exception is a bug and is seen whole.
Commands import what is heavy inside their functions, so that `medvid --help` is quick.
"""

import logging
import sys
from typing import Annotated

import typer

from medvid import __version__
from medvid.cli import ask, bench, chat, check, demo, doctor, mcp, plan, resume, run, serve_model, simulate, threads, tool, train, videos
from medvid.core import EngineError, MedVidError

FAILED, REFUSED = 1, 2

app = typer.Typer(
    name="medvid",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Research use only; not for clinical use. Each command has examples: `medvid ask --help`.",
)
app.command("ask", epilog=ask.EXAMPLES)(ask.ask)
app.command("chat", epilog=chat.EXAMPLES)(chat.chat)
app.command("threads", epilog=threads.EXAMPLES)(threads.threads)
app.command("resume", epilog=resume.EXAMPLES)(resume.resume)
app.command("plan", epilog=plan.EXAMPLES)(plan.plan)
app.command("run", epilog=run.EXAMPLES)(run.run)
app.command("demo", epilog=demo.EXAMPLES)(demo.demo)
app.command("videos", epilog=videos.EXAMPLES)(videos.videos)
app.add_typer(tool.app, name="tool", epilog=tool.EXAMPLES)
app.command("mcp", epilog=mcp.EXAMPLES)(mcp.mcp)
app.command("serve-model", epilog=serve_model.EXAMPLES)(serve_model.serve_model)
app.command("simulate", epilog=simulate.EXAMPLES)(simulate.simulate)
app.add_typer(train.app, name="train")
app.add_typer(bench.app, name="bench")
app.command("check", epilog=check.EXAMPLES)(check.check)
app.command("doctor", epilog=doctor.EXAMPLES)(doctor.doctor)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"medvid {__version__}")
        raise typer.Exit


@app.callback()
def medvid(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Say on stderr what happens inside.")] = False,
) -> None:
    """Answers questions about medical procedure videos, with evidence. Research use only."""
    logging.basicConfig(level=logging.INFO if verbose else logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")


def main() -> None:
    try:
        app()
    except MedVidError as error:
        typer.echo(f"medvid: {error}", err=True)
        sys.exit(FAILED if isinstance(error, EngineError) else REFUSED)
