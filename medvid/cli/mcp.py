"""`medvid mcp`: the tools for any MCP client, over standard input and output or HTTP."""

import tomllib
from pathlib import Path
from typing import Annotated

import typer

from medvid.cli.options import Device, Engine, Files, Model, Planner, Roots, Servers, examples, settings_of

CLIENTS: dict[str, str] = tomllib.loads(Path(__file__).with_name("clients.toml").read_text(encoding="utf-8"))
EXAMPLES = examples(
    "medvid mcp --root recordings",
    "medvid mcp --http --port 8000 --root recordings",
    "medvid mcp --new-token theatre-2",
    "medvid mcp --http --host 0.0.0.0 --allow-host medvid.example --allow-origin https://assistant.example --root recordings",
) + "".join(f"\n\n{client}:\n\n`{line}`" for client, line in CLIENTS.items())


def mcp(
    files: Files = None,
    root: Roots = None,
    http: Annotated[bool, typer.Option("--http", help="Streamable HTTP instead of standard input and output.")] = False,
    host: Annotated[str, typer.Option(help="Where HTTP listens. Beyond loopback a token is needed.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8000,
    token: Annotated[
        str | None, typer.Option(envvar="MEDVID_TOKEN", metavar="TEXT", help="A bearer token that HTTP clients may send.", show_envvar=True)
    ] = None,
    new_token: Annotated[
        str | None, typer.Option("--new-token", metavar="NAME", help="Print a new token for this caller, keep its hash, and stop.")
    ] = None,
    allow_host: Annotated[
        list[str] | None, typer.Option("--allow-host", metavar="NAME", help="A name by which clients call the server; may be given again.")
    ] = None,
    allow_origin: Annotated[
        list[str] | None, typer.Option("--allow-origin", metavar="URL", help="A site whose pages may call it; may be given again.")
    ] = None,
    model: Model = None, engine: Engine = None, device: Device = None, planner_model: Planner = None, servers: Servers = None,
) -> None:  # fmt: skip
    """Serves the tools, frames of the videos, and the planner to an MCP client.

    Without a root or file it serves the demo clip. Nothing outside the named folders is ever served. Once a token was made, every call over
    HTTP needs one; beyond loopback there must be one, and the allowed hosts and origins."""
    import anyio

    from medvid.app import serve

    if new_token is not None:
        from medvid.mcp_server.tokens import new_token as make_token

        return typer.echo(make_token(new_token))
    settings = settings_of(
        model=model, engine=engine, device=device, planner_model=planner_model, mcp_servers=tuple(servers) if servers else None,
        roots=tuple(root) if root else None,
        allow_hosts=tuple(allow_host) if allow_host else None, allow_origins=tuple(allow_origin) if allow_origin else None,
    )  # fmt: skip

    def tell(address: str) -> None:
        typer.echo(f"medvid: serving at {address}; stop with Ctrl-C", err=True)

    anyio.run(lambda: serve(settings, files or [], http=http, host=host, port=port, token=token, on_listening=tell))
