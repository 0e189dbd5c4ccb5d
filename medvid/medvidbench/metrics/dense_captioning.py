"""DVC F1: how well the spans of described events cover the true ones.

Events are read as `A-B seconds: TEXT` up to the next such line; equal spans count once; overlapping ones are cut at every boundary, the
longest event owning each piece. Both sides are truncated to whole frames. Matching is many to many. A record with no readable prediction
is left out of the mean of its source, and sources are weighted by all their records. Source: docs/formats.md, "The leaderboard's columns".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from medvid.medvidbench.metrics import by_source, mean
from medvid.medvidbench.records import Result

Pair = tuple[float, float]
THRESHOLDS = (0.3, 0.5, 0.7)
_NUMBER = r"(\d+(?:\.\d+)?)"
_LINE = re.compile(rf"{_NUMBER}-{_NUMBER} seconds?:")
_LOOSE = re.compile(rf"start(?:\s*time)?\W*{_NUMBER}\D+?end(?:\s*time)?\W*{_NUMBER}", re.IGNORECASE)


def read_events(text: str) -> list[Pair]:
    """Seconds, equal spans once, those that run backwards left out; then cut so that none overlap."""
    found = _LINE.findall(text) or _LOOSE.findall(text)
    spans = dict.fromkeys((float(start), float(end)) for start, end in found)
    return cut_apart([span for span in spans if span[0] <= span[1]])


def cut_apart(spans: Sequence[Pair]) -> list[Pair]:
    """Spans that overlap no other stand as they are. The others are cut at every boundary; of the pieces that several events share, the
    longest event keeps each, so a piece is listed once."""

    def meets(a: Pair, b: Pair) -> bool:
        return a != b and a[0] < b[1] and b[0] < a[1]

    alone = [span for span in spans if not any(meets(span, other) for other in spans)]
    shared = [span for span in spans if span not in alone]
    bounds = sorted({bound for span in shared for bound in span})
    pieces = [(a, b) for a, b in pairwise(bounds) if any(span[0] <= a and b <= span[1] for span in shared)]
    return sorted(alone + pieces)


def frame_iou(a: tuple[int, int], b: tuple[int, int]) -> float:
    shared = max(0, min(a[1], b[1]) - max(a[0], b[0]))
    hull = max(a[1], b[1]) - min(a[0], b[0])
    return shared / (min(hull, a[1] - a[0] + b[1] - b[0]) + 1e-8)


def f1_of(predicted: Sequence[Pair], truths: Sequence[Pair], fps: float) -> float:
    """Precision and recall, each the mean over the thresholds; then their harmonic mean."""
    p, t = ([(int(start * fps), int(end * fps)) for start, end in side] for side in (predicted, truths))
    ious = [[frame_iou(a, b) for b in t] for a in p]
    precision = sum(sum(max(row) > threshold for row in ious) / len(p) for threshold in THRESHOLDS) / len(THRESHOLDS)
    recall = sum(sum(max(row[j] for row in ious) > threshold for j in range(len(t))) / len(t) for threshold in THRESHOLDS) / len(THRESHOLDS)
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def true_events(result: Result) -> list[Pair]:
    """From `struc_info`, else read from the true answer."""
    said = result.facts.get("dc_segments")
    if said:
        return [(float(event["start"]), float(event["end"])) for event in said]
    return [(float(start), float(end)) for start, end in _LINE.findall(result.gnd or "")]


def dvc(results: Sequence[Result]) -> float | None:
    total = weight = 0.0
    for group in by_source([result for result in results if true_events(result)]).values():
        readable = [(result, events) for result in group if (events := read_events(result.answer))]
        figure = mean(f1_of(events, true_events(result), result.fps or 1.0) for result, events in readable)
        if figure is not None:
            total, weight = total + figure * len(group), weight + len(group)
    return total / weight if weight else None
