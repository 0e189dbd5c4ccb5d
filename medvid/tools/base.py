"""Tool: one task of the benchmark in one place. What it asks, how the answer is read, how a true answer is written, how it is scored.

A tool is synchronous and pure. Times are clip seconds and boxes checkpoint pixels, but for `merge`, which works in source seconds; the
toolbox moves them. Adding a task is one file here, one line in registry.py, NAME.toml in medvid/prompts, one test.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Literal, TypeVar

from pydantic import BaseModel, Field, ValidationError

from medvid.core import ArgumentsError, Case, Span, TimedBox, Value
from medvid.core.clip import Clip
from medvid.prompts import FORMS, Wording
from medvid.tools.spans import time_text

NOT_OBSERVED = "Not observed."  # What a checkpoint that `abstains` was trained to answer where the thing asked for does not occur.
M = TypeVar("M", bound=BaseModel)
R = TypeVar("R", bound=BaseModel)


class Args(Value):
    """What every video tool takes beside its own arguments."""

    video_id: str = Field(pattern=r"^[0-9a-f]{16}$", description="16 hexadecimal digits, from list_videos")
    span: Span | None = Field(default=None, description="the stretch to look at, in seconds of the video; the whole video if left out")
    fps: float | None = Field(default=None, gt=0, le=60, description="frames a second to look at; the model's usual rate if left out")
    insist: bool = Field(default=False, description="answer even where the model was not trained for this kind of video")


class StyleArgs(Args):
    """What tools that write free text take as well."""

    style: Literal["gpt", "gemini"] = Field(default="gpt", description="whose reference captions the text is to be like")


A = TypeVar("A", bound=Args)


def read_args(name: str, args_type: type[M], given: Mapping[str, Any]) -> M:
    """The arguments of a call of `name`. Raises ArgumentsError naming each that does not fit, and those that it takes."""
    try:
        return args_type.model_validate(dict(given))
    except ValidationError as error:
        wrong = []
        for item in error.errors(include_url=False):
            place = ".".join(str(part) for part in item["loc"]) or "arguments"
            if item["type"] == "extra_forbidden":
                wrong.append(f"{place}: no such argument")
            elif item["type"] == "missing" or isinstance(item["input"], dict | list):
                wrong.append(f"{place}: {item['msg'].removeprefix('Value error, ')}")
            else:
                wrong.append(f"{place}: {item['msg']}, not {item['input']!r}")
        takes = ", ".join(args_type.model_fields) or "no arguments"
        raise ArgumentsError(f"{name}: {'; '.join(wrong)}. It takes: {takes}.") from error


def is_not_observed(text: str) -> bool:
    return re.fullmatch(r"\W*not\s+observed\W*", text, re.IGNORECASE) is not None


def verbatim(text: str) -> str:
    """A regular expression of this text alone. Only what has a meaning is escaped: not every engine knows an escaped blank."""
    return re.sub(r"([\\.^$*+?{}()|\[\]])", r"\\\1", text)


def span_of(args: Args) -> Span:
    """The span asked about. The toolbox always sets it; who puts a question without it gets a ValueError."""
    if args.span is None:
        raise ValueError("a question needs args.span: the span that the frames cover, in clip time")
    return args.span


@dataclass(frozen=True, slots=True)
class Reading(Generic[R]):
    """What a text says. result: None where the text is `Not observed.`; dropped: one line for each item left out, and why."""

    result: R | None
    dropped: tuple[str, ...] = ()


class Tool(ABC, Generic[A, R]):
    name: ClassVar[str]  # at most 20 characters, a verb and a noun
    qa_types: ClassVar[tuple[str, ...]]
    long: ClassVar[Literal["windows", "whole", "last"]]  # what a span above the frame budget gets, see looks.py
    tokens: ClassVar[int]  # what an answer needs
    min_frames: ClassVar[int] = 1  # with fewer, no answer is worth having
    procedures: ClassVar[tuple[str, ...] | None] = None  # words of which a declared procedure must hold one, None for any
    args_type: ClassVar[type[Args]]
    result_type: ClassVar[type[BaseModel]]

    @property
    def description(self) -> str:
        """What a client reads of the tool."""
        return FORMS[self.name].description

    def question(self, args: A, case: Case, wording: Wording) -> str:
        """The text put to the model. Parts that `case` does not state are left out."""
        return wording.ask(self.name, case, self.values(args), style=getattr(args, "style", None))

    def values(self, args: A) -> dict[str, str]:
        """What the question may name beside the case: words as they stand, times with one decimal."""
        span = span_of(args)
        said = {**dict(args), "start_s": span.start_s, "end_s": span.end_s}
        words = {name: value for name, value in said.items() if isinstance(value, str)}
        return words | {name: time_text(value) for name, value in said.items() if isinstance(value, float)}

    def pattern(self, args: A, case: Case) -> str | None:
        """A regular expression of what `render` writes of a result, for engines that can constrain; None for free text. Plain enough for
        any of them: no look-around, no reference back, every repetition bounded."""
        return None

    def stride_s(self, args: A) -> float | None:
        """The step of the times asked for, where the answer stands on a regular grid; windows then start on it and need no overlap."""
        return None

    def drawn(self, args: A) -> TimedBox | None:
        """The box that the model is shown on a frame instead of reading it."""
        return None

    def max_tokens(self, args: A) -> int:
        return self.tokens

    def parse(self, text: str, clip: Clip, case: Case) -> Reading[R]:
        """Reads a model's text. Raises ParseError where it is no answer; never guesses."""
        return Reading(None) if is_not_observed(text) else self.read(text, clip, case)

    def render(self, result: R | None) -> str:
        """The text a true answer has; None gives `Not observed.`."""
        return NOT_OBSERVED if result is None else self.write(result)

    def score(self, predicted: R | None, truth: R | None) -> float:
        """One strict reading against one truth, in [0, 1]; equal values give 1."""
        return float(predicted is truth) if predicted is None or truth is None else self.compare(predicted, truth)

    @abstractmethod
    def read(self, text: str, clip: Clip, case: Case) -> Reading[R]:
        """`parse` of a text that tells no absence."""

    @abstractmethod
    def write(self, result: R) -> str:
        """`render` of what there is."""

    @abstractmethod
    def compare(self, predicted: R, truth: R) -> float:
        """`score` where both say that there is something."""

    def merge(self, parts: Sequence[tuple[Span, R | None]]) -> R | None:
        """Joins the answers of windows, in source seconds; only where `long` is `windows`."""
        raise NotImplementedError(f"{self.name} answers one look; it merges nothing")
