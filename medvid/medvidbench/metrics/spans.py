"""TAG @0.3, @0.5: mean IoU of the spans matched at a threshold, averaged over records; and the recall of the same matches.
DVC F1: how well the spans of described events cover the true ones.

Spans are read as `A-B`, else as `A to B`, else as `h:m:s to h:m:s`; events as `A-B seconds: TEXT` up to the next such line, equal spans
once, overlapping ones cut apart. Source: docs/formats.md, "The leaderboard's columns".
"""

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

from medvid.medvidbench.metrics import by_source, mean
from medvid.medvidbench.records import Result

Pair = tuple[float, float]
TAG_THRESHOLDS = (0.3, 0.5)
DVC_THRESHOLDS = (0.3, 0.5, 0.7)
_NUMBER = r"(\d+(?:\.\d+)?)"
_DASHED = re.compile(rf"{_NUMBER}\s*-\s*{_NUMBER}")
_WORDED = re.compile(rf"(?<![\d:.]){_NUMBER}\s*(?:s|seconds)?\s+to\s+{_NUMBER}(?![\d:])\s*(?:s|seconds)?")
_CLOCK = re.compile(r"(\d+):(\d+):(\d+(?:\.\d+)?)\s*to\s*(\d+):(\d+):(\d+(?:\.\d+)?)")
_LINE = re.compile(rf"{_NUMBER}-{_NUMBER} seconds?:")
_LOOSE = re.compile(rf"start(?:\s*time)?\W*{_NUMBER}\D+?end(?:\s*time)?\W*{_NUMBER}", re.IGNORECASE)


def read_spans(text: str) -> list[Pair]:
    """As the evaluator does: a span may run backwards; it then overlaps nothing."""
    for form in (_DASHED, _WORDED):
        if found := form.findall(text):
            return _pairs(found)
    clocks = ([float(part) for part in parts] for parts in _CLOCK.findall(text))
    return [(h1 * 3600 + m1 * 60 + s1, h2 * 3600 + m2 * 60 + s2) for h1, m1, s1, h2, m2, s2 in clocks]


def _pairs(found: Iterable[tuple[Any, Any]]) -> list[Pair]:
    return [(float(start), float(end)) for start, end in found]


def _facts(result: Result, key: str) -> list[Pair]:
    return _pairs((span["start"], span["end"]) for span in result.facts.get(key) or ())


def hull_iou(a: Pair, b: Pair) -> float:
    """Intersection over latest end - earliest start; 0 where that is nothing, as for two equal instants."""
    hull = max(a[1], b[1]) - min(a[0], b[0])
    return max(0.0, min(a[1], b[1]) - max(a[0], b[0])) / hull if hull > 0 else 0.0


def match_in_order(truths: Sequence[Pair], predicted: Sequence[Pair], threshold: float) -> list[float]:
    """IoUs of the matches: truths in order, each takes the untaken prediction of best IoU where that reaches the threshold."""
    free, matched = list(predicted), []
    for truth in truths:
        best = max(free, key=lambda span: hull_iou(truth, span), default=None)
        if best is not None and (iou := hull_iou(truth, best)) >= threshold:
            free.remove(best)
            matched.append(iou)
    return matched


def tag(results: Sequence[Result], threshold: float) -> tuple[float | None, float | None]:
    """The column and the recall at one threshold: the share of all true spans that are matched."""
    per_record, hits, wanted = [], 0, 0
    for result in results:
        truths = _facts(result, "spans") or read_spans(result.gnd or "")
        matched = match_in_order(truths, read_spans(result.answer), threshold)
        per_record.append(sum(matched) / len(matched) if matched else 0.0)
        hits, wanted = hits + len(matched), wanted + len(truths)
    return mean(per_record), hits / wanted if wanted else None


def read_events(text: str) -> list[Pair]:
    """Seconds, equal spans once, those that run backwards left out; then cut so that none overlap."""
    found = _LINE.findall(text) or _LOOSE.findall(text)
    spans = dict.fromkeys(_pairs(found))
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
    best = ([max(row) for row in ious], [max(column) for column in zip(*ious, strict=True)])
    precision, recall = (
        sum(sum(iou > threshold for iou in side) / len(side) for threshold in DVC_THRESHOLDS) / len(DVC_THRESHOLDS) for side in best
    )
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def true_events(result: Result) -> list[Pair]:
    """From `struc_info`, else read from the true answer."""
    return _facts(result, "dc_segments") or _pairs(_LINE.findall(result.gnd or ""))


def dvc(results: Sequence[Result]) -> float | None:
    total = weight = 0.0
    for group in by_source([result for result in results if true_events(result)]).values():
        readable = [(result, events) for result in group if (events := read_events(result.answer))]
        figure = mean(f1_of(events, true_events(result), result.fps or 1.0) for result, events in readable)
        if figure is not None:
            total, weight = total + figure * len(group), weight + len(group)
    return total / weight if weight else None
