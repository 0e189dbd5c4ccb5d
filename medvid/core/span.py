"""Values in time and in the picture: Span (seconds), Box (pixels), TimedBox and Track. Source: docs/formats.md, "Times and boxes"."""

from itertools import pairwise
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, RootModel, model_validator

FROZEN = ConfigDict(frozen=True, extra="forbid")


class Value(BaseModel):
    """What crosses a border: it never changes, and refuses a field that it does not know."""

    model_config = FROZEN


class InstantMark:
    """Marks a float as a point in time, so that core.clip moves it between clip and source."""


Instant = Annotated[float, Field(ge=0, allow_inf_nan=False), InstantMark()]  # A point in time, in seconds.


class Span(Value):
    """A stretch of time, `0 <= start_s <= end_s`; an instant is a span of no length."""

    start_s: float = Field(ge=0, allow_inf_nan=False, description="seconds from the first frame")
    end_s: float = Field(ge=0, allow_inf_nan=False, description="seconds from the first frame, not before start_s")

    @model_validator(mode="after")
    def _forwards(self) -> Self:
        if self.end_s < self.start_s:
            raise ValueError(f"span {self.start_s}-{self.end_s} s runs backwards; give the earlier time first")
        return self

    @classmethod
    def of(cls, start_s: float, end_s: float) -> "Span":
        return cls(start_s=start_s, end_s=end_s)

    @property
    def duration_s(self) -> float:
        return self.end_s - self.start_s

    def __str__(self) -> str:
        return f"{self.start_s:.1f}-{self.end_s:.1f} s"

    def cut(self, within: "Span") -> "Span | None":
        """The part of this span inside `within`; None where they do not meet. Touching leaves an instant only of an instant."""
        start, end = max(self.start_s, within.start_s), min(self.end_s, within.end_s)
        if start > end or (start == end and self.duration_s > 0):
            return None
        return Span.of(start, end)

    def iou(self, other: "Span") -> float:
        """Intersection over the hull, in [0, 1]; two equal instants give 1."""
        hull = max(self.end_s, other.end_s) - min(self.start_s, other.start_s)
        if hull == 0:
            return 1.0
        return max(0.0, min(self.end_s, other.end_s) - max(self.start_s, other.start_s)) / hull


class Box(RootModel[tuple[float, float, float, float]]):
    """A rectangle `[x1, y1, x2, y2]` in pixels of an upright frame, `x1 < x2`, `y1 < y2`; origin top left."""

    model_config = ConfigDict(frozen=True)

    @model_validator(mode="after")
    def _has_area(self) -> Self:
        x1, y1, x2, y2 = self.root
        if not (x1 < x2 and y1 < y2):
            raise ValueError(f"box {list(self.root)} has no area; give x1 < x2 and y1 < y2")
        return self

    @classmethod
    def of(cls, x1: float, y1: float, x2: float, y2: float) -> "Box":
        return cls((x1, y1, x2, y2))

    @property
    def area(self) -> float:
        x1, y1, x2, y2 = self.root
        return (x2 - x1) * (y2 - y1)

    def iou(self, other: "Box") -> float:
        ax1, ay1, ax2, ay2 = self.root
        bx1, by1, bx2, by2 = other.root
        shared = max(0.0, min(ax2, bx2) - max(ax1, bx1)) * max(0.0, min(ay2, by2) - max(ay1, by1))
        return shared / (self.area + other.area - shared)

    def scaled(self, x: float, y: float) -> "Box":
        x1, y1, x2, y2 = self.root
        return Box.of(x1 * x, y1 * y, x2 * x, y2 * y)

    def cut(self, width: float, height: float) -> "Box | None":
        """The part inside a frame of this size; None where nothing is left."""
        x1, y1, x2, y2 = self.root
        x1, y1, x2, y2 = max(x1, 0.0), max(y1, 0.0), min(x2, width), min(y2, height)
        return Box.of(x1, y1, x2, y2) if x1 < x2 and y1 < y2 else None


class TimedBox(Value):
    """Where something is at one time."""

    time_s: Instant
    box_px: Box


class Track(RootModel[tuple[TimedBox, ...]]):
    """Where something is over time; times strictly increase."""

    model_config = ConfigDict(frozen=True)

    @model_validator(mode="after")
    def _in_time_order(self) -> Self:
        times = [item.time_s for item in self.root]
        if any(later <= earlier for earlier, later in pairwise(times)):
            raise ValueError(f"track times {times} do not increase; sort them and keep one box a time")
        return self

    def at(self, time_s: float) -> Box | None:
        """The box at this time, to a tenth of a second; None where none is given."""
        return next((item.box_px for item in self.root if abs(item.time_s - time_s) < 0.05), None)
