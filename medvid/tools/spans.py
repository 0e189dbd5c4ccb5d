"""Times and spans in texts: written one way, read in the many ways models write them; and how spans are matched and joined.

Source: docs/formats.md, "Times and boxes".
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from medvid.core import Span
from medvid.core.clip import Clip

TIME = r"\d+:\d{1,2}:\d{2}(?:\.\d+)?|\d+:\d{2}(?:\.\d+)?|\d+(?:\.\d+)?"
UNIT = r"(?:seconds?|secs?|s)\b\.?"
DASH = r"(?:[-‐‑‒–—−~]|\bto\b|\buntil\b)"
_NUMBER_ENDS = r"(?![\d.:]*\d)"
_GAP = r"[^\S\n]*"  # White space within a line: the dash of a list's next item is no dash of this span.
_OTHER_UNIT = rf"(?!{_GAP}(?:%|mm\b|cm\b|ml\b|min|hours?\b|times\b))"
SPAN = re.compile(
    rf"(?<![\d.:])(?P<start>{TIME}){_GAP}(?:{UNIT})?{_GAP}{DASH}{_GAP}(?P<end>{TIME}){_NUMBER_ENDS}{_OTHER_UNIT}"
    rf"{_GAP}(?P<unit>{UNIT})?(?!{_GAP}{DASH}{_GAP}\d)",
    re.IGNORECASE,
)
CUT_OFF = re.compile(rf"(?<![\d.:])(?:{TIME})[.:]?\s*(?:{UNIT})?\s*{DASH}?\s*$", re.IGNORECASE)
"""A span whose end is missing, at the end of a text."""
SPAN_PATTERN = r"[0-9]{1,5}\.[0-9]-[0-9]{1,5}\.[0-9]"  # A span as it is written.

EPS_S = 1e-6
JOIN_GAP_S = 0.1 + EPS_S  # Spans from two windows that are nearer than the answer's own resolution touch.


def time_text(seconds: float) -> str:
    """`66.0`: how every time is written, in questions and answers."""
    return f"{seconds:.1f}"


def span_text(span: Span) -> str:
    return f"{time_text(span.start_s)}-{time_text(span.end_s)}"


@dataclass(frozen=True, slots=True)
class Found:
    """A span as it stands in a text. span: None where it is not one of the clip, and `why` says so."""

    match: re.Match[str]
    span: Span | None
    why: str = ""

    @property
    def dropped(self) -> str:
        return f"{self.match.group(0).strip()!r}: {self.why}"


def place(match: re.Match[str], clip: Clip) -> Found:
    """A match of SPAN in the clip. An end within one frame step past the clip's end is its end."""
    last_s = clip.duration_s
    start_s, end_s = read_time(match["start"], last_s), read_time(match["end"], last_s)
    if start_s is None or end_s is None:
        return Found(match, None, "may mean minutes and seconds or hours and minutes")
    if end_s < start_s:
        return Found(match, None, "runs backwards")
    if end_s > last_s + 1 / clip.fps + EPS_S or start_s > last_s + EPS_S:
        return Found(match, None, f"lies outside the clip of {last_s:.1f} s")
    return Found(match, Span.of(min(start_s, last_s), min(end_s, last_s)))


def read_time(text: str, last_s: float) -> float | None:
    """Seconds; None where `m:ss` could as well be hours and minutes within a clip of `last_s` seconds."""
    parts = [float(part) for part in text.split(":")]
    if len(parts) == 1:
        return parts[0]
    if len(parts) == 3:
        return parts[0] * 3600 + parts[1] * 60 + parts[2]
    as_hours = parts[0] * 3600 + parts[1] * 60
    return parts[0] * 60 + parts[1] if as_hours > last_s or as_hours == 0 else None


def match_spans(predicted: Sequence[Span], truth: Sequence[Span]) -> list[tuple[int, int, float]]:
    """Pairs (predicted index, truth index, IoU), one to one, best IoU first; pairs that do not meet are left out."""
    matched: list[tuple[int, int, float]] = []
    for least, j, i in sorted((-p.iou(t), j, i) for i, p in enumerate(predicted) for j, t in enumerate(truth)):
        if least < 0 and all(i != used_i and j != used_j for used_i, used_j, _ in matched):
            matched.append((i, j, -least))
    return matched


def touch(a: Span, b: Span) -> bool:
    """Whether the two overlap, or lie nearer than the answer's resolution."""
    return max(a.start_s, b.start_s) - min(a.end_s, b.end_s) <= JOIN_GAP_S


def hull(a: Span, b: Span) -> Span:
    return Span.of(min(a.start_s, b.start_s), max(a.end_s, b.end_s))


def join_spans(spans: Sequence[Span]) -> list[Span]:
    """In time order, those that touch made one."""
    joined: list[Span] = []
    for span in sorted(spans, key=lambda s: (s.start_s, s.end_s)):
        if joined and touch(joined[-1], span):
            joined[-1] = hull(joined[-1], span)
        else:
            joined.append(span)
    return joined
