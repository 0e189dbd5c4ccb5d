"""How clients reach the server: standard input and output, or streamable HTTP, whose token, Host and Origin the SDK checks.

Tokens are handed out by hand: there is no authorization server to point clients to, so no metadata of one (RFC 9728) is announced.
Source: docs/formats.md, "Tokens"; MCP specification, "Transports".
"""

import contextlib
import ipaddress
import socket
import sys
from dataclasses import dataclass
from typing import Any

import uvicorn
from mcp.server import Server
from mcp.server.auth.settings import AuthSettings
from mcp.server.stdio import stdio_server
from mcp.server.transport_security import TransportSecuritySettings
from pydantic import AnyHttpUrl
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from medvid.core import ConfigError
from medvid.mcp_server.tokens import Tokens

PATH = "/mcp"
HEALTH_PATH = "/healthz"
GRACE_S = 3  # How long calls in flight may go on after an interrupt.


@dataclass(frozen=True, slots=True)
class Doors:
    """Who gets in over HTTP."""

    tokens: Tokens | None = None  # None where no token is asked for
    hosts: tuple[str, ...] = ()  # names by which the server is called, beside this machine's own
    origins: tuple[str, ...] = ()  # sites whose pages may call it, such as `https://assistant.example`


async def serve_stdio(server: Server[Any]) -> None:
    """Until the client closes our standard input. Whatever prints meanwhile lands on stderr: the SDK turns file descriptor 1 there, and the
    redirect takes what Python would hold back in its buffer until the descriptor is the protocol's again."""
    async with stdio_server() as (read, write):
        with contextlib.redirect_stdout(sys.stderr):
            await server.run(read, write, server.create_initialization_options())


def listen(host: str, port: int, doors: Doors = Doors()) -> socket.socket:
    """A bound socket; port 0 takes a free one. Raises ConfigError where the host lies beyond loopback and a door stands open."""
    needed = {"token": doors.tokens, "allowed host (--allow-host)": doors.hosts, "allowed origin (--allow-origin)": doors.origins}
    if not is_loopback(host) and (missing := [name for name, given in needed.items() if not given]):
        raise ConfigError(
            f"host {host} can be reached from other machines and no {' and no '.join(missing)} is set; set that (`medvid mcp "
            "--new-token NAME` makes a token), or listen on 127.0.0.1 and use an SSH tunnel"
        )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise ConfigError(f"cannot listen on {host}:{port}: {error.strerror or error}; choose another port") from error


def web_server(server: Server[Any], listener: socket.socket, doors: Doors = Doors()) -> uvicorn.Server:
    """Its `serve([listener])` answers at `address(listener)` until interrupted or told to exit."""
    host = str(listener.getsockname()[0])
    # uvicorn's own logging would write every access to stdout; its warnings go to the log that the program set up.
    config = uvicorn.Config(
        http_app(server, host, doors), log_config=None, log_level="warning", access_log=False, timeout_graceful_shutdown=GRACE_S
    )
    return uvicorn.Server(config)


def address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}{PATH}"


def http_app(server: Server[Any], host: str, doors: Doors = Doors()) -> Starlette:
    """The SDK's streamable HTTP with its defaults: `json_response` would lose progress, `stateless_http` a client's cancel."""
    # The issuer is asked for but told to nobody, as long as there is no resource_server_url.
    auth = AuthSettings(issuer_url=AnyHttpUrl("http://localhost"), resource_server_url=None) if doors.tokens is not None else None
    return server.streamable_http_app(
        streamable_http_path=PATH, host=host, transport_security=_security(host, doors), auth=auth, token_verifier=doors.tokens,
        # For whoever starts the server: it answers, with or without a token, and tells nothing.
        custom_starlette_routes=[Route(HEALTH_PATH, lambda request: PlainTextResponse("ok"))],
    )  # fmt: skip


def _security(host: str, doors: Doors) -> TransportSecuritySettings:
    """A page in a user's browser could reach us through a name that resolves here, so Host and Origin are always checked."""
    near = {"127.0.0.1", "localhost", "[::1]", *([host] if is_loopback(host) else [])}
    hosts = {*doors.hosts, *(f"{name}:*" for name in (*near, *doors.hosts))}
    return TransportSecuritySettings(
        allowed_hosts=sorted(hosts), allowed_origins=sorted({*doors.origins, *(f"http://{name}:*" for name in near)})
    )


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False  # a name: where it leads is not ours to guess
