"""Engine: frames and a question in, text out. The one seam between the toolbox and any model.

`generate` is all that an engine must do; batching, caching and queueing are its own business.
"""

from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal, Protocol

from pydantic import Field

from medvid.core import Reliability
from medvid.core.clip import BoxFrame, Clip
from medvid.core.frames import Frames

Architecture = Literal["qwen2_5_vl", "qwen3_vl", "qwen3_5"]
Above0 = Annotated[int, Field(gt=0)]


@dataclass(frozen=True, slots=True)
class Profile:
    """How a checkpoint wants to be fed and asked."""

    name: str
    architecture: Architecture
    factor: int  # both sides of a fed frame are multiples of it: patch size x merge size
    min_pixels: Above0  # of one fed frame
    max_pixels: Above0
    frame_budget: Above0  # most frames in one request
    rates: Annotated[tuple[float, ...], Field(min_length=1)]  # frames a second seen in training, highest first
    default_fps: Annotated[float, Field(gt=0)]  # one of the rates
    box_frame: BoxFrame  # the frame of reference of its boxes
    timestamps: bool  # it reads each frame's own time (Qwen3-VL, Qwen3.5), or one rate (Qwen2.5-VL)
    outer_vision_tokens: bool = False  # the timestamped blocks stand inside one more vision_start/vision_end pair; see prompt.py
    answer_start: str = ""  # what the prompt ends with, behind `assistant` and its newline; see prompt.py
    abstains: bool = False  # it was trained to answer `Not observed.`
    heeds_system: bool = False  # a system message changes its answers
    system: str | None = None  # what its chat template writes where nothing else is given
    constrained: bool = False  # not trained on the answers' forms: it is told them and, where the engine can, held to them
    wording: str = "plain"  # the name of the question form in medvid.prompts
    domain: Literal["simulated", "clinical"] | None = None  # what it was trained on; None is general
    max_context: int = 32_768
    cards: dict[str, Reliability] = field(default_factory=dict)  # measured reliability, by qa_type

    def within(self, max_context: int | None) -> "Profile":
        """The same with at most so many tokens of prompt and answer; None changes nothing."""
        return self if max_context is None else replace(self, max_context=min(max_context, self.max_context))


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """One question on one clip. `frames` are exactly what the model gets, drawn and resized by tools/feeding; engines only patch."""

    frames: Frames
    clip: Clip
    question: str
    max_tokens: int
    told_fps: float | None  # the rate that the model is told; None only in `published` feeding
    system: str | None = None
    temperature: float = 0.0
    pattern: str | None = None  # a regular expression of the whole answer, used where the engine can
    origin: tuple[str, dict[str, Any]] | None = None  # tool and arguments in clip time, for traces and the oracle; never sent to a model


@dataclass(frozen=True, slots=True)
class Reply:
    """finish: "length" where the answer was cut at `max_tokens`. logprobs: one a token of `text`, natural log."""

    text: str
    tokens_in: int = 0
    tokens_out: int = 0
    tokens_reused: int = 0
    finish: Literal["stop", "length"] = "stop"
    logprobs: tuple[float, ...] | None = None


class Engine(Protocol):
    """Answers requests, several at once. Raises EngineError; a cancelled `generate` stops within one token."""

    profile: Profile

    async def warm(self) -> None: ...  # gets ready now what the first request would wait for; raises ConfigError where it cannot be run

    async def generate(self, request: Request) -> Reply: ...

    async def aclose(self) -> None: ...
