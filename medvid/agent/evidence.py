"""Evidence: the numbers an answer may hold, how they are written, and the check that refuses any other.

Times have one decimal, boxes at most two, scores and counts none. A number in a sentence must occur in what its step gave, was asked or
was told; a number that nothing holds is a bug of the answer's, not of the model's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from medvid.core.errors import MedVidError

_NUMBER = re.compile(r"(?<![\w.])\d+(?:[.,]\d+)*")


def time_text(seconds: float) -> str:
    return f"{seconds:.1f}"


def span_text(span: dict[str, Any]) -> str:
    return f"{time_text(span['start_s'])}-{time_text(span['end_s'])} s"


def side_text(pixels: float) -> str:
    return f"{pixels:.2f}".rstrip("0").rstrip(".")


def box_text(box: Iterable[float]) -> str:
    return f"[{', '.join(side_text(side) for side in box)}]"


def rate_text(fps: float) -> str:
    return f"{fps:.3g}"


def numbers_in(text: str) -> set[str]:
    return set(_NUMBER.findall(text))


def numbers_of(value: Any) -> set[str]:
    """Every number a JSON value holds, in each form that a sentence may write it."""
    if isinstance(value, bool) or value is None:
        return set()
    if isinstance(value, int | float):
        # A sentence never shows a sign: what is measured here is never below 0, but for log-probabilities, which are not shown.
        forms = {time_text(value), side_text(value), rate_text(value), f"{value:.3f}"}
        return forms | ({str(int(value)), f"{int(value):,}"} if value == int(value) else set())
    if isinstance(value, str):
        return numbers_in(value)
    if isinstance(value, dict):
        return numbers_in(" ".join(map(str, value))).union(*(numbers_of(item) for item in value.values()))
    return set().union(*(numbers_of(item) for item in value))


def check_sentence(text: str, step: str, sources: Iterable[Any]) -> None:
    """Raises MedVidError where the sentence holds a number that no source of its step holds."""
    known = set().union(*(numbers_of(source) for source in sources))
    if unknown := sorted(numbers_in(text) - known):
        raise MedVidError(
            f"the sentence {text!r} holds {', '.join(unknown)}, which nothing in step {step} holds; please report this bug of medvid"
        )
