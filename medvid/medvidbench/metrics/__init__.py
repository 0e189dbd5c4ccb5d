"""The leaderboard's columns, computed from texts as its evaluators compute them, and our strict figure beside each.

Here what they share: marks, and how a column's figure follows from them, of the records as they stand and of any draw of their videos.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from medvid.medvidbench.records import Answered

R = TypeVar("R", bound=Answered)
K = TypeVar("K", bound=Hashable)
Floats = npt.NDArray[np.float64]
DRAWS = 1000


@dataclass(frozen=True, slots=True)
class Column:
    """Figures without a record are None."""

    name: str
    leaderboard: float | None  # as the evaluators compute it
    strict: float | None  # the mean of the tool's own score, an unreadable answer counting 0
    unreadable: float | None  # the share of answers that the strict reader refuses
    tests: int  # records that have a truth
    secondary: Mapping[str, float | None] = field(default_factory=dict)


class Mark(NamedTuple):
    """What the record at this place earned, of what weight; 0 of 0 where a column leaves it out but counts it as one of its source.
    source, part (a criterion, an aspect): empty where a column does not go by them."""

    at: int
    earned: float
    weight: float = 1.0
    source: str = ""
    part: str = ""


def figures(marks: Sequence[Mark], clusters: Mapping[int, int], draws: Floats, *, by_records: bool = False) -> Floats:
    """One for each row of `draws`, which says how often each cluster counts; NaN where there is none. clusters: of each record. Earned over
    weight in each part, then the mean over a source's parts (0 where it has nothing that could be read), then over sources, which weigh the
    same or by their records."""
    parts, sources = _numbered((mark.source, mark.part) for mark in marks), _numbered(mark.source for mark in marks)
    used = _numbered(clusters[mark.at] for mark in marks)
    sums, records = np.zeros((2, len(used), len(parts))), np.zeros((len(used), len(sources)))
    for mark in marks:
        sums[:, used[clusters[mark.at]], parts[mark.source, mark.part]] += mark.earned, mark.weight
    for at, source in {(mark.at, mark.source) for mark in marks}:
        records[used[clusters[at]], sources[source]] += 1
    drawn = draws[:, list(used)]
    (earned, weight), there = drawn @ sums, drawn @ records
    of_source = np.array([[source == own for own in sources] for source, _ in parts], dtype=float).reshape(len(parts), len(sources))
    with np.errstate(invalid="ignore", divide="ignore"):
        ratios = np.where(weight > 0, earned / weight, 0.0) @ of_source
        read = (weight > 0) @ of_source
        ratios = np.where(read > 0, ratios / read, [0.0 if source else np.nan for source in sources])
        shares = there if by_records else np.minimum(there, 1)
        return np.asarray(np.where(shares > 0, ratios * shares, 0).sum(axis=1) / shares.sum(axis=1))


def _numbered(keys: Iterable[K]) -> dict[K, int]:
    return {key: number for number, key in enumerate(dict.fromkeys(keys))}


def figure(marks: Sequence[Mark], *, by_records: bool = False) -> float | None:
    """Of the records as they stand."""
    if not marks:
        return None
    (found,) = figures(marks, dict.fromkeys((mark.at for mark in marks), 0), np.ones((1, 1)), by_records=by_records)
    return None if np.isnan(found) else float(found)


def resample(strata: Sequence[object]) -> Floats:
    """How often each cluster counts in a thousand draws with replacement, within its stratum. Same strata, same draws."""
    rng, drawn = np.random.default_rng(0), np.zeros((DRAWS, len(strata)))
    for stratum in dict.fromkeys(strata):
        members = np.array([i for i, own in enumerate(strata) if own == stratum])
        rows = rng.integers(0, len(members), (DRAWS, len(members)))
        drawn[:, members] = [np.bincount(row, minlength=len(members)) for row in rows]
    return drawn


def interval(values: Floats) -> tuple[float, float] | None:
    """95 %, of the draws that have a figure."""
    if len(found := values[~np.isnan(values)]) == 0:
        return None
    low, high = np.percentile(found, (2.5, 97.5)).tolist()
    return low, high


def mean(values: Iterable[float]) -> float | None:
    found = list(values)
    return sum(found) / len(found) if found else None


def by_source(results: Sequence[R]) -> dict[str, list[R]]:
    """In the order in which the sources are met."""
    groups: dict[str, list[R]] = {}
    for result in results:
        groups.setdefault(result.data_source, []).append(result)
    return groups
