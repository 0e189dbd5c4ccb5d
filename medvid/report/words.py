"""Results and values in a few words, for one cell of a table. Numbers as everywhere: times and boxes with one decimal.

Reads the JSON of results as docs/formats.md, "Outcomes", gives it; a value of another shape is shown as JSON.
"""

from __future__ import annotations

import json
from typing import Any

LONGEST = 400
MOST_ITEMS = 6


def in_words(value: Any) -> str:
    """`12.0-14.5 s`, `4 boxes, 12.0-15.0 s, first [10.0, 20.0, 30.0, 40.0]`, `Two structures 2, ...`; at most 400 characters."""
    text = _in_words(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _in_words(value: Any) -> str:
    match value:
        case {"start_s": float() | int() as start, "end_s": float() | int() as end}:
            return f"{start:.1f}-{end:.1f} s"
        case {"time_s": float() | int() as time, "box_px": list() as box}:
            return f"{_box(box)} at {time:.1f} s"
        case {"track": [{"time_s": _, "box_px": list() as box} as first, *_] as track}:
            count = f"{len(track)} box{'' if len(track) == 1 else 'es'}"
            return f"{count}, {first['time_s']:.1f}-{track[-1]['time_s']:.1f} s, first {_box(box)}"
        case {"events": list() as events}:
            return "; ".join(f"{_in_words(event['span'])}: {event['caption']}" for event in events) or "no event"
        case {"scores": dict() as scores}:
            return ", ".join(f"{name} {score}" for name, score in scores.items())
        case {"spans": inner} | {"text": inner} | {"action": inner} | {"track": inner}:
            return _in_words(inner)
        case None | []:
            return "none"
        case bool():
            return "yes" if value else "no"
        case str() | int():
            return str(value)
        case float():
            return f"{value:.1f}"
        case list():
            more = f", and {len(value) - MOST_ITEMS} more" if len(value) > MOST_ITEMS else ""
            return ", ".join(_in_words(item) for item in value[:MOST_ITEMS]) + more
        case _:
            return json.dumps(value, ensure_ascii=False)


def _box(box: list[float]) -> str:
    return f"[{', '.join(f'{side:.1f}' for side in box)}]"
