"""The whole table: every column that results allow, as the leaderboard computes it and as our strict reading does, always both.

What asks for something that does not occur (its true answer is `Not observed.`) is judged in a column of its own and in no other.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from medvid.core import Action, Case, ParseError
from medvid.core.clip import Clip
from medvid.medvidbench.metrics import Column, by_source, mean, scores
from medvid.medvidbench.metrics.grounding import stg
from medvid.medvidbench.metrics.next_action import Nearest, classes_for, nap
from medvid.medvidbench.metrics.spans import TAG_THRESHOLDS, dvc, tag
from medvid.medvidbench.records import Result
from medvid.tools.base import is_not_observed
from medvid.tools.registry import BY_QA_TYPE

_ANY_CLIP = Clip(
    id="results", video_id="0" * 16, times_s=(0.0, 86_400.0), fps=1.0, timestamps=True, source_size=(100_000, 100_000),
    fed_size=(100_000, 100_000), box_frame="source",
)  # fmt: skip
"""Results do not say how long a clip is or how large its frames are, so nothing is refused for lying outside."""


Figure = Callable[[Sequence[Result]], float | None]


class Strict(NamedTuple):
    """score: the mean of the tool's own. unreadable: the share of answers that its reader refuses; those score 0."""

    score: float | None
    unreadable: float | None


def is_absent(result: Result) -> bool:
    return is_not_observed(result.gnd or "")


def strict(results: Sequence[Result]) -> Strict:
    """Of records of one task whose true answer (`gnd`) is there."""
    marks: list[float | None] = []
    for group in by_source(results).values():
        marks += [_strict_score(result, group) for result in group if result.gnd is not None]
    return Strict(mean(mark or 0.0 for mark in marks), mean(float(mark is None) for mark in marks))


def _strict_score(result: Result, same_source: Sequence[Result]) -> float | None:
    """None where the answer cannot be read."""
    tool = BY_QA_TYPE[result.qa_type]
    names = classes_for(result, same_source) if result.qa_type == "next_action" else []
    case = Case(actions=tuple(Action(name=name) for name in names))
    truth = tool.parse(result.gnd or "", _ANY_CLIP, Case()).result
    try:
        return tool.score(tool.parse(result.answer, _ANY_CLIP, case).result, truth)
    except ParseError:
        return None


def columns(results: Sequence[Result], nearest: Nearest | None = None) -> list[Column]:
    """A column for each task that has results; `nearest` as in next_action."""
    table: list[Column] = []

    def add(prefix: str, name: str, figure: Figure, **secondary: Figure) -> None:
        if found := [result for result in results if result.qa_type.startswith(prefix) and not is_absent(result)]:
            others = {key: other(found) for key, other in secondary.items()}
            table.append(Column(name, figure(found), *strict(found), len(found), others))

    add("cvs", "CVS acc", scores.cvs, rating=scores.cvs_rating_accuracy)
    add("next_action", "NAP acc", partial(nap, nearest=nearest))
    add("skill", "SA acc", scores.skill, level=scores.skill_level_accuracy)
    add("stg", "STG mIoU", stg)
    for at in TAG_THRESHOLDS:
        add("tal", f"TAG @{at}", lambda found: tag(found, at)[0], recall=lambda found: tag(found, at)[1])  # noqa: B023 - called at once
    add("dense", "DVC F1", dvc)
    return table + [column for column in (absent(results),) if column is not None]


def absent(results: Sequence[Result]) -> Column | None:
    """Recall: the share of absent things named as absent; precision: of all answers that say so, the share that is right."""
    asked = [result for result in results if is_absent(result)]
    if not asked:
        return None
    named = [result for result in results if is_not_observed(result.answer)]
    recall = sum(is_not_observed(result.answer) for result in asked) / len(asked)
    precision = sum(is_absent(result) for result in named) / len(named) if named else None
    return Column("absent", None, recall, strict(asked).unreadable, len(asked), {"recall": recall, "precision": precision})
