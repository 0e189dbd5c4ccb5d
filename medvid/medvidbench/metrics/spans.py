"""TAG @0.3, @0.5: mean IoU of the spans matched at a threshold, averaged over records; the recall of the same matches and how far their
bounds are off. DVC F1: how well the spans of described events cover the true ones.

Spans are read as `A-B`, else as `A to B` and `h:m:s to h:m:s`; events as `A-B seconds: TEXT` up to the next line that begins so, equal
spans once, overlapping ones cut apart. Source: docs/formats.md, "The leaderboard's columns".
"""

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from math import isfinite
from typing import Any

from medvid.medvidbench.metrics import Mark
from medvid.medvidbench.records import Result

Pair = tuple[float, float]
TAG_THRESHOLDS = (0.3, 0.5)
DVC_THRESHOLDS = (0.3, 0.5, 0.7)
_PLAIN = r"\d{1,9}(?:\.\d+)?"
_NUMBER = f"({_PLAIN})"
_DASHED = re.compile(rf"{_NUMBER}\s*-\s*{_NUMBER}")
_WORDED = re.compile(rf"{_NUMBER}(?:s| seconds?)?\s*to\s*{_NUMBER}", re.IGNORECASE)
_CLOCK = re.compile(r"(\d{1,9}):(\d{1,9}):(\d{1,9})\s+to\s+(\d{1,9}):(\d{1,9}):(\d{1,9})", re.IGNORECASE)
_EVENT = re.compile(rf"{_NUMBER}-{_NUMBER}\s+seconds?:\s+(.*?)(?=\n{_PLAIN}-{_PLAIN}\s+seconds?:|\Z)", re.DOTALL)
_LOOSE = re.compile(
    rf"(?:\*\*Start Time:\*\*|Start\s*\(?Time\)?|Time\s*(?:Range|Interval):|^)\s*{_NUMBER}\s*[-–]\s*{_NUMBER}\s*seconds?"
    r".*?(?:\*\*Description:\*\*|-)\s*(\S.*)"
)


def read_spans(text: str) -> list[Pair]:
    """As the evaluator does: a span may run backwards; it then overlaps nothing."""
    if found := _DASHED.findall(text):
        return _pairs(found)
    clocks = (map(int, parts) for parts in _CLOCK.findall(text))
    return _pairs(_WORDED.findall(text)) + [(h1 * 3600.0 + m1 * 60 + s1, h2 * 3600.0 + m2 * 60 + s2) for h1, m1, s1, h2, m2, s2 in clocks]


def _pairs(found: Iterable[tuple[Any, Any]]) -> list[Pair]:
    return [(float(start), float(end)) for start, end in found]


def _facts(items: object) -> list[Pair]:
    """What has a start and an end in seconds."""
    told = [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
    sides = ((item.get("start"), item.get("end")) for item in told)
    return _pairs(side for side in sides if all(re.fullmatch(_NUMBER, str(second)) for second in side))


def true_spans(result: Result) -> list[Pair]:
    """Of all entries of `struc_info`, else read from the true answer."""
    entries = result.struc_info if isinstance(result.struc_info, list) else [result.struc_info]
    given = [span for entry in entries if isinstance(entry, dict) for span in _facts(entry.get("spans"))]
    return given or read_spans(result.gnd or "")


def hull_iou(a: Pair, b: Pair) -> float:
    """Intersection over latest end - earliest start; 0 where that is nothing, as for two equal instants."""
    hull = max(a[1], b[1]) - min(a[0], b[0])
    return max(0.0, min(a[1], b[1]) - max(a[0], b[0])) / hull if hull > 0 else 0.0


def match_in_order(truths: Sequence[Pair], predicted: Sequence[Pair], threshold: float) -> list[tuple[Pair, Pair, float]]:
    """Truth, prediction, IoU: truths in order, each takes the untaken prediction of best IoU where that reaches the threshold."""
    free, matched = list(predicted), []
    for truth in truths:
        best = max(free, key=lambda span: hull_iou(truth, span), default=None)
        if best is not None and (iou := hull_iou(truth, best)) >= threshold:
            free.remove(best)
            matched.append((truth, best, iou))
    return matched


def _matches(results: Sequence[Result], threshold: float) -> Iterable[tuple[int, int, list[tuple[Pair, Pair, float]]]]:
    """Place, number of truths, matches; a record without a truth is left out."""
    for at, result in enumerate(results):
        if truths := true_spans(result):
            yield at, len(truths), match_in_order(truths, read_spans(result.answer), threshold)


def tag(results: Sequence[Result], threshold: float) -> list[Mark]:
    return [Mark(at, sum(iou for *_, iou in found) / max(1, len(found))) for at, _, found in _matches(results, threshold)]


def recall(results: Sequence[Result], threshold: float) -> list[Mark]:
    """The share of a record's true spans that are matched."""
    return [Mark(at, len(found) / wanted) for at, wanted, found in _matches(results, threshold)]


def error_s(results: Sequence[Result], side: int) -> list[Mark]:
    """How far off the start (side 0) or end (1) is, in seconds, of the spans matched at 0.3."""
    return [Mark(at, sum(abs(a[side] - b[side]) for a, b, _ in found), len(found)) for at, _, found in _matches(results, 0.3)]


def read_lines(text: str) -> list[tuple[Pair, str]]:
    """Every event with its text, up to the next such line; as they stand there, backwards and repeated ones among them."""
    found = _EVENT.findall(text) or [event for line in text.split("\n") for event in _LOOSE.findall(line)]
    return [((float(start), float(end)), said.strip()) for start, end, said in found]


def read_events(text: str) -> list[Pair]:
    """Seconds, equal spans once; then cut so that none overlap."""
    return cut_apart(list(dict.fromkeys(span for span, _ in read_lines(text))))


def cut_apart(spans: Sequence[Pair]) -> list[Pair]:
    """Where any overlap, all are cut at every boundary; the longest event owns a piece that several share, so a piece is listed once."""
    if all(a[1] <= b[0] for a, b in pairwise(sorted(spans))):
        return list(spans)
    bounds = sorted({bound for span in spans for bound in span})
    return [(a, b) for a, b in pairwise(bounds) if any(span[0] < b and a < span[1] for span in spans)]


def frame_iou(a: tuple[int, int], b: tuple[int, int]) -> float:
    """A span that runs backwards counts as if it ran forwards."""
    (a0, a1), (b0, b1) = sorted(a), sorted(b)
    return max(0, min(a1, b1) - max(a0, b0)) / (min(max(a1, b1) - min(a0, b0), a1 - a0 + b1 - b0) + 1e-8)


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
    return _facts(result.facts.get("dc_segments")) or [(float(start), float(end)) for start, end, _ in _EVENT.findall(result.gnd or "")]


def rate_of(result: Result) -> float:
    """Frames a second, 1 where the record states none."""
    return result.fps if result.fps and isfinite(result.fps) else 1.0


def dvc(results: Sequence[Result]) -> list[Mark]:
    """A record of which nothing can be read is left out of its source's mean, yet counts among its records."""
    told = [(at, result, read_events(result.answer)) for at, result in enumerate(results) if true_events(result)]
    scores = [f1_of(said, true_events(result), rate_of(result)) if said else 0.0 for _, result, said in told]
    return [Mark(at, f1, bool(said), result.data_source) for (at, result, said), f1 in zip(told, scores, strict=True)]
