"""NAP acc: the share of records whose answer is of the truth's class, pooled over sources.

Source: docs/formats.md, "The leaderboard's columns".
"""

from collections.abc import Callable, Sequence

from medvid.core.vocabulary import NURSING, STORED, steps_of
from medvid.medvidbench.metrics import by_source
from medvid.medvidbench.records import Result

Nearest = Callable[[str, Sequence[str]], str]


def classes_for(result: Result, same_source: Sequence[Result]) -> list[str]:
    """Its source's class names; for NurViD those of the procedure that the question names, else all; without a list the file's truths."""
    if result.data_source == NURSING:
        lists: dict[str, list[str]] = STORED[NURSING]
        named = [names for procedure, names in lists.items() if procedure.lower() in result.question.lower()]
        return named[0] if named else list(dict.fromkeys(name for names in lists.values() for name in names))
    if steps := steps_of(result.data_source):
        return steps
    return list(dict.fromkeys(truth for item in same_source if (truth := _truth(item))))


def _truth(result: Result) -> str:
    return _mapped((result.gnd or "").strip(), result.data_source)


def _mapped(name: str, source: str) -> str:
    """CoPESD's older names are mapped first."""
    return str(STORED["CoPESD"]["older_names"].get(name, name)) if source == "CoPESD" else name


def class_of(result: Result, classes: Sequence[str], nearest: Nearest | None) -> str | None:
    """None where the answer is no class name and nothing judges nearness."""
    said = _mapped(result.answer.strip(), result.data_source)
    return said if said in classes else nearest(said, classes) if nearest is not None and classes else None


def nap(results: Sequence[Result], nearest: Nearest | None = None) -> float | None:
    """A record whose truth is no class is skipped. Without `nearest` only exact names count, which is below the leaderboard's figure."""
    hits = tests = 0
    for group in by_source(results).values():
        judged = [(result, classes_for(result, group)) for result in group]
        judged = [(result, classes) for result, classes in judged if _truth(result) in classes]
        right = sum(class_of(result, classes, nearest) == _truth(result) for result, classes in judged)
        hits, tests = hits + right, tests + len(judged)
    return hits / tests if tests else None
