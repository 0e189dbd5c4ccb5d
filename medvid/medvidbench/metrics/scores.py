"""CVS acc and SA acc: exact agreement of scores, per source the mean over criteria or aspects, then the mean over sources.

Source: docs/formats.md, "The leaderboard's columns".
"""

import re
from collections.abc import Callable, Mapping, Sequence

from medvid.medvidbench.metrics import by_source, mean, mean_of
from medvid.medvidbench.records import Result
from medvid.tools.assess_cvs import CRITERIA
from medvid.tools.assess_skill import ASPECTS

_CVS_FORMS = {
    "Two structures": re.compile(r"two structures?: (\d+)"),
    "Cystic plate": re.compile(r"cystic plate: (\d+)"),
    "Hepatocystic triangle": re.compile(r"hepatocystic triangle: (\d+)"),
}
_FIFTH = re.compile(r"(\d+)\s*/\s*5")
Reader = Callable[[str], dict[str, int]]


def read_cvs(text: str) -> dict[str, int]:
    """Name and colon needed, one score a part."""
    parts = [part.strip().lower() for part in text.split(",")]
    return {name: int(found[1]) for part in parts for name, form in _CVS_FORMS.items() if (found := form.search(part))}


def read_skill(text: str) -> dict[str, int]:
    """Parts `NAME: N/5`, the name verbatim."""
    scores: dict[str, int] = {}
    for part in text.split(","):
        name, colon, said = part.strip().partition(":")
        found = _FIFTH.search(said)
        if colon and found and name.strip() in ASPECTS:
            scores[name.strip()] = int(found.group(1))
    return scores


def _truth(result: Result, key: str, read: Reader) -> dict[str, int]:
    said = result.facts.get(key)
    return {str(name): int(score) for name, score in said.items()} if isinstance(said, dict) and said else read(result.gnd or "")


def _accuracy(results: Sequence[Result], key: str, names: Sequence[str], read: Reader) -> float | None:
    """Of one source: the mean over the names that some record has on both sides."""
    pairs = [(_truth(result, key, read), read(result.answer)) for result in results]
    return mean_of(mean(float(t[name] == p[name]) for t, p in pairs if name in t and name in p) for name in names)


def cvs(results: Sequence[Result]) -> float | None:
    return mean_of(_accuracy(group, "cvs_scores", CRITERIA, read_cvs) for group in by_source(results).values())


def skill(results: Sequence[Result]) -> float | None:
    answered = [result for result in results if _FIFTH.search(result.answer)]
    return mean_of(_accuracy(group, "skill_scores", ASPECTS, read_skill) for group in by_source(answered).values())


def cvs_rating(scores: Mapping[str, int]) -> str:
    """Of the sum: 0-1 poor, 2-3 fair, 4-5 good, 6 excellent."""
    return ("poor", "fair", "good", "excellent")[min(sum(scores.values()), 6) // 2]


def cvs_rating_accuracy(results: Sequence[Result]) -> float | None:
    """Here an unreadable answer counts as the sum 0."""
    return mean(float(cvs_rating(_truth(r, "cvs_scores", read_cvs)) == cvs_rating(read_cvs(r.answer))) for r in results)


def skill_level(mean_score: float) -> str:
    """N novice, I intermediate, E expert."""
    return "N" if mean_score <= 2.0 else "I" if mean_score <= 3.5 else "E"


def skill_level_accuracy(results: Sequence[Result]) -> float | None:
    """Of the records whose `skill_level` is known and whose answer holds some `N/5`."""
    said = ((mean(map(int, _FIFTH.findall(result.answer))), result.facts.get("skill_level")) for result in results)
    return mean(float(skill_level(score) == truth) for score, truth in said if score is not None and truth)
