"""CVS acc and SA acc: exact agreement of scores, per source the mean over criteria or aspects, then the mean over sources.

Source: docs/formats.md, "The leaderboard's columns".
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from medvid.medvidbench.metrics import Mark, mean
from medvid.medvidbench.records import Result
from medvid.tools.assess_cvs import CRITERIA

_CVS_FORMS = {name: re.compile(rf"{name.lower().replace('structures', 'structures?')}:\s*(\d{{1,9}})") for name in CRITERIA}
_FIFTH = re.compile(r"(\d{1,9})/5")
_NAMED_FIFTH = re.compile(rf":\s*{_FIFTH.pattern}")
Reader = Callable[[str], dict[str, int]]


def read_cvs(text: str) -> dict[str, int]:
    """Name and colon needed; a part has one score, of the criterion that comes first in the list."""
    scores: dict[str, int] = {}
    for part in text.lower().split(","):
        scores |= next(({name: int(found[1])} for name, form in _CVS_FORMS.items() if (found := form.search(part))), {})
    return scores


def read_skill(text: str) -> dict[str, int]:
    """Parts `NAME: N/5`, the name as it stands behind the colon before."""
    parts = ((part, found) for part in text.split(",") if (found := _NAMED_FIFTH.search(part)))
    return {part[: found.start()].rpartition(":")[2].strip(): int(found[1]) for part, found in parts}


def _plain(name: str) -> str:
    """Structured truths name the criteria `two_structures`, ..."""
    return next((known for known in CRITERIA if known.lower() == name.replace("_", " ").lower()), name)


def true_scores(result: Result, key: str, read: Reader) -> dict[str, int]:
    said = result.facts.get(key)
    given = {_plain(str(name)): int(score) for name, score in said.items() if str(score).isdecimal()} if isinstance(said, dict) else {}
    return given or read(result.gnd or "")


def _agreement(at: int, result: Result, truth: Mapping[str, int], said: Mapping[str, int]) -> Iterator[Mark]:
    yield Mark(at, 0, 0, result.data_source)
    yield from (Mark(at, truth[name] == said[name], 1, result.data_source, name) for name in truth if name in said)


def cvs(results: Sequence[Result]) -> list[Mark]:
    """A criterion counts where truth and answer both have it."""
    truths = [{name: score for name, score in true_scores(r, "cvs_scores", read_cvs).items() if name in CRITERIA} for r in results]
    pairs = enumerate(zip(results, truths, strict=True))
    return [mark for at, (result, truth) in pairs if truth for mark in _agreement(at, result, truth, read_cvs(result.answer))]


def skill(results: Sequence[Result]) -> list[Mark]:
    """A record without any `N/5` is skipped."""
    truths = enumerate(true_scores(result, "skill_scores", read_skill) for result in results)
    return [mark for at, truth in truths if truth for mark in _agreement(at, results[at], truth, read_skill(results[at].answer))]


def cvs_rating(scores: Mapping[str, int]) -> str:
    """Of the sum: 0-1 poor, 2-3 fair, 4-5 good, 6 excellent."""
    return ("poor", "fair", "good", "excellent")[min(sum(scores.values()), 6) // 2]


def rating(results: Sequence[Result]) -> list[Mark]:
    """Here an unreadable answer counts as the sum 0."""
    truths = enumerate(true_scores(result, "cvs_scores", read_cvs) for result in results)
    return [Mark(at, cvs_rating(truth) == cvs_rating(read_cvs(results[at].answer))) for at, truth in truths if truth]


def skill_level(mean_score: float) -> str:
    """N novice, I intermediate, E expert."""
    return "N" if mean_score <= 2.0 else "I" if mean_score <= 3.5 else "E"


def _level(text: str) -> str | None:
    score = mean(map(int, _FIFTH.findall(text)))
    return None if score is None else skill_level(score)


def level(results: Sequence[Result]) -> list[Mark]:
    """Of the answers that hold some `N/5`. Truth: `skill_level`, else by the true answer's scores."""
    told = enumerate((_level(result.answer), result.facts.get("skill_level") or _level(result.gnd or "")) for result in results)
    return [Mark(at, said == truth) for at, (said, truth) in told if said and truth]
