"""NAP acc: the share of records whose answer is of the truth's class, pooled over sources.

Source: docs/formats.md, "The leaderboard's columns".
"""

from collections.abc import Callable, Sequence

from medvid.core.vocabulary import NURSING, STORED, steps_of
from medvid.medvidbench.metrics import Mark, by_source
from medvid.medvidbench.records import Result

Nearest = Callable[[Sequence[str], Sequence[str]], list[str]]
"""For each text the class nearest to it."""


def classes_for(result: Result, same_source: Sequence[Result]) -> list[str]:
    """Its source's class names; for NurViD those of the procedure that the question names, else all; without a list the file's truths."""
    if result.data_source == NURSING:
        lists: dict[str, list[str]] = STORED[NURSING]
        named = [names for procedure, names in lists.items() if procedure.lower() in result.question.lower()]
        return named[0] if named else list(dict.fromkeys(name for names in lists.values() for name in names))
    if steps := steps_of(result.data_source):
        return steps
    return list(dict.fromkeys(truth for item in same_source if (truth := true_class(item))))


def true_class(result: Result) -> str:
    return _mapped((result.gnd or "").strip(), result.data_source)


def _mapped(name: str, source: str) -> str:
    """CoPESD's older names are mapped first."""
    return str(STORED["CoPESD"]["older_names"].get(name, name)) if source == "CoPESD" else name


def class_of(result: Result, classes: Sequence[str]) -> str | None:
    """None where the answer is no class name."""
    said = _mapped(result.answer.strip(), result.data_source)
    return said if said in classes else None


def nap(results: Sequence[Result], nearest: Nearest | None = None) -> list[Mark]:
    """A record whose truth is no class is skipped. Without `nearest` only exact names count, which is below the leaderboard's figure."""
    groups = by_source(results)
    judged = [(at, result, tuple(classes_for(result, groups[result.data_source]))) for at, result in enumerate(results)]
    judged = [(at, result, classes) for at, result, classes in judged if true_class(result) in classes]
    said = {at: class_of(result, classes) for at, result, classes in judged}
    for classes in dict.fromkeys(classes for *_, classes in judged):
        odd = {at: result.answer.strip() for at, result, own in judged if own == classes and said[at] is None}
        if odd and nearest is not None:
            said |= zip(odd, nearest(list(odd.values()), classes), strict=True)
    return [Mark(at, said[at] == true_class(result)) for at, result, _ in judged]
