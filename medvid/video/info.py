"""VideoInfo: what is known of a video once it has been looked through, and the checks of times against it. VideoListing: what a caller is
told of it; no path, no file name beyond the cleaned title. Source: docs/formats.md, "Times and boxes".
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import Field

from medvid.core import Action, Span, Value, VideoError

TOLERANCE_S = 5e-4
"""Times are asked for in milliseconds, and Matroska stores them so: a frame counts as shown from half a millisecond before its time."""


@dataclass(frozen=True, slots=True)
class VideoInfo:
    video_id: str
    paths: tuple[Path, ...]  # the file, or the frame files of a list in order
    duration_s: float  # from the first shown frame to the end of the last one that can be decoded
    fps: float  # the regular rate, or frames / duration_s where `variable_rate`
    variable_rate: bool
    size: tuple[int, int]  # width, height, upright
    frames: int  # shown ones
    codec: str
    container: str  # demuxer name, or `frames` for a list
    rotation: int = 0  # degrees (0, 90, 180, 270) by which stored pictures are turned clockwise to stand upright
    mirrored: bool = False  # they are then flipped left to right
    tags: dict[str, str] = field(default_factory=dict)  # of the container, lower-case names
    container_start_s: float = 0.0  # the container's time of second 0
    keys_s: tuple[float, ...] = (0.0,)  # times from which decoding can start, at least a second apart
    starts_s: tuple[float, ...] = ()  # of a list of frames, from when on each is shown
    notes: tuple[str, ...] = ()  # what is wrong with the file

    @property
    def path(self) -> Path:
        return self.paths[0]

    @property
    def name(self) -> str:
        """The file's own name, for messages: no folder leaves the machine."""
        return self.path.name

    def span(self, start_s: float = 0.0, end_s: float | None = None) -> Span:
        """Raises VideoError where the stretch runs backwards or lies outside. An end up to one frame past the video's is its end."""
        end_s = self.duration_s if end_s is None else end_s
        if not (math.isfinite(start_s) and math.isfinite(end_s)) or end_s < start_s:
            raise VideoError(f"span {start_s:.1f}-{end_s:.1f} s ends before it starts; give the earlier time first")
        if start_s < 0 or start_s >= self.duration_s or end_s > self.duration_s + 1 / self.fps + TOLERANCE_S:
            raise VideoError(
                f"span {start_s:.1f}-{end_s:.1f} s lies {'before the start' if start_s < 0 else 'past the end'} of the video "
                f"({self.duration_s:.1f} s); ask within 0.0-{self.duration_s:.1f} s"
            )
        return Span.of(start_s, min(end_s, self.duration_s))

    def check_times(self, times_s: Sequence[float]) -> None:
        """Raises VideoError unless the times increase and lie within the video."""
        if not len(times_s):
            raise VideoError("no time is given; ask for one frame at least")
        for time_s in times_s:
            if not -TOLERANCE_S <= time_s <= self.duration_s + TOLERANCE_S:  # also refuses what is not a number
                where = "before the start" if time_s < 0 else "past the end"
                raise VideoError(
                    f"time {time_s:.3f} s lies {where} of the video ({self.duration_s:.3f} s); ask within 0.0-{self.duration_s:.3f} s"
                )
        for earlier, later in itertools.pairwise(times_s):
            if later <= earlier:
                raise VideoError(f"time {later:.3f} s does not come after {earlier:.3f} s; ask for frames in time order, each time once")


class VideoListing(Value):
    """One video of a library. procedure is null and actions are empty where nobody declared them."""

    video_id: str = Field(description="16 hexadecimal digits; what every other tool takes")
    title: str = Field(description="the file's name, cleaned; written by whoever named the file")
    duration_s: float
    fps: float
    size: tuple[int, int] = Field(description="width, height in pixels, upright")
    procedure: str | None = None
    actions: tuple[Action, ...] = ()
    class_names_of: str | None = Field(default=None, description="the data source whose class names the actions are, if none are declared")
    simulated: bool = False
