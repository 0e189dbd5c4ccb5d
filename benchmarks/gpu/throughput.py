"""Throughput of a 7B behind vLLM on one GPU: medvid's engine against the published way of asking, in one interleaved run.

    python benchmarks/gpu/throughput.py --out DIR        one GPU of 80 GB, no network, within `--minutes`; run again, it goes on in DIR
    python benchmarks/gpu/throughput.py --out DIR --tiny the same program on the CPU build of vLLM with a tiny checkpoint: tests, no figures

The checkpoint has Qwen2.5-VL-7B's configuration and random weights in bfloat16. It is written to disk, not conjured by vLLM's
`load_format: dummy`, so that the engine reads it, checks its memory and finds its tokenizer as it does a published one. The rows of the
output layer that stand for special tokens are zero: a greedy answer then never ends before its length, in either way of asking.

The two ways, each an engine of its own, started with the same arguments but for the prefix cache, each with under half of the GPU's memory:

- `medvid`: VllmEngine. All questions are put at once, at most IN_FLIGHT of them in flight; frames are resized on worker threads meanwhile.
- `published`: vLLM's offline `LLM.generate` on batches of BATCH, prefix cache off, vLLM's other caches as they are; frames of a batch are
  resized in line before it, and a batch waits for the one before. The published code resizes twice and reads JPEG files; this does neither.

Both get the same clips of random pixels at the size of a source frame, new ones each time, so that nothing is known from before.
Source of the configuration: `config.json` of Qwen/Qwen2.5-VL-7B-Instruct; of the busy share: NVML, nvmlUtilization_t, `gpu`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import signal
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

try:
    import numpy as np

    from medvid.core.errors import ConfigError, EngineError
    from medvid.core.frames import Frames
    from medvid.core.settings import EngineOptions
    from medvid.engine.base import Request
    from medvid.engine.checkpoint import Checkpoint, read_checkpoint
    from medvid.engine.profiles import MEDVLM_1_0A_RL
    from medvid.tools.feeding import clip_for, fed_size, resize
except ImportError as error:
    print(f"this Python lacks {error.name}; `pip install 'medvid[vllm]'` on a machine with a GPU, or name another Python", file=sys.stderr)
    raise SystemExit(2) from None

BATCH = 4
"""Of the published inference."""
IN_FLIGHT = 64
RECORDS = 6245
"""Of the benchmark's test set."""
MEMORY_SHARE = 0.44
"""Of the GPU, to each of the two engines."""
PER_CLIP = (1, 8)
WAYS = ("medvid", "published")
SAMPLE_EVERY_S = 0.2
"""NVML renews its figure every 1/6 s to 1 s."""

FIRST_SPECIAL = 151_643
"""Tokens before it are text. Source: tokenizer_config.json of Qwen/Qwen2.5-VL-7B-Instruct, which names those from here on in this order."""
SPECIAL_TOKENS = (
    "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|object_ref_start|>", "<|object_ref_end|>", "<|box_start|>", "<|box_end|>",
    "<|quad_start|>", "<|quad_end|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>", "<|image_pad|>", "<|video_pad|>",
    "<tool_call>", "</tool_call>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<|fim_pad|>", "<|repo_name|>", "<|file_sep|>",
)
IDS = {
    "bos_token_id": 151_643, "eos_token_id": 151_645, "vision_start_token_id": 151_652, "vision_end_token_id": 151_653,
    "image_token_id": 151_655, "video_token_id": 151_656,
}
TEXT_7B = {
    "vocab_size": 152_064, "hidden_size": 3584, "intermediate_size": 18_944, "num_hidden_layers": 28, "num_attention_heads": 28,
    "num_key_value_heads": 4, "max_position_embeddings": 128_000, "rms_norm_eps": 1e-6, "use_sliding_window": False,
    "tie_word_embeddings": False, "bos_token_id": IDS["bos_token_id"], "eos_token_id": IDS["eos_token_id"],
    "rope_parameters": {"rope_type": "default", "rope_theta": 1e6, "mrope_section": [16, 24, 24]},
}
VISION_7B = {
    "depth": 32, "hidden_size": 1280, "intermediate_size": 3420, "num_heads": 16, "out_hidden_size": 3584, "patch_size": 14,
    "spatial_merge_size": 2, "temporal_patch_size": 2, "window_size": 112, "fullatt_block_indexes": [7, 15, 23, 31], "tokens_per_second": 2,
}


