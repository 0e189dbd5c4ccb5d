"""The leaderboard's columns, computed from texts as its evaluators compute them, and our strict figure beside each.

Here what they share: a column, and the means its evaluators take, over sources, weighted or not.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from medvid.medvidbench.records import Answered

R = TypeVar("R", bound=Answered)


@dataclass(frozen=True, slots=True)
class Column:
    """Figures without a record are None."""

    name: str
    leaderboard: float | None  # as the evaluators compute it
    strict: float | None  # the mean of the tool's own score, an unreadable answer counting 0
    unreadable: float | None  # the share of answers that the strict reader refuses
    tests: int  # records that have a truth
    secondary: Mapping[str, float | None] = field(default_factory=dict)


def mean(values: Iterable[float]) -> float | None:
    found = list(values)
    return sum(found) / len(found) if found else None


def by_source(results: Sequence[R]) -> dict[str, list[R]]:
    """In the order in which the sources are met."""
    groups: dict[str, list[R]] = {}
    for result in results:
        groups.setdefault(result.data_source, []).append(result)
    return groups


def mean_of(values: Iterable[float | None]) -> float | None:
    """Those that are there."""
    return mean(value for value in values if value is not None)
