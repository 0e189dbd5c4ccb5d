"""Bounds: a result lies within the span and the frame asked about, in milliseconds and hundredths of a pixel; what does not is left out."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from medvid.core.span import Box, Span, TimedBox, Track

SLACK_S = 1e-3


def confine(value: Any, within: Span, size: tuple[int, int]) -> Any | None:
    """`value` with its spans cut to `within` and its boxes to the frame (width, height); None where nothing of it is left."""
    if isinstance(value, Span):
        return Span.of(round(value.start_s, 3), round(value.end_s, 3)).cut(within)
    if isinstance(value, Box):
        x1, y1, x2, y2 = (round(side, 2) for side in value.root)
        return Box.of(x1, y1, x2, y2).cut(*size) if x1 < x2 and y1 < y2 else None
    if isinstance(value, TimedBox):
        box = confine(value.box_px, within, size)
        inside = within.start_s - SLACK_S <= value.time_s <= within.end_s + SLACK_S
        time_s = min(max(round(value.time_s, 3), within.start_s), within.end_s)
        return TimedBox(time_s=time_s, box_px=box) if box is not None and inside else None
    if isinstance(value, Track):
        items = confine(value.root, within, size)
        return Track(tuple({item.time_s: item for item in reversed(items)}.values())[::-1]) if items else None
    if isinstance(value, tuple):
        confined = (confine(item, within, size) for item in value)
        return tuple(item for item in confined if item is not None) or None
    if isinstance(value, BaseModel):
        kept = {name: field if field is None else confine(field, within, size) for name, field in value}
        lost = any(kept[name] is None and field is not None for name, field in value)
        return None if lost else type(value).model_validate(kept)
    return value


def count_items(value: Any) -> int:
    """How many spans, timed boxes or events a result lists; 1 for what lists none."""
    if isinstance(value, BaseModel):
        return max((count_items(field) for _, field in value), default=1)
    return len(value) if isinstance(value, tuple) else 1