@dataclass(frozen=True, slots=True)
class Work:
    """What is asked. source_size: width, height of a frame before it is fed. max_pixels: of a fed frame. questions: in one measurement.
    question_tokens, answer_tokens: of each, all the same."""

    model: str
    text: dict[str, Any]
    vision: dict[str, Any]
    source_size: tuple[int, int]
    max_pixels: int
    frames: int
    questions: int
    question_tokens: int
    answer_tokens: int
    vllm_args: dict[str, Any]

    @property
    def setting(self) -> dict[str, Any]:
        """What has to be equal for two measurements to be put together."""
        said = {key: value for key, value in asdict(self).items() if key not in ("text", "vision", "vllm_args")}
        return {**said, "source_size": list(self.source_size), "batch": BATCH, "in_flight": IN_FLIGHT}


REAL = Work(
    "random-qwen2.5-vl-7b", TEXT_7B, VISION_7B, source_size=(640, 480), max_pixels=MEDVLM_1_0A_RL.max_pixels, frames=64, questions=64,
    question_tokens=128, answer_tokens=64, vllm_args={},
)
TINY = replace(
    REAL, model="random-tiny", source_size=(168, 126), max_pixels=112 * 84, frames=32, questions=8, question_tokens=32, answer_tokens=4,
    text=TEXT_7B | {
        "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 1,
        "rope_parameters": {"rope_type": "default", "rope_theta": 1e6, "mrope_section": [4, 6, 6]},
    },
    vision=VISION_7B | {
        "depth": 2, "hidden_size": 32, "intermediate_size": 48, "num_heads": 2, "out_hidden_size": 64, "fullatt_block_indexes": [1],
    },
    vllm_args={"enforce_eager": True, "skip_mm_profiling": True, "max_model_len": 2048},
)


# The checkpoint


def configuration(work: Work) -> Any:
    from transformers import Qwen2_5_VLConfig

    return Qwen2_5_VLConfig(text_config=work.text, vision_config=work.vision, tie_word_embeddings=False, **IDS)


def tokenizer() -> Any:
    """One token a byte, and names that no text holds up to Qwen's special tokens, which have their published ids."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = [*letters, *(f"<{i}>" for i in range(len(letters), FIRST_SPECIAL))]
    made = Tokenizer(models.BPE(vocab={word: i for i, word in enumerate(words)}, merges=[]))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    made.decoder = decoders.ByteLevel()
    made.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in SPECIAL_TOKENS])
    return PreTrainedTokenizerFast(tokenizer_object=made, eos_token="<|im_end|>", pad_token="<|endoftext|>")


def write_checkpoint(folder: Path, work: Work) -> None:
    """All that a checkpoint's folder holds. `profile.json` comes last: a folder that has it is whole. The weights are drawn on the GPU
    where there is one, and leave it again."""
    import torch
    from transformers import Qwen2_5_VLForConditionalGeneration

    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    usual = torch.get_default_dtype()
    torch.set_default_dtype(torch.bfloat16)
    try:
        with torch.device("cuda" if torch.cuda.is_available() else "cpu"):
            model = Qwen2_5_VLForConditionalGeneration(configuration(work))
    finally:
        torch.set_default_dtype(usual)
    with torch.no_grad():
        model.lm_head.weight[FIRST_SPECIAL:] = 0
    model.generation_config.eos_token_id = [IDS["eos_token_id"], IDS["bos_token_id"]]
    model.save_pretrained(folder, max_shard_size="4GB")
    del model
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    tokenizer().save_pretrained(folder)
    shared = {
        "patch_size": 14, "merge_size": 2, "temporal_patch_size": 2, "processor_class": "Qwen2_5_VLProcessor", "do_resize": True,
        "do_rescale": True, "rescale_factor": 1 / 255, "do_normalize": True, "size": {"shortest_edge": 3136, "longest_edge": 12_845_056},
        "image_mean": [0.48145466, 0.4578275, 0.40821073], "image_std": [0.26862954, 0.26130258, 0.27577711],
    }
    (folder / "preprocessor_config.json").write_text(json.dumps({**shared, "image_processor_type": "Qwen2VLImageProcessor"}))
    video = {**shared, "video_processor_type": "Qwen2VLVideoProcessor", "do_sample_frames": False}
    (folder / "video_preprocessor_config.json").write_text(json.dumps(video))
    budget = min(MEDVLM_1_0A_RL.frame_budget, 2 * work.frames)
    profile = {"name": work.model, "max_pixels": work.max_pixels, "min_pixels": MEDVLM_1_0A_RL.min_pixels, "frame_budget": budget}
    (folder / "profile.json").write_text(json.dumps(profile))


# The questions


def source_frames(work: Work, round_: int, per_clip: int) -> list[Frames]:
    """Clips of random pixels for one measurement, the same ones for the same round."""
    width, height = work.source_size
    random = np.random.default_rng([round_, per_clip])
    times_s = np.arange(work.frames, dtype=np.float64)
    shape = (work.frames, height, width, 3)
    return [
        Frames(np.frombuffer(random.bytes(int(np.prod(shape))), np.uint8).reshape(shape), times_s, 1.0)
        for _ in range(work.questions // per_clip)
    ]


def question_text(work: Work, number: int) -> str:
    """One token a letter."""
    return f"question {number} ".ljust(work.question_tokens, "x")


def fed_request(work: Work, checkpoint: Checkpoint, source: Frames, number: int) -> Request:
    """What the toolbox makes of a question: frames at the fed size, and the clip's own id."""
    profile = checkpoint.profile
    fed = source.with_rgb(resize(source.rgb, fed_size(source.size, profile)))
    clip = clip_for(fed, "0" * 16, source.size, profile)
    return Request(fed, clip, question_text(work, number), work.answer_tokens, told_fps=fed.fps)


