"""Bearer tokens: who calls over HTTP, and what that caller may do. The settings hold the hash of each token, never the token.

Tokens are random and long, so a plain hash of one cannot be searched. Source: docs/formats.md, "Tokens".
"""

import hashlib
import hmac
import os
import secrets
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from mcp.server import ServerRequestContext
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from starlette.requests import Request

from medvid.core import Access, ConfigError, settings

SHORTEST_TOKEN = 16


class Tokens:
    """The SDK's TokenVerifier over the settings' callers and, for a server with one caller, a single token."""

    def __init__(self, own: Access, callers: Iterable[settings.Caller] = (), single: str | None = None) -> None:
        """own: what a caller without limits of their own may do. Raises ConfigError where the single token is too short."""
        if single is not None and len(single) < SHORTEST_TOKEN:
            few = f"the token has {len(single)} characters, at least {SHORTEST_TOKEN} are needed"
            raise ConfigError(f"{few}; `openssl rand -hex 24` makes one")
        self._known = [(caller.blake2b, caller.access(own)) for caller in callers]
        self._known += [(hash_of(single), replace(own, caller="token"))] if single is not None else []

    async def verify_token(self, token: str) -> AccessToken | None:
        given = hash_of(token)
        for known, access in self._known:
            if hmac.compare_digest(known, given):
                return AccessToken(token=token, client_id=access.caller, scopes=[], claims={"access": access})
        return None


def access_of(context: ServerRequestContext[Any, Any], own: Access) -> Access:
    """What a request's token says, or `own`. The request itself is read, since a session's tasks keep the context of its first request."""
    user = context.request.scope.get("user") if isinstance(context.request, Request) else None
    claims = user.access_token.claims if isinstance(user, AuthenticatedUser) else None
    return claims["access"] if claims else own


def new_token(caller: str) -> str:
    """A new token, which stands nowhere else: its hash goes into `tokens.toml`, for its owner to read only. Raises ConfigError."""
    token = secrets.token_urlsafe(32)
    settings.load(callers=({"name": caller, "blake2b": hash_of(token)},))  # refuses a name that cannot be one
    file = settings.tokens_file()
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a", encoding="utf-8") as out:
        os.fchmod(out.fileno(), 0o600)
        out.write(f'\n[[callers]]\nname = "{caller}"\nblake2b = "{hash_of(token)}"\n')
    return token


def hash_of(token: str) -> str:
    return hashlib.blake2b(token.encode("utf-8", "surrogateescape"), digest_size=32).hexdigest()
