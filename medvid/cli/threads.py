"""`medvid threads`: the conversations that are kept; one of them; or none of it any more."""

from typing import Annotated, Literal

import typer

from medvid.cli.options import Json, examples

EXAMPLES = examples("medvid threads", "medvid threads show monday", "medvid threads forget monday")


def threads(
    action: Annotated[Literal["list", "show", "forget"], typer.Argument(help="What to do.")] = "list",
    name: Annotated[str, typer.Argument(metavar="NAME", help="The thread's.")] = "",
    caller: Annotated[str, typer.Option(help="Whose it is, where a server's caller began it.")] = "",
    as_json: Json = False,
) -> None:
    """Lists the conversations of `chat`, `ask --thread` and a server's callers, shows one, or forgets one for good.

    What is forgotten, with its questions, answers and runs, is gone from the file."""
    import json
    from datetime import datetime

    import anyio

    from medvid.agent.threads import forget, listed, memory_of
    from medvid.core import ConfigError

    if action == "list":
        for row in listed():
            asked = datetime.fromtimestamp(row["asked_s"]).astimezone().isoformat(sep=" ", timespec="minutes")
            whose = f", of {row['caller']}" if row["caller"] else ""
            turns = f"{row['runs']} question{'' if row['runs'] == 1 else 's'}"
            typer.echo(json.dumps(dict(row)) if as_json else f"{row['thread']}: {turns}, last {asked}{whose}")
    elif action == "forget":
        forget(name, caller)
        typer.echo(f"forgotten: {name}", err=True)
    else:
        memory, _ = anyio.run(memory_of, name, caller)
        if not memory.turns:
            raise ConfigError(f"there is no thread {name!r}, or nothing in it was answered; `medvid threads` lists those that are")
        for turn in memory.turns:
            said = [f"{statement.text} [{statement.step}]" for statement in turn.answer.statements]
            said += [turn.answer.needs.question] if turn.answer.needs else []
            typer.echo(json.dumps(turn.to_json()) if as_json else "\n".join([f"> {turn.question}", *said, f"run {turn.id}", ""]))