# The two ways of asking


@dataclass(frozen=True, slots=True)
class Count:
    """Tokens of a measurement: of prompts, of answers, and those of prompts whose keys and values were there already."""

    tokens_in: int = 0
    tokens_out: int = 0
    tokens_reused: int = 0

    def plus(self, tokens_in: int, tokens_out: int, reused: int, work: Work) -> Count:
        if tokens_out != work.answer_tokens:
            raise EngineError(f"an answer has {tokens_out} tokens where all have {work.answer_tokens}; the work would not be equal")
        return Count(self.tokens_in + tokens_in, self.tokens_out + tokens_out, self.tokens_reused + reused)


class OutOfTime(Exception):
    """The time limit came within a measurement, which is left out."""


class Medvid:
    """medvid's own engine, as its toolbox asks it."""

    def __init__(self, work: Work, checkpoint: Checkpoint, options: EngineOptions) -> None:
        from medvid.engine.vllm import VllmEngine

        self.work, self.checkpoint = work, checkpoint
        self.engine = VllmEngine(checkpoint, options)

    async def start(self) -> None:
        await self.engine.warm()

    async def ask(self, sources: Sequence[Frames], per_clip: int, until: float) -> Count:
        places = asyncio.Semaphore(IN_FLIGHT)

        async def answered(source: Frames, number: int) -> Any:
            async with places:
                request = await asyncio.to_thread(fed_request, self.work, self.checkpoint, source, number)
                return await self.engine.generate(request)

        tasks = [asyncio.create_task(answered(source, number)) for source in sources for number in range(per_clip)]
        try:
            async with asyncio.timeout(until - time.monotonic()):
                replies = await asyncio.gather(*tasks)
        except TimeoutError:
            raise OutOfTime from None
        finally:
            for task in tasks:
                task.cancel()
        count = Count()
        for reply in replies:
            count = count.plus(reply.tokens_in, reply.tokens_out, reply.tokens_reused, self.work)
        return count

    async def close(self) -> None:
        await self.engine.aclose()


