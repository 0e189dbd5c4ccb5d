"""VllmEngine: a checkpoint held by vLLM in processes of its own; many requests are batched, and a clip's frames are read once for all
questions about it.

The prompt is ours, up to the place of the frames, which vLLM fills in; what it made of it is compared with what we would have written, so a
version of vLLM with other times or another form answers nothing at all. Source: vLLM, AsyncLLM.
"""

import asyncio
import gc
import json
import os
import uuid
from typing import Any, cast

import numpy as np

from medvid.core import ConfigError, EngineError
from medvid.core.clip import Clip
from medvid.core.frames import Frames
from medvid.core.settings import EngineOptions
from medvid.engine.base import Reply, Request
from medvid.engine.checkpoint import Checkpoint, unknown_words_of
from medvid.engine.encode import check_length
from medvid.engine.prompt import IM_END, Tokenizer, prompt_ids, video_metadata
from medvid.engine.serving import check_memory, vllm_args


class VllmEngine:
    """Any checkpoint that vLLM and a profile know. An engine that died is started anew by the next request."""

    def __init__(self, checkpoint: Checkpoint, options: EngineOptions) -> None:
        self.checkpoint = checkpoint
        self.profile = checkpoint.profile
        self.unknown_words = unknown_words_of(checkpoint.folder)
        self._options = options
        self._loading: asyncio.Task[Tokenizer] | None = None
        self._llm: Any = None
        self._running: set[asyncio.Task[Reply]] = set()
        self._closed = False

    async def warm(self) -> None:
        """Reads the weights now, and looks at two grey frames. Raises ConfigError where the model cannot be run."""
        side, times_s = 2 * self.profile.factor, (0.0, 1.0)
        grey = Frames(np.full((2, side, side, 3), 128, dtype=np.uint8), np.array(times_s), 1.0)
        clip = Clip("grey", "0" * 16, times_s, 1.0, self.profile.timestamps, (side, side), (side, side), self.profile.box_frame)
        await self.generate(Request(grey, clip, "What is shown?", 1, 1.0))

    async def generate(self, request: Request) -> Reply:
        if self._closed:
            raise EngineError(f"the engine of {self.profile.name} was closed; open another")
        answer = asyncio.create_task(self._answer(request))
        self._running.add(answer)
        try:
            return await answer
        except asyncio.CancelledError:
            if self._closed and not cast("asyncio.Task[Any]", asyncio.current_task()).cancelling():
                raise EngineError(f"the engine of {self.profile.name} was closed before its answer was whole") from None
            raise
        finally:
            self._running.discard(answer)

    async def aclose(self) -> None:
        """Stops what runs; whoever waits for it gets an EngineError."""
        self._closed = True
        for answer in self._running:
            answer.cancel()
        if self._loading is not None:
            await asyncio.wait([self._loading])
        if self._llm is not None:
            if self._llm.output_handler is not None:  # else it takes the end of its processes for their death, and says so
                self._llm.output_handler.cancel()
            await asyncio.to_thread(self._llm.shutdown)
            self._llm = None
            gc.collect()  # what vLLM still holds of itself, before the interpreter takes its modules away

    async def _answer(self, request: Request) -> Reply:
        tokenizer, loading = await self._loaded(), self._loading
        from vllm import SamplingParams
        from vllm.exceptions import VLLMClientError
        from vllm.sampling_params import RequestOutputKind, StructuredOutputsParams
        from vllm.v1.engine.exceptions import EngineDeadError, EngineGenerateError

        whole, prompt = self._prompts(request, tokenizer)
        check_length(request, self.profile, len(whole))
        end = cast(int, tokenizer.convert_tokens_to_ids(IM_END))
        sampling = SamplingParams(
            temperature=request.temperature, max_tokens=request.max_tokens, logprobs=0, stop_token_ids=[*self.checkpoint.end_ids, end],
            output_kind=RequestOutputKind.FINAL_ONLY, detokenize=False,
            structured_outputs=StructuredOutputsParams(regex=request.pattern) if request.pattern is not None else None,
        )
        inputs = {
            "prompt_token_ids": prompt, "multi_modal_data": {"video": [(request.frames.rgb, video_metadata(request))]},
            "multi_modal_uuids": {"video": [request.clip.id]},
        }
        try:
            async for output in self._llm.generate(inputs, sampling, uuid.uuid4().hex):
                last = output
        except (VLLMClientError, ValueError) as error:
            raise EngineError(f"vLLM refused the request: {error}", refused=True) from error
        except EngineGenerateError as error:
            raise EngineError(f"vLLM failed to answer ({error.__cause__ or error}); its log says more", retryable=True) from error
        except EngineDeadError as error:
            if self._loading is loading:  # the next request starts another; some other one may have done so already
                self._loading = None
            died = "the processes of vLLM died, perhaps for want of memory; its log says more, and asking again starts them anew"
            raise EngineError(died, retryable=True) from error
        if list(last.prompt_token_ids) != whole:
            raise EngineError(
                f"this vLLM makes another prompt of the frames than {self.profile.name} was trained on, of {len(last.prompt_token_ids)} "
                f"tokens where {len(whole)} are right; use --engine local, or a vLLM of the versions that medvid[vllm] names"
            )
        return _reply(last, tokenizer)

    def _prompts(self, request: Request, tokenizer: Tokenizer) -> tuple[list[int], list[int]]:
        """The prompt as it must come out, and the one with a single pad in place of the frames."""
        vision = self.checkpoint.vision
        height, width = (side // vision.patch for side in request.frames.rgb.shape[1:3])
        grid = (-(-len(request.frames) // vision.temporal), height, width)
        told: dict[str, Any] = {
            "question": request.question, "system": request.system, "times_s": request.frames.times_s.tolist(),
            "told_fps": request.told_fps, "merge": vision.merge,
        }
        return prompt_ids(self.profile, tokenizer, grid=grid, **told), prompt_ids(self.profile, tokenizer, grid=None, **told)

    async def _loaded(self) -> Tokenizer:
        if self._loading is None:
            self._loading = asyncio.create_task(asyncio.to_thread(self._load))
        try:
            return await asyncio.shield(self._loading)
        except ConfigError:
            self._loading = None
            raise

    def _load(self) -> Tokenizer:
        """On a thread: starts vLLM and reads the tokenizer. Raises ConfigError with what is missing and the way out."""
        os.environ.setdefault("VLLM_LOGGING_STREAM", "ext://sys.stderr")  # stdout is the program's
        try:
            from vllm import AsyncEngineArgs
            from vllm.platforms import current_platform
            from vllm.v1.engine.async_llm import AsyncLLM
        except ImportError as error:
            raise ConfigError(f"vLLM is not installed here ({error}); `pip install 'medvid[vllm]'`, or use --engine local") from error
        import torch
        from transformers import AutoTokenizer

        if not current_platform.is_cpu():
            if not torch.cuda.is_available():
                raise ConfigError("vLLM finds no GPU here; use --engine local, or --engine remote and a server that has one")
            config = json.loads((self.checkpoint.folder / "config.json").read_bytes())
            check_memory(self.checkpoint, config, self._options, *torch.cuda.mem_get_info())
        args = vllm_args(self.profile, self._options, str(self.checkpoint.folder), small=self.checkpoint.small)
        try:
            self._llm = AsyncLLM.from_engine_args(AsyncEngineArgs(**args, disable_log_stats=True))
        except (RuntimeError, ValueError, TypeError, OSError) as error:  # a bad argument, a core that did not start
            why = " ".join(str(error).split())[:300]
            raise ConfigError(
                f"vLLM could not start {self.profile.name}: {why}; its log above says more. Where memory is too little, MEDVID_MAX_CONTEXT "
                "and MEDVID_QUANTIZATION lower what it takes"
            ) from error
        return cast(Tokenizer, AutoTokenizer.from_pretrained(self.checkpoint.folder))


def _reply(output: Any, tokenizer: Any) -> Reply:
    """From vLLM's RequestOutput. The token that ends an answer is no part of it."""
    answer = output.outputs[0]
    stopped = answer.finish_reason == "stop"
    tokens = list(answer.token_ids)[: -1 if stopped else None]
    logprobs = tuple(chosen[token].logprob for token, chosen in zip(tokens, answer.logprobs, strict=False))
    return Reply(
        tokenizer.decode(tokens, skip_special_tokens=True), tokens_in=len(output.prompt_token_ids), tokens_out=len(tokens),
        tokens_reused=output.num_cached_tokens or 0, finish="stop" if stopped else "length", logprobs=logprobs,
    )
