"""STG mIoU: per record the mean over the true times of the box IoU; then the mean over records. Without a timed box, lists
`[[a, b, c, d]]` of whole numbers are taken in order. Source: docs/formats.md, "The leaderboard's columns".
"""

import re
from collections.abc import Sequence
from itertools import accumulate

from medvid.medvidbench.metrics import mean
from medvid.medvidbench.records import Result

Corners = tuple[float, float, float, float]
ZERO: Corners = (0.0, 0.0, 0.0, 0.0)
_TIMED = re.compile(r"(\d+(?:\.\d+)?)\s*seconds?\s*:\s*\[([^\]]*)\]?")
_BARE = re.compile(r"\[\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*\]")
_VALUE = re.compile(r"\s*-?\d+(?:\.\d+)?\s*")


def read_boxes(text: str, times: Sequence[str]) -> list[Corners]:
    """One box for each of `times` (texts with one decimal)."""
    timed = _TIMED.findall(text)
    if not timed:
        bare = [_corners(",".join(values)) or ZERO for values in _BARE.findall(text)]
        return _filled([bare[i] if i < len(bare) else None for i in range(len(times))])
    read: dict[str, Corners] = {}
    last = ZERO
    for time_s, values in timed:
        last = _corners(values) or last
        read[f"{float(time_s):.1f}"] = last
    return _filled([read.get(time_s) for time_s in times])


def _corners(values: str) -> Corners | None:
    parts = values.split(",")
    if len(parts) != 4 or not all(_VALUE.fullmatch(part) for part in parts):
        return None
    x1, y1, x2, y2 = (float(part) for part in parts)
    return x1, y1, x2, y2


def _filled(boxes: Sequence[Corners | None]) -> list[Corners]:
    """Each gap repeats what stands before it."""
    return list(accumulate(boxes, lambda before, box: box or before, initial=ZERO))[1:]


def box_iou(a: Corners, b: Corners) -> float:
    """0 for a box without area."""
    shared = max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared
    return shared / union if union > 0 else 0.0


def true_boxes(result: Result) -> dict[str, Corners]:
    """By time with one decimal; from `struc_info`, else read from the true answer. Empty where the record has no truth."""
    said = result.facts.get("bbox_dict")
    if said:
        return {f"{float(time_s):.1f}": (float(box[0]), float(box[1]), float(box[2]), float(box[3])) for time_s, box in said.items()}
    timed = ((f"{float(time_s):.1f}", _corners(values)) for time_s, values in _TIMED.findall(result.gnd or ""))
    return {time_s: box for time_s, box in timed if box is not None}


def stg(results: Sequence[Result]) -> float | None:
    """A record without truth is left out."""
    pairs = [(true, read_boxes(result.answer, list(true))) for result in results if (true := true_boxes(result))]
    return mean(sum(map(box_iou, said, true.values())) / len(true) for true, said in pairs)