class Published:
    """vLLM's offline engine on small batches, one after the other, each made ready before it is asked."""

    def __init__(self, work: Work, checkpoint: Checkpoint, options: EngineOptions) -> None:
        self.work, self.checkpoint, self.options = work, checkpoint, options
        self.thread = ThreadPoolExecutor(max_workers=1)
        self.stopped = threading.Event()
        self.llm: Any = None

    async def start(self) -> None:
        await asyncio.wrap_future(self.thread.submit(self._start))

    async def ask(self, sources: Sequence[Frames], per_clip: int, until: float) -> Count:
        return await asyncio.wrap_future(self.thread.submit(self._ask, sources, per_clip, until))

    async def close(self) -> None:
        self.stopped.set()
        await asyncio.to_thread(self.thread.shutdown)
        if self.llm is not None:
            await asyncio.to_thread(self.llm.llm_engine.engine_core.shutdown)

    def _start(self) -> None:
        from transformers import AutoTokenizer
        from vllm import LLM, SamplingParams

        from medvid.engine.serving import vllm_args

        checkpoint = self.checkpoint
        args = vllm_args(checkpoint.profile, self.options, str(checkpoint.folder), small=checkpoint.small)
        self.llm = LLM(**{**args, "enable_prefix_caching": False})
        self.tokenizer = AutoTokenizer.from_pretrained(checkpoint.folder)
        self.sampling = SamplingParams(temperature=0.0, max_tokens=self.work.answer_tokens, stop_token_ids=sorted(checkpoint.end_ids))

    def _ask(self, sources: Sequence[Frames], per_clip: int, until: float) -> Count:
        questions = [(source, number) for source in sources for number in range(per_clip)]
        count = Count()
        for first in range(0, len(questions), BATCH):
            if self.stopped.is_set() or time.monotonic() > until:
                raise OutOfTime
            prompts = [self._prompt(source, number) for source, number in questions[first : first + BATCH]]
            for output in self.llm.generate(prompts, self.sampling, use_tqdm=False):
                tokens = len(output.outputs[0].token_ids)
                count = count.plus(len(output.prompt_token_ids), tokens, output.num_cached_tokens or 0, self.work)
        return count

    def _prompt(self, source: Frames, number: int) -> dict[str, Any]:
        from medvid.engine.prompt import prompt_ids, video_metadata

        request = fed_request(self.work, self.checkpoint, source, number)
        ids = prompt_ids(
            self.checkpoint.profile, self.tokenizer, question=request.question, system=None, grid=None,
            times_s=request.frames.times_s.tolist(), told_fps=request.told_fps,
        )
        return {"prompt_token_ids": ids, "multi_modal_data": {"video": [(request.frames.rgb, video_metadata(request))]}}


# The measurement


@dataclass(frozen=True, slots=True)
class Sample:
    """One measurement. busy: mean of NVML's share of time in which a kernel ran, 0 to 1; None without a GPU."""

    round: int
    way: str
    per_clip: int
    questions: int
    seconds: float
    tokens_in: int
    tokens_out: int
    tokens_reused: int
    busy: float | None


@contextmanager
def busy_share() -> Iterator[Callable[[], float | None]]:
    """What it yields gives the mean over the body, once that is through."""
    shares: list[float] = []
    import torch

    if not torch.cuda.is_available():
        yield lambda: None
        return
    from vllm.third_party import pynvml

    pynvml.nvmlInit()
    device = pynvml.nvmlDeviceGetHandleByUUID(f"GPU-{torch.cuda.get_device_properties(0).uuid}")
    over = threading.Event()

    def sample() -> None:
        while not over.wait(SAMPLE_EVERY_S):
            shares.append(pynvml.nvmlDeviceGetUtilizationRates(device).gpu / 100)

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield lambda: statistics.fmean(shares) if shares else None
    finally:
        over.set()
        thread.join()
        pynvml.nvmlShutdown()


async def measure(way: Any, name: str, work: Work, round_: int, per_clip: int, until: float) -> Sample:
    sources = source_frames(work, round_, per_clip)
    with busy_share() as busy:
        began = time.perf_counter()
        count = await way.ask(sources, per_clip, until)
        seconds = time.perf_counter() - began
    return Sample(round_, name, per_clip, len(sources) * per_clip, seconds, **asdict(count), busy=busy())


@dataclass
class Kept:
    """What the folder holds of earlier calls, and where each further measurement goes at once. `samples.jsonl`: first the setting."""

    file: Path
    samples: list[Sample]

    @classmethod
    def opened(cls, folder: Path, setting: dict[str, Any]) -> Kept:
        """Raises ConfigError where the folder holds measurements of something else."""
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / "samples.jsonl"
        if not file.is_file():
            file.write_text(json.dumps(setting) + "\n")
            return cls(file, [])
        first, *lines = file.read_text().splitlines()
        if json.loads(first) != setting:
            raise ConfigError(f"{file} holds measurements of another work or machine ({first}); name another folder with --out")
        return cls(file, [Sample(**json.loads(line)) for line in lines])

    def add(self, sample: Sample) -> None:
        with self.file.open("a") as out:
            out.write(json.dumps(asdict(sample)) + "\n")
        self.samples.append(sample)

    @property
    def next_round(self) -> int:
        return max((sample.round for sample in self.samples), default=0) + 1

    def usual_s(self, way: str, per_clip: int) -> float:
        """How long such a measurement takes; 0 where none was made."""
        times = [sample.seconds for sample in self.samples if (sample.way, sample.per_clip) == (way, per_clip)]
        return statistics.median(times) if times else 0.0


