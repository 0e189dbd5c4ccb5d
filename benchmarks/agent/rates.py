"""Shares with their intervals: the score interval of Wilson (1927), which holds for small numbers and for shares of 0 and 1."""

import math

Z = 1.959964
"""Of the normal distribution, for 95 %."""


def wilson(hits: int, of: int) -> tuple[float, float]:
    """Ends of the 95 % interval. Raises ZeroDivisionError of nothing."""
    p, z = hits / of, Z * Z / of
    middle, half = (p + z / 2) / (1 + z), math.sqrt(p * (1 - p) * z + z * z / 4) / (1 + z)
    return max(0.0, middle - half), min(1.0, middle + half)


def share_text(hits: int, of: int) -> str:
    """`.923 (.881-.951), 192 of 208`."""
    if of == 0:
        return "none"
    low, high = wilson(hits, of)
    return f"{_short(hits / of)} ({_short(low)}-{_short(high)}), {hits} of {of}"


def _short(share: float) -> str:
    return f"{share:.3f}".removeprefix("0")
