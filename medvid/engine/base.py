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
    """How a checkpoint wants to be fed and asked.

    factor: both sides of a fed frame are multiples of it (patch size x merge size). min_pixels, max_pixels: of one fed frame.
    frame_budget: most frames in one request. rates: frames a second seen in training, highest first; default_fps is one of them.
    timestamps: it reads each frame's own time (Qwen3-VL, Qwen3.5) or one rate (Qwen2.5-VL). outer_vision_tokens: whether the
    timestamped blocks stand inside one more vision_start/vision_end pair. answer_start: what the prompt ends with, behind `assistant` and
    its newline (both: see prompt.py). box_frame: the frame of reference of its boxes. abstains: it was trained to answer `Not observed.`.
    heeds_system: a system message changes its answers. system: what its chat template writes where nothing else is given. constrained: it
    was not trained on the answers' forms, so it is told them and, where the engine can, held to them. wording: the name of the question
    form in medvid.prompts. domain: what it was trained on; None is general. cards: measured reliability by qa_type.
    """

    name: str
    architecture: Architecture
    factor: int
    min_pixels: Above0
    max_pixels: Above0
    frame_budget: Above0
    rates: Annotated[tuple[float, ...], Field(min_length=1)]
    default_fps: Annotated[float, Field(gt=0)]
    box_frame: BoxFrame
    timestamps: bool
    outer_vision_tokens: bool = False
    answer_start: str = ""
    abstains: bool = False
    heeds_system: bool = False
    system: str | None = None
    constrained: bool = False
    wording: str = "plain"
    domain: Literal["simulated", "clinical"] | None = None
    max_context: int = 32_768
    cards: dict[str, Reliability] = field(default_factory=dict)

    def within(self, max_context: int | None) -> "Profile":
        """The same with at most so many tokens of prompt and answer; None changes nothing."""
        return self if max_context is None else replace(self, max_context=min(max_context, self.max_context))


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """One question on one clip. `frames` are exactly what the model gets, drawn and resized by tools/feeding; engines only patch.

    told_fps: the rate the model is told; None only in `published` feeding. pattern: a regular expression of the whole
    answer, used where the engine can. origin: tool name and arguments in clip time, for traces and the oracle; never sent to a model.
    """

    frames: Frames
    clip: Clip
    question: str
    max_tokens: int
    told_fps: float | None
    system: str | None = None
    temperature: float = 0.0
    pattern: str | None = None
    origin: tuple[str, dict[str, Any]] | None = None


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
    """Answers requests, several at once. Raises EngineError; a cancelled `generate` stops within one token. `warm` gets ready now what the
    first request would wait for, and raises ConfigError where the model cannot be run."""

    profile: Profile

    async def warm(self) -> None: ...

    async def generate(self, request: Request) -> Reply: ...

    async def aclose(self) -> None: ...