async def run(work: Work, kept: Kept, folder: Path, stages: dict[str, float], until: float, rounds: int | None) -> None:
    """Measures until so many rounds are made; raises OutOfTime where the time is over before. stages: gets the seconds of each step
    before the first measurement. An engine that starts is not interrupted, so the time can be over by as much as that takes."""

    @contextmanager
    def stage(name: str) -> Iterator[None]:
        if time.monotonic() > until:
            raise OutOfTime
        say(f"{name} ...")
        began = time.monotonic()
        yield
        stages[name] = round(time.monotonic() - began, 1)

    options = EngineOptions(memory_share=MEMORY_SHARE, vllm_args=work.vllm_args)
    async with AsyncExitStack() as stack:
        with stage("checkpoint"):
            if not (folder / "profile.json").is_file():
                await asyncio.to_thread(write_checkpoint, folder, work)
            checkpoint = read_checkpoint(folder)
        ways: dict[str, Any] = {}
        for name, kind in (("published", Published), ("medvid", Medvid)):
            with stage(f"start of {name}"):
                ways[name] = kind(work, checkpoint, options)
                stack.push_async_callback(ways[name].close)
                await ways[name].start()
        with stage("warming up"):  # unmeasured: kernels are compiled for the sizes that come
            short = replace(work, questions=max(8, work.questions // 4))
            for name in WAYS:
                await measure(ways[name], name, short, 0, 8, until)
        first = kept.next_round
        for round_ in range(first, first + rounds if rounds else sys.maxsize):
            for per_clip in PER_CLIP:
                for name in WAYS:
                    if time.monotonic() + kept.usual_s(name, per_clip) > until:
                        raise OutOfTime
                    kept.add(sample := await measure(ways[name], name, work, round_, per_clip, until))
                    say(f"round {round_}, {per_clip} a clip, {name}: {sample.questions / sample.seconds:.2f} questions a second")


# The report


def spread(values: Sequence[float]) -> dict[str, float]:
    return {name: round(of(values), 4) for name, of in (("median", statistics.median), ("least", min), ("most", max))}


def summary(samples: Sequence[Sample]) -> dict[str, Any]:
    """Medians with least and most, a cell; and how many times faster medvid is, round by round."""
    cells, ratios = [], []
    for per_clip in PER_CLIP:
        rates: dict[str, dict[int, float]] = {}
        for way in WAYS:
            own = [sample for sample in samples if (sample.way, sample.per_clip) == (way, per_clip)]
            rates[way] = {sample.round: sample.questions / sample.seconds for sample in own}
            if not own:
                continue
            per_s = spread(list(rates[way].values()))
            busy = [sample.busy for sample in own if sample.busy is not None]
            cells.append({
                "way": way, "questions_per_clip": per_clip, "measurements": len(own), "questions_per_s": per_s,
                "answer_tokens_per_s": spread([sample.tokens_out / sample.seconds for sample in own]),
                "prompt_tokens_per_s": spread([sample.tokens_in / sample.seconds for sample in own]),
                "prompt_tokens_reused": spread([sample.tokens_reused / sample.tokens_in for sample in own]),
                "gpu_busy": spread(busy) if busy else None, "hours_for_test_set": round(RECORDS / per_s["median"] / 3600, 4),
            })
        ours, theirs = (rates[way] for way in WAYS)
        if both := sorted(ours.keys() & theirs.keys()):
            ratio = spread([ours[round_] / theirs[round_] for round_ in both])
            ratios.append({"questions_per_clip": per_clip, "rounds": len(both), "medvid_over_published": ratio})
    return {"cells": cells, "ratios": ratios}


def table(report: dict[str, Any]) -> str:
    """Markdown. Medians, with least and most in brackets."""

    def shown(value: dict[str, float] | None, digits: int = 0, factor: float = 1, unit: str = "") -> str:
        if value is None:
            return "not measured"
        median, least, most = (f"{value[key] * factor:,.{digits}f}" for key in ("median", "least", "most"))
        return f"{median}{unit} ({least}-{most})"

    heads = (
        "questions a clip", "way", "questions a second", "answer tokens a second", "prompt tokens a second", "of these reused", "GPU busy",
        f"hours for {RECORDS:,} records",
    )
    rows = [
        (
            str(cell["questions_per_clip"]), cell["way"], shown(cell["questions_per_s"], 2), shown(cell["answer_tokens_per_s"]),
            shown(cell["prompt_tokens_per_s"]), f"{cell['prompt_tokens_reused']['median']:.0%}", shown(cell["gpu_busy"], 0, 100, "%"),
            f"{cell['hours_for_test_set']:.2f}",
        )
        for cell in report["cells"]
    ]
    lines = [f"| {' | '.join(row)} |" for row in (heads, ["---"] * len(heads), *rows)] + [""]
    for ratio in report["ratios"]:
        times = shown(ratio["medvid_over_published"], 2)
        lines.append(f"{ratio['questions_per_clip']} a clip: medvid over published, questions a second, {ratio['rounds']} rounds: {times}")
    return "\n".join(lines)


def machine() -> dict[str, Any]:
    import torch

    def installed(name: str) -> str | None:
        try:
            return version(name)
        except PackageNotFoundError:
            return None

    found: dict[str, Any] = {
        "gpu": None, "cpus": os.cpu_count(), "python": platform.python_version(),
        **{name: installed(name) for name in ("vllm", "torch", "transformers", "medvid")},
    }
    if torch.cuda.is_available():
        gpu = torch.cuda.get_device_properties(0)
        found |= {"gpu": gpu.name, "gpu_gib": round(gpu.total_memory / 2**30, 1), "cuda": torch.version.cuda}
    return found


# The program


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def missing(tiny: bool) -> str | None:
    """Why the program cannot run here, and the way out."""
    try:
        import vllm  # noqa: F401
        from vllm.platforms import current_platform
    except ImportError as error:
        return f"vLLM is not installed here ({error}); `pip install 'medvid[vllm]'` on a machine with a GPU"
    import torch

    if tiny and not current_platform.is_cpu():
        return "--tiny needs vLLM's CPU build, and this one is for a GPU; leave --tiny out"
    if not tiny and (current_platform.is_cpu() or not torch.cuda.is_available()):
        return "there is no GPU here, so nothing is measured: one of 80 GB is needed, and a vLLM for it; --tiny tests the program on a CPU"
    return None


def parsed(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("out/gpu"), help="folder of measurements and report; a further call goes on there")
    parser.add_argument("--checkpoint", type=Path, help="folder to keep the random checkpoint in for a further call; temporary if left out")
    parser.add_argument("--minutes", type=float, default=9.0, help="stop after so many, with what there is (default 9)")
    parser.add_argument("--rounds", type=int, help="stop after so many in this call")
    parser.add_argument("--json", action="store_true", help="print the report as JSON, not as a table")
    parser.add_argument("--tiny", action="store_true", help="a tiny checkpoint on the CPU: tests the program, measures nothing of use")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """0: the report holds every cell. 1: it lacks some. 2: the program cannot run here. 130: interrupted. What was measured is kept."""
    args = parsed(argv)
    until = time.monotonic() + args.minutes * 60
    os.environ |= {
        "HF_HUB_OFFLINE": "1", "VLLM_NO_USAGE_STATS": "1", "VLLM_LOGGING_STREAM": "ext://sys.stderr",
        "VLLM_WORKER_MULTIPROC_METHOD": "spawn",  # the second engine starts beside the threads of the first
    }
    os.environ.setdefault("VLLM_LOGGING_LEVEL", "WARNING")
    if why := missing(args.tiny):
        say(why)
        return 2
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ended from outside, it still ends its engines
    work = TINY if args.tiny else REAL
    setting, stages = {**work.setting, "machine": machine()}, dict[str, float]()
    interrupted = False
    try:
        kept = Kept.opened(args.out, setting)
        with tempfile.TemporaryDirectory() as temporary:
            asyncio.run(run(work, kept, args.checkpoint or Path(temporary) / work.model, stages, until, args.rounds))
    except OutOfTime:
        say(f"stopped after {args.minutes:g} minutes; call again with the same --out and --checkpoint to go on")
    except ConfigError as error:
        say(str(error))
        return 2
    except EngineError as error:
        say(f"stopped: {error}")
    except KeyboardInterrupt:
        interrupted = True
    report = {"date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"), "setting": setting, "stages_s": stages, **summary(kept.samples)}
    (args.out / "throughput.json").write_text(json.dumps(report, indent=1) + "\n")
    (args.out / "throughput.md").write_text(table(report) + "\n")
    print(json.dumps(report, indent=1) if args.json else table(report))
    return 130 if interrupted else 0 if len(report["cells"]) == len(WAYS) * len(PER_CLIP) else 1


if __name__ == "__main__":
    sys.exit(main())
