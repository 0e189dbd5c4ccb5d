"""TAG @0.3, @0.5: mean IoU of the spans matched at a threshold, averaged over records; and the recall of the same matches.

Spans are read as `A-B`, else as `A to B`, else as `h:m:s to h:m:s`. Source: docs/formats.md, "The leaderboard's columns".
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from medvid.medvidbench.metrics import mean
from medvid.medvidbench.records import Result

Pair = tuple[float, float]
THRESHOLDS = (0.3, 0.5)
_NUMBER = r"(\d+(?:\.\d+)?)"
_DASHED = re.compile(rf"{_NUMBER}\s*-\s*{_NUMBER}")
_WORDED = re.compile(rf"(?<![\d:.]){_NUMBER}\s*(?:s|seconds)?\s+to\s+{_NUMBER}(?![\d:])\s*(?:s|seconds)?")
_CLOCK = re.compile(r"(\d+):(\d+):(\d+(?:\.\d+)?)\s*to\s*(\d+):(\d+):(\d+(?:\.\d+)?)")


def read_spans(text: str) -> list[Pair]:
    """As the evaluator does: a span may run backwards; it then overlaps nothing."""
    for form in (_DASHED, _WORDED):
        if found := form.findall(text):
            return [(float(start), float(end)) for start, end in found]
    clocks = ([float(part) for part in parts] for parts in _CLOCK.findall(text))
    return [(h1 * 3600 + m1 * 60 + s1, h2 * 3600 + m2 * 60 + s2) for h1, m1, s1, h2, m2, s2 in clocks]


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


def true_spans(result: Result) -> list[Pair]:
    """From `struc_info`, else read from the true answer."""
    said = result.facts.get("spans")
    if said:
        return [(float(span["start"]), float(span["end"])) for span in said]
    return read_spans(result.gnd or "")


def tag(results: Sequence[Result], threshold: float) -> tuple[float | None, float | None]:
    """The column and the recall at one threshold: the share of all true spans that are matched."""
    per_record, hits, wanted = [], 0, 0
    for result in results:
        truths = true_spans(result)
        matched = match_in_order(truths, read_spans(result.answer), threshold)
        per_record.append(sum(matched) / len(matched) if matched else 0.0)
        hits, wanted = hits + len(matched), wanted + len(truths)
    return mean(per_record), hits / wanted if wanted else None
