"""Bearer tokens: who calls over HTTP, and what that caller may see. A file keeps the hash of each token, never the token.

`tokens.json`: `{"tokens": [{"caller": "theatre-2", "blake2b": "64 hexadecimal digits", "videos": null, "max_span_s": null}]}`; null leaves
the server's own limit in force. Tokens are random and long, so a plain hash cannot be searched. Source: docs/formats.md, "Tokens".
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from mcp.server import ServerRequestContext
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from pydantic import BaseModel, Field, ValidationError
from starlette.requests import Request

from medvid.core.access import Access
from medvid.core.errors import ConfigError
from medvid.core.span import FROZEN

SHORTEST_TOKEN = 16


class Entry(BaseModel):
    """One caller."""

    model_config = FROZEN

    caller: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$")
    blake2b: str = Field(pattern=r"^[0-9a-f]{64}$")
    videos: tuple[Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")], ...] | None = None
    max_span_s: float | None = Field(default=None, gt=0)


class TokenFile(BaseModel):
    model_config = FROZEN

    tokens: tuple[Entry, ...] = ()


class Caller(AccessToken):
    """A request's caller, once its token is known."""

    access: Access


class Tokens:
    """The SDK's TokenVerifier over the entries of a file and, for a server with one caller, a single token."""

    def __init__(self, own: Access, *, file: Path | None = None, single: str | None = None) -> None:
        """own: what a caller without limits of their own may do. Raises ConfigError where the file or the token cannot be used."""
        self._known: list[tuple[str, Access]] = []
        for entry in read_tokens(file).tokens if file is not None else ():
            videos = own.videos if entry.videos is None else frozenset(entry.videos)
            self._known.append((entry.blake2b, Access(entry.caller, videos, entry.max_span_s or own.max_span_s)))
        if single is not None:
            if len(single) < SHORTEST_TOKEN:
                few = f"the token has {len(single)} characters, at least {SHORTEST_TOKEN} are needed"
                raise ConfigError(f"{few}; `openssl rand -hex 24` makes one")
            self._known.append((hash_of(single), replace(own, caller="token")))

    def __bool__(self) -> bool:
        return bool(self._known)

    async def verify_token(self, token: str) -> Caller | None:
        given = hash_of(token)
        found = [access for known, access in self._known if hmac.compare_digest(known, given)]
        return Caller(token=token, client_id=found[0].caller, scopes=[], access=found[0]) if found else None


def access_by_token(own: Access) -> Callable[[ServerRequestContext[Any, Any]], Access]:
    """What the caller of a request may do: what their token says, or `own` where none was asked for. The request itself is read, since a
    session's tasks keep the context of its first request."""

    def access_of(context: ServerRequestContext[Any, Any]) -> Access:
        user = context.request.scope.get("user") if isinstance(context.request, Request) else None
        token = user.access_token if isinstance(user, AuthenticatedUser) else None
        return token.access if isinstance(token, Caller) else own

    return access_of


def read_tokens(file: Path) -> TokenFile:
    """Raises ConfigError naming what is wrong, without a hash in it."""
    try:
        return TokenFile.model_validate_json(file.read_bytes())
    except OSError as error:
        raise ConfigError(f"{file} cannot be read ({error.strerror}); `medvid mcp-token NAME` makes it") from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise ConfigError(f"{file} cannot be used: {where}: {first['msg']}; make its entries with `medvid mcp-token NAME`") from None


def add_token(file: Path, caller: str, videos: tuple[str, ...] | None = None, max_span_s: float | None = None) -> str:
    """The new token, which stands nowhere else. The file can be read by its owner only."""
    tokens = read_tokens(file).tokens if file.exists() else ()
    if caller in (entry.caller for entry in tokens):
        raise ConfigError(f"{caller!r} has a token already; take its entry out of {file} first, or choose another name")
    token = secrets.token_urlsafe(32)
    try:
        entry = Entry(caller=caller, blake2b=hash_of(token), videos=videos, max_span_s=max_span_s)
    except ValidationError as error:
        wrong = "; ".join(f"{item['loc'][0]}: {item['msg']}, not {item['input']!r}" for item in error.errors(include_url=False))
        raise ConfigError(f"no token was made: {wrong}") from error
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    written = file.with_name(file.name + ".new")
    with open(os.open(written, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
        out.write(TokenFile(tokens=(*tokens, entry)).model_dump_json(indent=2) + "\n")
    written.replace(file)
    return token


def hash_of(token: str) -> str:
    return hashlib.blake2b(token.encode("utf-8", "surrogateescape"), digest_size=32).hexdigest()
