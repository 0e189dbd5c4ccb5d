"""Asks a judge: any OpenAI-compatible server, told in medvid/prompts/judge.toml; or, as the leaderboard does without one, MiniLM's cosine.

The judged texts go in as one JSON object, which nothing inside them can end. Source: OpenAI, "Chat Completions" (`json_schema`).
"""

import asyncio
import json
import os
import re
from collections.abc import Callable, Sequence
from typing import Any

from medvid.core import ConfigError, EngineError
from medvid.medvidbench.judge import Marks, Texts, Verdict, key_of
from medvid.medvidbench.nearest import vectors
from medvid.prompts.judge import WORDS

MINILM, REPLY_TOKENS = "all-MiniLM-L6-v2", 256
_LINE = re.compile(r"\b(R\d)\W{0,4}:\W{0,4}([A-Za-z]+|\d+(?:\.\d+)?)(?:\s*/\s*5\b)?")


def read_marks(text: str, allowed: Sequence[int | str]) -> Marks | None:
    """JSON, else lines `R2: N`. None unless each aspect has one mark, of those allowed."""
    try:
        found = json.loads(text[text.find("{") : text.rfind("}") + 1])
    except ValueError:
        lines = set(_LINE.findall(text))
        found = dict(lines) if len({name for name, _ in lines}) == len(lines) else {}
    marks = {str(mark): mark for mark in allowed}
    read = {name: marks.get(str(found.get(name))) for name in WORDS["aspects"]} if isinstance(found, dict) else {}
    return read if read and None not in read.values() else None


class Judge:
    """Texts leave this machine for `endpoint` and nowhere else."""

    def __init__(self, endpoint: str, model: str, key: str, timeout_s: float) -> None:
        """key: the name of the environment's variable that holds it. Raises ConfigError where the client is not installed."""
        try:
            import openai

            from medvid.engine.remote import ATTEMPTS, failure_of
        except ImportError as error:
            raise ConfigError(f"a judge needs the openai client ({error}); `pip install 'medvid[remote]'`") from error
        own, self._model, self._takes_schema, self._errors = os.environ.get(key) or "none", model, True, openai.APIError
        self._failure: Callable[[Any], Exception] = lambda error: failure_of(error, endpoint, timeout_s, key)
        self._client = openai.AsyncOpenAI(base_url=endpoint, api_key=own, timeout=timeout_s, max_retries=ATTEMPTS - 1)

    async def ask(self, texts: Texts) -> Verdict:
        """Held to a schema; as plain text where the server takes that and not the schema. Raises MedVidError where the server stays busy or
        away, wants another key, or refuses."""
        form = WORDS["absolute" if len(texts) == 2 else "comparative"]
        asked = [form["request"], *(f"{name}: {what}" for name, what in WORDS["aspects"].items())]
        asked.append(json.dumps(dict(zip(form["names"], texts, strict=True)), ensure_ascii=False))
        messages = [{"role": "system", "content": WORDS["system"]}, {"role": "user", "content": "\n".join(asked)}]
        body: dict[str, Any] = {"model": self._model, "temperature": 0.0, "max_tokens": REPLY_TOKENS, "messages": messages}
        for held in [{"response_format": form["response_format"]}, {}] if self._takes_schema else [{}]:
            try:
                answer = await self._client.chat.completions.create(**body, **held)
                break
            except self._errors as error:
                if not held or getattr(error, "status_code", 0) not in (400, 422):
                    raise self._failure(error) from error
        self._takes_schema = bool(held)
        message = answer.choices[0].message if answer.choices else None
        text = (message.content or message.refusal or "") if message else ""
        marks = read_marks(text, form["marks"])
        return Verdict(key=key_of(self._model, texts), judge=self._model, marks=marks, reply="" if marks else text[:2000])


class Cosine:
    """The fallback: from 0 to 1. Raises ConfigError where the sentence vectors are not installed."""

    async def ask(self, texts: Texts) -> Verdict:
        truth, answer = vectors(texts)
        return Verdict(key=key_of(MINILM, texts), judge=MINILM, marks={"cosine": max(0.0, float(truth @ answer))})


async def judge_all(judge: Judge | Cosine, asked: Sequence[Texts], jobs: int, keep: Callable[[Verdict], None]) -> list[str]:
    """jobs: under way at once. keep: hears each verdict as it comes. Why texts were refused. Raises the first other MedVidError; what was
    kept stays."""
    slots, refused = asyncio.Semaphore(jobs), list[str]()

    async def one(texts: Texts) -> None:
        async with slots:
            try:
                keep(await judge.ask(texts))
            except EngineError as error:
                if not error.refused:
                    raise
                refused.append(str(error))

    await asyncio.gather(*map(one, asked))
    return refused
