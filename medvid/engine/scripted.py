"""ScriptedEngine: answers what it is given, and keeps what it was asked. For tests; no command falls back to it."""

import re
from collections.abc import Callable
from dataclasses import replace

import anyio

from medvid.core import EngineError
from medvid.engine.base import Profile, Reply, Request

Script = str | Reply | Callable[[Request], str | Reply]


class ScriptedEngine:
    """reply: one answer for all, or a function of the request, which may raise EngineError. A token is a word with the space before it.
    token_s: seconds that each token takes, so that tests can cancel in the middle. `tokens_made` counts them over all requests."""

    def __init__(self, profile: Profile, reply: Script, *, token_s: float = 0.0) -> None:
        self.profile = profile
        self.requests: list[Request] = []
        self.tokens_made = 0
        self._reply = reply
        self._token_s = token_s
        self._closed = False

    async def warm(self) -> None:
        """There is nothing to read."""

    async def generate(self, request: Request) -> Reply:
        if self._closed:
            raise EngineError("the scripted engine was closed; open another")
        self.requests.append(request)
        reply = self._reply(request) if callable(self._reply) else self._reply
        if isinstance(reply, str):
            reply = Reply(reply)
        tokens = re.findall(r"\s*\S+", reply.text)
        kept = tokens[: request.max_tokens]
        for _ in kept:
            await anyio.sleep(self._token_s)
            self.tokens_made += 1
        cut = len(kept) < len(tokens)
        return replace(
            reply, text="".join(kept) if cut else reply.text, tokens_in=reply.tokens_in or len(request.question.split()),
            tokens_out=len(kept), finish="length" if cut else reply.finish, logprobs=reply.logprobs[: len(kept)] if reply.logprobs is not
            None else None,
        )

    async def aclose(self) -> None:
        self._closed = True
