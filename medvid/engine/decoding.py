"""The one module of inference that imports torch and Transformers: a loaded checkpoint that writes token after token.

Its own greedy loop, because generate() makes up the positions of Qwen2.5-VL itself (positions.py). The part of a prompt that ends with the
video is run by itself and kept, so a second question on the same frames reads only its own words; both ways compute the same numbers.
"""

import copy
import hashlib
import logging
import re
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import torch
from safetensors import SafetensorError
from transformers import AutoModelForImageTextToText, AutoTokenizer
from transformers.utils import logging as transformers_logging

from medvid.core import ConfigError, EngineError
from medvid.engine.base import Request
from medvid.engine.checkpoint import Checkpoint
from medvid.engine.device import choose_device
from medvid.engine.encode import Encoded, check_length, encode
from medvid.engine.prompt import IM_END, Tokenizer

log = logging.getLogger(__name__)

Integers = npt.NDArray[np.int64]
PREFIX_TOKENS = 32_768  # Most tokens whose keys and values are kept for further questions on the same frames.
MISSING_ON_MPS = re.compile(r"'(\w+::[\w.]+)'.*?\bMPS\b", re.DOTALL)
"""What torch says where Apple's mps lacks an operator, in a NotImplementedError."""


class Decoder:
    """A checkpoint on a device. Not for use from two threads at once."""

    def __init__(self, checkpoint: Checkpoint, device: str) -> None:
        """device: `auto`, `cpu`, `cuda` or `mps`. Raises ConfigError where the device or the weights are not there."""
        self.checkpoint = checkpoint
        self.device = torch.device(choose_device(device))
        transformers_logging.disable_progress_bar()
        half = self.device.type != "cpu" and not checkpoint.small
        try:
            self.tokenizer = cast(Tokenizer, AutoTokenizer.from_pretrained(checkpoint.folder))
            model, report = AutoModelForImageTextToText.from_pretrained(
                checkpoint.folder, dtype=torch.bfloat16 if half else torch.float32, output_loading_info=True
            )
        except (OSError, ValueError, KeyError, SafetensorError) as error:
            raise ConfigError(f"the checkpoint {checkpoint.folder} cannot be loaded: {error}; fetch it again, or name another") from error
        if missing := sorted(report["missing_keys"]):
            named = ", ".join(missing[:3])
            raise ConfigError(f"the weights of {checkpoint.folder} lack {len(missing)} tensors ({named}, ...); fetch it again")
        self.model: Any = self._placed(model)
        end = cast(int, self.tokenizer.convert_tokens_to_ids(IM_END))
        self.end_ids = checkpoint.end_ids | {end}
        self._prefixes: OrderedDict[bytes, tuple[Any, int]] = OrderedDict()

    def encode(self, request: Request) -> Encoded:
        """Raises EngineError where prompt and answer do not fit into the context."""
        profile = self.checkpoint.profile
        encoded = encode(request, profile, self.tokenizer, self.checkpoint.vision)
        check_length(request, profile, len(encoded.input_ids))
        return encoded

    def read_video(self, encoded: Encoded) -> tuple[Any, int]:
        """Keys and values of the prompt up to its last video token, a copy to go on with; and how many tokens were there already."""
        end = self._video_end(encoded)
        key = _key(encoded, end)
        reused = end if key in self._prefixes else 0
        if not reused:
            pixels = torch.from_numpy(encoded.pixel_values).to(self.device, self.model.dtype)
            grid = torch.tensor([encoded.grid], device=self.device)
            ids, positions = encoded.input_ids[:end], encoded.position_ids[:, :end]
            _, cache = self._run(ids, positions, None, pixel_values_videos=pixels, video_grid_thw=grid)
            self._prefixes[key] = (cache, end)
            while len(self._prefixes) > 1 and sum(length for _, length in self._prefixes.values()) > PREFIX_TOKENS:
                self._prefixes.popitem(last=False)
        self._prefixes.move_to_end(key)
        return copy.deepcopy(self._prefixes[key][0]), reused

    def tokens(self, encoded: Encoded, video: Any, *, temperature: float = 0.0) -> Iterator[tuple[int, float]]:
        """Endless: each token the checkpoint writes and its log-probability under the plain softmax. Greedy at temperature 0.
        video: what `read_video` gave for this prompt; it is used up."""
        end = self._video_end(encoded)
        logits, cache = self._run(encoded.input_ids[end:], encoded.position_ids[:, end:], video)
        position = int(encoded.position_ids[0, -1])
        while True:
            token, logprob = _pick(logits, temperature)
            yield token, logprob
            position += 1
            logits, cache = self._run(np.array([token]), np.full((3, 1), position), cache)

    def leave_mps(self, error: NotImplementedError) -> None:
        """Goes on on the cpu, for good, where the error names an operator that mps lacks; raises any other error. Half an answer cannot be
        gone on with. Torch's own way, PYTORCH_ENABLE_MPS_FALLBACK, is read when torch is imported, which may have been long ago."""
        if (missing := MISSING_ON_MPS.search(str(error))) is None:
            raise error
        log.warning("mps lacks the operator %s: %s runs on the cpu from here on", missing[1], self.checkpoint.profile.name)
        self._prefixes.clear()
        self.device = torch.device("cpu")
        self.model = self._placed(self.model)

    def text(self, tokens: list[int]) -> str:
        return str(cast(Any, self.tokenizer).decode(tokens, skip_special_tokens=True))

    def _video_end(self, encoded: Encoded) -> int:
        return int(np.flatnonzero(encoded.input_ids == self.checkpoint.vision.video_token_id)[-1]) + 1

    @torch.inference_mode()
    def _run(self, ids: Integers, positions: Integers, cache: Any, **video: torch.Tensor) -> tuple[torch.Tensor, Any]:
        """Logits behind the last of `ids`, float32 (vocabulary,), and the keys and values with those of `ids` added."""
        try:
            output = self.model(
                input_ids=torch.as_tensor(ids, device=self.device)[None], position_ids=torch.as_tensor(positions, device=self.device)[:,
                None], past_key_values=cache, use_cache=True, logits_to_keep=1, **video,
            )
        except RuntimeError as error:
            raise self._out_of_memory(error, len(ids)) from error
        return output.logits[0, -1].float(), output.past_key_values

    def _placed(self, model: Any) -> Any:
        try:
            return model.to(self.device).eval()
        except RuntimeError as error:
            raise self._out_of_memory(error, 0) from error

    def _out_of_memory(self, error: RuntimeError, tokens: int) -> Exception:
        """An EngineError where memory ran out; else the error itself, which is a bug."""
        if not isinstance(error, torch.OutOfMemoryError) and not re.search("allocate memory|out of memory", str(error)):
            return error
        self._prefixes.clear()
        gib = self.checkpoint.weights_bytes / 2**30
        return EngineError(
            f"out of memory on {self.device} with {tokens:,} prompt tokens beside weights of {gib:.1f} GiB; ask for a shorter span or a "
            "lower fps, or use a device with more memory"
        )


def _key(encoded: Encoded, end: int) -> bytes:
    """What the kept part depends on: its tokens, its positions (they carry Qwen2.5-VL's rate) and its pixels."""
    digest = hashlib.blake2b(encoded.input_ids[:end].tobytes(), digest_size=16)
    digest.update(encoded.position_ids[:, :end].tobytes())
    digest.update(encoded.pixel_values.tobytes())
    return digest.digest()


def _pick(logits: torch.Tensor, temperature: float) -> tuple[int, float]:
    logprobs = torch.log_softmax(logits, dim=-1)
    token = int(torch.multinomial(torch.softmax(logits / temperature, dim=-1), 1) if temperature > 0 else logprobs.argmax())
    return token, float(logprobs[token])
