"""Spatio-temporal grounding (`stg`): where a named object is, at regular times.

Answers read `66.0 seconds: [117.54, 339.56, 626.88, 1005.62] 74.0 seconds: [...]`. Source: docs/formats.md, "The eight tasks".
"""

import re
from collections.abc import Sequence

from pydantic import Field

from medvid.core import Box, Case, ParseError, Span, TimedBox, Track, Value
from medvid.core.clip import Clip
from medvid.tools.base import Args, Reading, Tool, span_of, verbatim
from medvid.tools.spans import EPS_S, TIME, UNIT, read_time, time_text

_VALUE = r"[-−]?\d+(?:\.\d+)?"
_TIMED_BOX = re.compile(
    rf"(?<![\d.:])(?P<time>{TIME})\s*(?:{UNIT})?[\s\"'*):,=–—-]{{0,6}}(?:\"?(?:bbox|box)\w*\"?\s*[:=]?\s*)?"
    rf"[\[(]\s*(?P<box>{_VALUE}(?:\s*,\s*{_VALUE})*)\s*[,]?\s*(?P<closed>[\])])?",
    re.IGNORECASE,
)
TOKENS_A_BOX = 40
MOST_TIMES = 16
"""Boxes asked for at once; the toolbox looks again for more. The benchmark's answers have 5.3 on average: few checkpoints saw long ones."""


class GroundObjectArgs(Args):
    object: str = Field(min_length=1, max_length=200, description="what to find, such as 'clipper'")
    every_s: float = Field(default=1.0, ge=0.1, le=3600, description="seconds from one box to the next")


class Grounding(Value):
    """Where the object is, at the times at which the model gave a box."""

    track: Track


def times_asked(args: GroundObjectArgs) -> tuple[float, ...]:
    """From the span's start in steps of `every_s`, before its end: nothing is shown at the end itself. An instant has one time."""
    span = span_of(args)
    steps = max(1, int((span.duration_s - EPS_S) / args.every_s) + 1)
    return tuple(round(span.start_s + i * args.every_s, 6) for i in range(steps))


def box_text(box: Box) -> str:
    """`[12, 117.54, 587.7, 1005]`: at most two decimals, no trailing zeros."""
    return "[" + ", ".join(f"{value:.2f}".rstrip("0").rstrip(".") for value in box.root) + "]"


class GroundObject(Tool[GroundObjectArgs, Grounding]):
    name = "ground_object"
    qa_types = ("stg",)
    long = "windows"
    args_type = GroundObjectArgs
    result_type = Grounding

    def pattern(self, args: GroundObjectArgs, case: Case) -> str | None:
        times = list(dict.fromkeys(time_text(time_s) for time_s in times_asked(args)))
        side = r"[0-9]{1,5}(\.[0-9]{1,2})?"
        box = rf"({'|'.join(map(verbatim, times))}) seconds: \[{side}, {side}, {side}, {side}\]"
        return rf"{box}( {box}){{0,{len(times) - 1}}}"

    def stride_s(self, args: GroundObjectArgs) -> float | None:
        return args.every_s

    def max_tokens(self, args: GroundObjectArgs) -> int:
        return 16 + TOKENS_A_BOX * len(times_asked(args))

    def read(self, text: str, clip: Clip, case: Case) -> Reading[Grounding]:
        boxes: dict[float, Box] = {}
        dropped = []
        for match in _TIMED_BOX.finditer(text):
            read = _read(match, clip)
            if isinstance(read, str):
                dropped.append(f"{match.group(0).strip()!r}: {read}")
            elif read.time_s in boxes:
                dropped.append(f"{match.group(0).strip()!r}: a second box for this time")
            else:
                boxes[read.time_s] = read.box_px
        if not boxes:
            raise ParseError("no timed box can be read" + "".join(f"; {line}" for line in dropped), text=text)
        track = Track(tuple(TimedBox(time_s=time_s, box_px=boxes[time_s]) for time_s in sorted(boxes)))
        return Reading(Grounding(track=track), tuple(dropped))

    def write(self, result: Grounding) -> str:
        return " ".join(f"{time_text(item.time_s)} seconds: {box_text(item.box_px)}" for item in result.track.root)

    def compare(self, predicted: Grounding, truth: Grounding) -> float:
        """Mean over the truth's times of the box IoU; a time without a box counts 0."""
        ious = [box.iou(item.box_px) if (box := predicted.track.at(item.time_s)) else 0.0 for item in truth.track.root]
        return sum(ious) / len(ious) if ious else float(not predicted.track.root)

    def merge(self, parts: Sequence[tuple[Span, Grounding | None]]) -> Grounding | None:
        """All boxes in time order; where two windows speak of one time, the earlier window's."""
        items: list[TimedBox] = []
        for _, part in parts:
            for item in part.track.root if part is not None else ():
                if all(abs(item.time_s - kept.time_s) > 0.05 for kept in items):
                    items.append(item)
        return Grounding(track=Track(tuple(sorted(items, key=lambda item: item.time_s)))) if items else None


def _read(match: re.Match[str], clip: Clip) -> TimedBox | str:
    """The timed box, cut to the frame; or what is wrong with it."""
    last_s = clip.duration_s
    time_s = read_time(match["time"], last_s)
    if time_s is None:
        return "may mean minutes and seconds or hours and minutes"
    if time_s > last_s + EPS_S:
        return f"lies outside the clip of {last_s:.1f} s"
    values = [float(value.replace("−", "-")) for value in match["box"].split(",")]
    if match["closed"] is None:
        return "cut off"
    if len(values) != 4:
        return f"a box has four values, not {len(values)}"
    x1, y1, x2, y2 = values
    if x1 >= x2 or y1 >= y2:
        return "runs backwards"
    width, height = clip.box_size
    box = Box.of(x1, y1, x2, y2).cut(width, height)
    return TimedBox(time_s=time_s, box_px=box) if box else f"lies outside the frame of {width:g} x {height:g}"
