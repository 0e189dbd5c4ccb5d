"""How clients reach the server: standard input and output, or streamable HTTP.

HTTP listens on loopback; beyond it the server starts only with a token, which every request must then carry as `Authorization: Bearer`.
Source: MCP specification, "Transports".
"""

from __future__ import annotations

import contextlib
import hmac
import ipaddress
import socket
import sys
from typing import Any

import uvicorn
from mcp.server import Server
from mcp.server.stdio import stdio_server
from mcp.server.transport_security import TransportSecuritySettings
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from medvid.core.errors import ConfigError

PATH = "/mcp"
SHORTEST_TOKEN = 16
GRACE_S = 3
"""How long calls in flight may go on after an interrupt."""


async def serve_stdio(server: Server[Any]) -> None:
    """Until the client closes our standard input. Whatever prints meanwhile lands on stderr: the SDK turns file descriptor 1 there, and the
    redirect takes what Python would hold back in its buffer until the descriptor is the protocol's again."""
    async with stdio_server() as (read, write):
        with contextlib.redirect_stdout(sys.stderr):
            await server.run(read, write, server.create_initialization_options())


def listen(host: str, port: int, token: str | None) -> socket.socket:
    """A bound socket; port 0 takes a free one. Raises ConfigError where the host lies beyond loopback and no good token is given."""
    if token is not None and len(token) < SHORTEST_TOKEN:
        raise ConfigError(f"the token has {len(token)} characters, at least {SHORTEST_TOKEN} are needed; `openssl rand -hex 24` makes one")
    if token is None and not is_loopback(host):
        raise ConfigError(
            f"host {host} can be reached from other machines and no token is set; set one, or listen on 127.0.0.1 and use an SSH tunnel"
        )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise ConfigError(f"cannot listen on {host}:{port}: {error.strerror or error}; choose another port") from error


def web_server(server: Server[Any], listener: socket.socket, token: str | None = None) -> uvicorn.Server:
    """Its `serve([listener])` answers at `address(listener)` until interrupted or told to exit."""
    host = str(listener.getsockname()[0])
    # uvicorn's own logging would write every access to stdout; its warnings go to the log that the program set up.
    config = uvicorn.Config(
        http_app(server, host, token), log_config=None, log_level="warning", access_log=False, timeout_graceful_shutdown=GRACE_S
    )
    return uvicorn.Server(config)


async def serve_http(server: Server[Any], listener: socket.socket, token: str | None = None) -> None:
    await web_server(server, listener, token).serve([listener])


def address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}{PATH}"


def http_app(server: Server[Any], host: str, token: str | None = None) -> Starlette:
    """The SDK's streamable HTTP with its defaults: `json_response` would lose progress, `stateless_http` a client's cancel."""
    app = server.streamable_http_app(streamable_http_path=PATH, host=host, transport_security=_security(host))
    if token is not None:
        app.add_middleware(BearerToken, token=token)
    return app


def _security(host: str) -> TransportSecuritySettings:
    """On loopback a page in the user's browser could reach us through a name that resolves here, so Host and Origin are checked. Beyond it
    we do not know by which names we are called, and the token, which no such page has, protects."""
    if not is_loopback(host):
        return TransportSecuritySettings(enable_dns_rebinding_protection=False)
    names = {"127.0.0.1", "localhost", "[::1]", host}
    return TransportSecuritySettings(
        allowed_hosts=sorted(f"{name}:*" for name in names), allowed_origins=sorted(f"http://{name}:*" for name in names)
    )


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False  # a name: where it leads is not ours to guess


class BearerToken:
    """Refuses, with 401, HTTP requests that do not carry the token."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self.app = app
        self.expected = f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            given = Headers(scope=scope).get("authorization", "").encode()
            if not hmac.compare_digest(given, self.expected):
                refusal = PlainTextResponse("a bearer token is needed", status_code=401, headers={"WWW-Authenticate": "Bearer"})
                await refusal(scope, receive, send)
                return
        await self.app(scope, receive, send)
