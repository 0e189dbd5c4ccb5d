"""RemoteEngine: a model behind an OpenAI-compatible server: vLLM's, SGLang's, a hosted one.

vLLM gets a clip as one video, its frames as JPEG with their own times (`media_io_kwargs`), which it takes when started as
`medvid serve-model` says. Any other server gets every frame as an image behind its time. Frames leave this machine only for the address
that the user set.
Source: OpenAI, "Chat Completions"; vLLM, multimodal/media/video.py (`data:video/jpeg`).
"""

import asyncio
import base64
import io
import re
from typing import Any

import openai
from PIL import Image

from medvid.core import ConfigError, EngineError, MedVidError
from medvid.core.settings import EngineOptions
from medvid.engine.base import Profile, Reply, Request
from medvid.engine.checkpoint import UnknownWords
from medvid.engine.prompt import video_metadata

JPEG_QUALITY = 95
ATTEMPTS = 4  # Of one request: the client waits longer before each, or as long as the server says.
BUSY = frozenset({408, 409, 429})  # Statuses below 500 after which the same request may pass.
CONTROL = re.compile(r"<(?=\|\w+\|>)")  # A control token written out in a question; servers would read it as the token.


class RemoteEngine:
    """profile: how the served model is fed. name: what the server calls it. unknown_words: of its checkpoint, where that is here."""

    def __init__(self, profile: Profile, name: str, options: EngineOptions, unknown_words: UnknownWords | None = None) -> None:
        """Raises ConfigError where no address is set."""
        if options.endpoint is None:
            raise ConfigError("the engine remote needs an address: --engine http://127.0.0.1:8000/v1, or MEDVID_ENDPOINT")
        self.profile = profile
        self.unknown_words: UnknownWords = unknown_words or (lambda text: ())
        self._name, self._address, self._timeout_s = name, options.endpoint, options.timeout_s
        key = options.api_key.get_secret_value() if options.api_key is not None else "none"
        self._client = openai.AsyncOpenAI(base_url=options.endpoint, api_key=key, timeout=options.timeout_s, max_retries=ATTEMPTS - 1)
        self._slots = asyncio.Semaphore(options.max_in_flight)
        self._takes_video: bool | None = None

    async def warm(self) -> None:
        """Asks the server what it serves. Raises ConfigError where the model is not among it, EngineError where it does not answer."""
        if self._takes_video is not None:
            return
        try:
            served = [model async for model in self._client.models.list()]
        except openai.APIError as error:
            raise failure_of(error, self._address, self._timeout_s) from error
        if self._name not in (model.id for model in served):
            names = ", ".join(model.id for model in served[:10]) or "nothing"
            raise ConfigError(f"the server at {self._address} does not serve {self._name!r} but {names}; name one of these with --model")
        self._takes_video = any(model.id == self._name and model.owned_by == "vllm" for model in served)

    async def generate(self, request: Request) -> Reply:
        if self._client.is_closed():
            raise EngineError(f"the engine of {self.profile.name} was closed; open another")
        await self.warm()
        async with self._slots:
            body = await asyncio.to_thread(self._body, request)
            try:
                answer = await self._client.chat.completions.create(**body)
            except openai.APIError as error:
                raise failure_of(error, self._address, self._timeout_s) from error
        return self._reply(answer)

    async def aclose(self) -> None:
        await self._client.close()

    def _body(self, request: Request) -> dict[str, Any]:
        text = {"type": "text", "text": CONTROL.sub("< ", request.question)}
        system = self.profile.system if request.system is None else request.system
        body: dict[str, Any] = {
            "model": self._name, "max_tokens": request.max_tokens, "temperature": request.temperature, "logprobs": True,
            "messages": [{"role": "system", "content": system}] if system is not None else [],
        }
        jpegs = [_jpeg(rgb) for rgb in request.frames.rgb]
        content: list[dict[str, Any]] = []
        if self._takes_video:
            url = {"type": "video_url", "video_url": {"url": f"data:video/jpeg;base64,{','.join(jpegs)}"}, "uuid": request.clip.id}
            extra = {"repetition_penalty": 1.0, "media_io_kwargs": {"video": {"num_frames": len(jpegs), **video_metadata(request)}}}
            if self.profile.answer_start:  # the template's way to write it
                extra["chat_template_kwargs"] = {"enable_thinking": False}
            if request.pattern is not None:
                extra["structured_outputs"] = {"regex": request.pattern}
            content, body["extra_body"] = [url], extra
        else:
            first_s = request.frames.times_s[0]
            for jpeg, time_s in zip(jpegs, request.frames.times_s, strict=True):
                content.append({"type": "text", "text": f"<{time_s - first_s:.1f} seconds>"})
                content.append({"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{jpeg}"}})
        body["messages"].append({"role": "user", "content": [*content, text]})
        return body

    def _reply(self, answer: Any) -> Reply:
        """From a ChatCompletion. Raises EngineError where the server kept the answer back."""
        if not answer.choices:
            raise EngineError(f"the server at {self._address} answered without a choice; look at its log", retryable=True)
        choice = answer.choices[0]
        if choice.finish_reason == "content_filter" or choice.message.refusal:
            why = choice.message.refusal or "its content filter"
            raise EngineError(f"{self._name} refuses to answer ({why}); ask another model", refused=True)
        logprobs = [token.logprob for token in choice.logprobs.content or ()] if choice.logprobs is not None else None
        usage, cut = answer.usage, choice.finish_reason == "length"
        details = usage.prompt_tokens_details if usage is not None else None
        return Reply(
            choice.message.content or "", tokens_in=usage.prompt_tokens if usage else 0, tokens_out=usage.completion_tokens if usage else 0,
            tokens_reused=(details.cached_tokens or 0) if details is not None else 0, finish="length" if cut else "stop",
            logprobs=tuple(logprobs) if logprobs else None,
        )


def failure_of(error: openai.APIError, address: str, timeout_s: float, key: str = "MEDVID_API_KEY") -> MedVidError:
    """Whether the server was not reached, was busy, failed, or refuses this request however often it comes. key: where its key stands."""
    where = f"the server at {address}"
    if isinstance(error, openai.APITimeoutError):
        return EngineError(f"{where} gave no answer within {timeout_s:g} s; ask again, or raise MEDVID_TIMEOUT_S", retryable=True)
    if isinstance(error, openai.APIConnectionError):
        said = f"{where} cannot be reached, or broke off its answer ({error.__cause__ or error}); look whether it runs, then ask again"
        return EngineError(said, retryable=True)
    if not isinstance(error, openai.APIStatusError):
        return EngineError(f"{where} gave an answer that cannot be read ({error.message}); look at its log")
    status, said = error.status_code, str(error.message)[:500]
    if status >= 500 or status in BUSY:
        return EngineError(f"{where} is busy or failed (HTTP {status}: {said}); ask again later", retryable=True)
    if status in (401, 403):
        return ConfigError(f"{where} wants another key (HTTP {status}: {said}); set {key}")
    if "trust-request-mm-kwargs" in said:
        return ConfigError(f"{where} does not take the times of frames; start it as `medvid serve-model` says")
    return EngineError(f"{where} refuses the request (HTTP {status}: {said})", refused=True)


def _jpeg(rgb: Any) -> str:
    packed = io.BytesIO()
    Image.fromarray(rgb).save(packed, format="JPEG", quality=JPEG_QUALITY, subsampling=0)
    return base64.b64encode(packed.getvalue()).decode("ascii")
