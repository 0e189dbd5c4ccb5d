"""Times: what a question says in figures. `at 1:20`, `between 10 and 20 s`, `in the first minute`, `before 0:45` become spans."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

_UNIT = r"(?:seconds|second|secs|sec|s|minutes|minute|mins|min|m|hours|hour|h)"
_ONE = rf"(?:\d+(?::\d\d){{1,2}}|\d+(?:\.\d+)?(?:\s?{_UNIT}\b)?(?:\s(?:and\s)?\d+\s?(?:seconds|secs|sec|s)\b)?)"
_MARKED = (
    rf"(?:\d+(?::\d\d){{1,2}}|(?:second|minute)\s\d+(?:\.\d+)?|\d+(?:\.\d+)?\s?{_UNIT}\b(?:\s(?:and\s)?\d+\s?(?:seconds|secs|sec|s)\b)?)"
)
_FACTORS = {"s": 1.0, "m": 60.0, "h": 3600.0}
AROUND_S = 4.0
"""An instant is looked at with this much on both sides: a model needs to see something move."""
_SHARE_OF_EDGE = 5
_EDGE_AT_LEAST_S = 10.0

# fmt: off
_FORMS: tuple[tuple[str, Callable[[list[float], float, float], tuple[float, float]]], ...] = (
    (rf"\b(?:between|from)\s({_ONE})\s(?:and|to|until|till)\s({_ONE})", lambda at, end, edge: (min(at), max(at))),
    (rf"\b({_MARKED}|\d+(?:\.\d+)?)\s?[-–]\s?({_MARKED})", lambda at, end, edge: (min(at), max(at))),
    (rf"\b(?:in|within|during|for|of)\sthe\sfirst\s({_ONE}|minute|hour)", lambda at, end, edge: (0.0, at[0])),
    (rf"\b(?:in|within|during|for|of)\sthe\s(?:last|final)\s({_ONE}|minute|hour)", lambda at, end, edge: (end - at[0], end)),
    (rf"\b(?:before|until|till|up\sto|by)\s(?:the\s)?({_MARKED})", lambda at, end, edge: (0.0, at[0])),
    (rf"\b(?:after|since|from)\s(?:the\s)?({_MARKED})(?:\son(?:wards?)?)?", lambda at, end, edge: (at[0], max(at[0], end))),
    (rf"\b(?:at|around|about|near)\s(?:the\s)?({_MARKED})", lambda at, end, edge: (at[0] - AROUND_S, at[0] + AROUND_S)),
    (r"\bat\sthe\s(?:very\s)?(?:start|beginning)(?:\sof\sthe\svideo)?\b", lambda at, end, edge: (0.0, edge)),
    (r"\bat\sthe\s(?:very\s)?end(?:\sof\sthe\svideo)?\b", lambda at, end, edge: (end - edge, end)),
)
# fmt: on
"""A form, and the stretch it means by the times in it, the video's end and the length of its edges, all in seconds."""


def seconds(text: str) -> float:
    """`1:20`, `80 s`, `1 min 20 s`, `minute 2`, `minute` (one of them)."""
    if ":" in text:
        total = 0.0
        for part in text.split(":"):
            total = total * 60 + float(part)
        return total
    if named := re.fullmatch(r"(second|minute)\s(\d+(?:\.\d+)?)", text):
        return float(named[2]) * _FACTORS[named[1][0]]
    parts = re.findall(r"(\d+(?:\.\d+)?)\s?([a-z]*)", text)
    if not parts:
        return _FACTORS[text.strip()[0]]
    return sum(float(number) * _FACTORS.get(unit[:1], 1.0) for number, unit in parts)


def take_span(text: str, duration_s: float) -> tuple[str, dict[str, Any] | None]:
    """The text without its first stretch given in figures, and that stretch, cut to the video; None where there is none."""
    edge_s = max(_EDGE_AT_LEAST_S, duration_s / _SHARE_OF_EDGE)
    for form, stretch in _FORMS:
        if match := re.search(form, text):
            start_s, end_s = stretch([seconds(group) for group in match.groups()], duration_s, edge_s)
            span = {"start_s": round(max(0.0, start_s), 3), "end_s": round(min(duration_s, end_s), 3)}
            rest = re.sub(r"\s+", " ", text[: match.start()] + " " + text[match.end() :]).strip(" ,")
            # A stretch past the end is asked for as it stands: the tool names the video's length in its refusal.
            return rest, span if span["start_s"] <= span["end_s"] else {"start_s": start_s, "end_s": end_s}
    return text, None
