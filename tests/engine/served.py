"""A small OpenAI-compatible server on loopback, for tests of the engine `remote`: it answers as it is told, and keeps what it was asked."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route


class FakeServer:
    """reply: the answering text of a question, or a function of the request's JSON to one or to a Response, or to a coroutine of these.
    owner: `vllm` for a server that takes videos. arrived, left: set when a question has come, when its client has gone."""

    def __init__(
        self, reply: str | Callable[[dict[str, Any]], Any], *, owner: str = "vllm", models: tuple[str, ...] = ("medvid-embedded",)
    ) -> None:
        self.reply, self.owner, self.models = reply, owner, models
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.waiting = self.most_waiting = 0
        self.arrived, self.left = asyncio.Event(), asyncio.Event()
        self.address = ""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[FakeServer]:
        routes = [Route("/v1/models", self._list), Route("/v1/chat/completions", self._chat, methods=["POST"])]
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.address = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
            server = uvicorn.Server(uvicorn.Config(Starlette(routes=routes), log_config=None, timeout_graceful_shutdown=1))
            serving = asyncio.create_task(server.serve([listener]))
            try:
                yield self
            finally:
                server.should_exit = True
                await serving

    async def _list(self, request: Request) -> Response:
        self.keys.append(request.headers.get("authorization"))
        listed = [{"id": name, "object": "model", "created": 0, "owned_by": self.owner} for name in self.models]
        return JSONResponse({"object": "list", "data": listed})

    async def _chat(self, request: Request) -> Response:
        body = await request.json()
        self.asked.append(body)
        self.arrived.set()
        self.waiting += 1
        self.most_waiting = max(self.most_waiting, self.waiting)
        try:
            answer = self.reply(body) if callable(self.reply) else self.reply
            if asyncio.iscoroutine(answer):
                answer = await self._unless_left(request, answer)
        finally:
            self.waiting -= 1
        return answer if isinstance(answer, Response) else completion(answer, body["max_tokens"])

    async def _unless_left(self, request: Request, answer: Any) -> Any:
        """What the coroutine gives; cancelled, as vLLM does, when the client has gone."""
        task = asyncio.ensure_future(answer)
        while not task.done():
            if await request.is_disconnected():
                self.left.set()
                task.cancel()
                break
            await asyncio.wait([task], timeout=0.01)
        return await task


def completion(text: str, max_tokens: int = 256, **choice: Any) -> Response:
    """A word is a token, each with the log-probability -0.5."""
    tokens = re.findall(r"\s*\S+", text)
    kept = tokens[:max_tokens]
    logprobs = {"content": [{"token": token, "logprob": -0.5, "top_logprobs": []} for token in kept]}
    finish = "length" if len(kept) < len(tokens) else "stop"
    message = {"role": "assistant", "content": "".join(kept)}
    made = {"index": 0, "message": message, "logprobs": logprobs, "finish_reason": finish, **choice}
    usage: dict[str, Any] = {"prompt_tokens": 40, "completion_tokens": len(kept), "total_tokens": 40 + len(kept)}
    usage |= {"prompt_tokens_details": {"cached_tokens": 16}}
    return JSONResponse({"id": "1", "object": "chat.completion", "created": 0, "model": "m", "choices": [made], "usage": usage})


def refusal(status: int, message: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"error": {"message": message, "type": "error", "code": status}}, status_code=status, headers=headers)


def texts_of(body: dict[str, Any]) -> list[str]:
    """The texts of the user's turn, in order."""
    return [part["text"] for part in body["messages"][-1]["content"] if part["type"] == "text"]
