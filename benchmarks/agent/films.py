"""The questions of the benchmark, their videos rendered into an ignored folder, and the engines that look at them."""

import hashlib
import inspect
import json
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from medvid.agent import runs
from medvid.core import Span
from medvid.engine.base import Engine, Reply, Request
from medvid.engine.profiles import EMBEDDED
from medvid.medvidbench.oracle import OracleEngine
from medvid.simulate import Truth, clip_of, make_procedure, write_video
from medvid.simulate.file import VERSION
from medvid.video import probe

HERE = Path(__file__).parent
RENDERED = HERE / ".videos" / str(VERSION)
QUESTIONS = HERE / "questions"
HALVES = ("locked", "open")
FREE_TEXT = {"caption_events", "caption_region", "summarize_video"}


def records(half: str) -> list[dict[str, Any]]:
    lines = [line for name in HALVES if half in (name, "both") for line in (QUESTIONS / f"{name}.jsonl").read_text("utf-8").splitlines()]
    return [json.loads(line) for line in lines]


def spread(found: Sequence[Any], limit: int | None) -> list[Any]:
    """At most `limit` of them, evenly spread."""
    n = len(found) if limit is None else min(limit, len(found))
    return [found[i * len(found) // n] for i in range(n)]


@dataclass(frozen=True, slots=True)
class Film:
    file: Path
    video_id: str
    truth: Truth


def film(video: dict[str, Any]) -> Film:
    """Rendered on first use."""
    truth = make_procedure(video["seed"], video["kind"])
    cut = video.get("cut")
    if cut:
        truth = clip_of(truth, Span.of(*cut))
    file = RENDERED / f"{video['kind']}-{video['seed']}{'-{}-{}'.format(*cut) if cut else ''}.mp4"
    if not file.exists():
        RENDERED.mkdir(parents=True, exist_ok=True)
        print(f"rendering {file.name}", file=sys.stderr, flush=True)
        write_video(truth, file)
    return Film(file, probe(file).video_id, truth)


@contextmanager
def titled(videos: Sequence[dict[str, Any]]) -> Iterator[tuple[list[Path], list[Film]]]:
    """The videos as files of the names that the record gives them."""
    films = [film(video) for video in videos]
    with TemporaryDirectory() as folder:
        files = [Path(folder) / f"{video.get('title', f'case {i}')}.mp4" for i, video in enumerate(videos, 1)]
        for file, made in zip(files, films, strict=True):
            try:
                os.link(made.file, file)
            except OSError:
                shutil.copyfile(made.file, file)
        yield files, films


class Tampered:
    """An engine whose free texts carry a sentence more, as a model's might that has read it in the video."""

    def __init__(self, engine: Engine, sentence: str) -> None:
        self.engine, self.sentence = engine, sentence

    def __getattr__(self, name: str) -> Any:
        return getattr(self.engine, name)

    async def generate(self, request: Request) -> Reply:
        reply = await self.engine.generate(request)
        if (request.origin or ("",))[0] not in FREE_TEXT:
            return reply
        return replace(reply, text="\n".join(f"{line} {self.sentence}" for line in reply.text.splitlines()))


def oracle(films: Sequence[Film]) -> OracleEngine:
    """Fed as the embedded model is, but as many frames as a whole procedure has: what it cannot assess is not for want of room."""
    profile = replace(EMBEDDED, name="oracle", frame_budget=256, max_context=32_768)
    return OracleEngine(profile, {made.video_id: made.truth for made in films})


def taken(**arguments: Any) -> dict[str, Any]:
    """Those of the arguments that `runs.ask` takes: an older one is measured as it is."""
    return {name: value for name, value in arguments.items() if name in inspect.signature(runs.ask).parameters}


def state_of_the_code() -> str:
    """A hash of all that an answer depends on: what was measured by other code is not taken up."""
    root = HERE.parents[1]
    kinds = {".py", ".json", ".toml", ".md", ".jsonl", ".jinja", ".safetensors"}
    files = sorted(path for top in ("medvid", "benchmarks/agent") for path in (root / top).rglob("*") if path.suffix in kinds)
    total = hashlib.blake2b(digest_size=8)
    for path in files:
        total.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes())
    return total.hexdigest()
