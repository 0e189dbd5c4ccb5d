"""STG mIoU: per record the mean over the true times of the box IoU; then the mean over records. Without a timed box, lists
`[[a, b, c, d]]` of whole numbers are taken in order. Source: docs/formats.md, "The leaderboard's columns".
"""

import re
from collections.abc import Sequence
from itertools import accumulate
from math import isfinite

from medvid.medvidbench.metrics import Mark
from medvid.medvidbench.records import Result

Corners = tuple[float, float, float, float]
ZERO: Corners = (0.0, 0.0, 0.0, 0.0)
_TIME = re.compile(r"\d{1,9}(?:\.\d+)?")
_TIMED = re.compile(rf"({_TIME.pattern})\s+seconds:\s*\[([^\]]+)\]")
_BARE = re.compile(r"\[\[([\d\s,]+)\]\]")


def timed_boxes(text: str) -> list[tuple[str, Corners | None]]:
    """In their order, each with its time as text; None is a box that cannot be read."""
    return [(str(float(time_s)), _corners(values)) for time_s, values in _TIMED.findall(text)]


def read_boxes(text: str, times: Sequence[str]) -> list[Corners]:
    """One box for each of `times` (texts with one decimal)."""
    timed = timed_boxes(text)
    if not timed:
        bare = [box for values in _BARE.findall(text) if (box := _corners(values))]
        return _filled([bare[i] if i < len(bare) else None for i in range(len(times))])
    read: dict[str, Corners | None] = {}
    last = None
    for time_s, box in timed:
        read[time_s] = last = box or last
    return _filled([read.get(time_s) for time_s in times])


def _corners(values: str) -> Corners | None:
    try:
        x1, y1, x2, y2 = (float(part.strip().lstrip("[")) for part in values.split(","))
    except ValueError:
        return None
    return (x1, y1, x2, y2) if all(map(isfinite, (x1, y1, x2, y2))) else None


def _filled(boxes: Sequence[Corners | None]) -> list[Corners]:
    """Each gap, and each zero box, repeats what stands before it."""
    return list(accumulate(boxes, lambda before, box: before if box in (None, ZERO) else box, initial=ZERO))[1:]


def box_iou(a: Corners, b: Corners) -> float:
    """0 for a box without area."""
    shared = max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared
    return shared / union if union > 0 else 0.0


def true_boxes(result: Result) -> dict[str, Corners]:
    """By time with one decimal; from `struc_info`, else read from the true answer. Empty where the record has no truth."""
    said = result.facts.get("bbox_dict")
    given = said.items() if isinstance(said, dict) else ()
    timed = [(time_s, ",".join(map(str, box))) for time_s, box in given if isinstance(box, list) and _TIME.fullmatch(time_s)]
    return {f"{float(time_s):.1f}": box for time_s, values in timed or _TIMED.findall(result.gnd or "") if (box := _corners(values))}


def stg(results: Sequence[Result]) -> list[Mark]:
    """A record without truth is left out."""
    pairs = [(at, true, read_boxes(result.answer, list(true))) for at, result in enumerate(results) if (true := true_boxes(result))]
    return [Mark(at, sum(map(box_iou, said, true.values())) / len(true)) for at, true, said in pairs]
