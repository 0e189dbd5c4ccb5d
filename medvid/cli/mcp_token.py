"""`medvid mcp-token`: a bearer token for one caller of `medvid mcp --http`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from medvid.cli.options import examples

EXAMPLES = examples("medvid mcp-token theatre-2", "medvid mcp-token student --video 0123456789abcdef --max-span-s 600")


def mcp_token(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Who will use it: letters, digits, dots and dashes.")],
    video: Annotated[list[str] | None, typer.Option("--video", metavar="ID", help="A video they may see; all if left out.")] = None,
    max_span_s: Annotated[float | None, typer.Option(help="The longest span one of their calls may look at, in seconds.")] = None,
    tokens: Annotated[Path | None, typer.Option("--tokens", metavar="FILE", help="Where its hash is kept.")] = None,
) -> None:
    """Makes a token and prints it once; the file keeps its hash. To withdraw it, take its entry out and start the server again."""
    from medvid.core.settings import tokens_file
    from medvid.mcp_server.tokens import add_token

    file = tokens or tokens_file()
    typer.echo(add_token(file, name, tuple(video) if video else None, max_span_s))
    typer.echo(f"medvid: shown this once; {name}'s client sends it as `Authorization: Bearer TOKEN`. Its hash is in {file}", err=True)
