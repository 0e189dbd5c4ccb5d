"""The whole table: every column that results allow, as the leaderboard computes it and as our strict reading does, always both.

What asks for something that does not occur (its true answer is `Not observed.`) is judged in a column of its own and in no other.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from medvid.core import Action, Case, ParseError
from medvid.core.clip import Clip
from medvid.medvidbench.metrics import Column, Mark, by_source, figure, mean, scores, spans
from medvid.medvidbench.metrics.grounding import stg
from medvid.medvidbench.metrics.next_action import Nearest, classes_for, nap
from medvid.medvidbench.records import Result
from medvid.tools.base import is_not_observed
from medvid.tools.registry import BY_QA_TYPE

_ANY_CLIP = Clip(
    id="results", video_id="0" * 16, times_s=(0.0, 86_400.0), fps=1.0, timestamps=True, source_size=(100_000, 100_000),
    fed_size=(100_000, 100_000), box_frame="source",
)  # fmt: skip
"""Results do not say how long a clip is or how large its frames are, so nothing is refused for lying outside."""
Marks = dict[tuple[str, str], list[Mark]]  # By task and metric.


class Metric(NamedTuple):
    """name: of a column of the leaderboard; with `of`, a second figure of that column. marks: None where a judge gives them. by_records:
    sources weigh by their records."""

    name: str
    task: str  # what its qa_types begin with
    marks: Callable[[Sequence[Result]], list[Mark]] | None
    of: str = ""
    by_records: bool = False


def metrics(nearest: Nearest | None = None) -> list[Metric]:
    """The ten columns, each with its second figures, of which `strict` and `unreadable` are our own reading. nearest: as in next_action."""
    tag = [Metric(f"TAG @{at}", "tal", partial(spans.tag, threshold=at)) for at in spans.TAG_THRESHOLDS]
    recalls = [Metric(f"recall @{at}", "tal", partial(spans.recall, threshold=at), "TAG @0.5") for at in spans.DVC_THRESHOLDS]
    sides = enumerate(("start", "end"))
    errors = [Metric(f"{name} error, s", "tal", partial(spans.error_s, side=side), "TAG @0.5") for side, name in sides]
    found = [
        Metric("CVS acc", "cvs", scores.cvs), Metric("rating", "cvs", scores.rating, "CVS acc"),
        Metric("NAP acc", "next_action", partial(nap, nearest=nearest)),
        Metric("SA acc", "skill", scores.skill), Metric("level", "skill", scores.level, "SA acc"),
        Metric("STG mIoU", "stg", stg), *tag, *recalls, *errors, Metric("DVC F1", "dense", spans.dvc, by_records=True),
        Metric("DVC llm", "dense", None), Metric("VS llm", "video_summary", None), Metric("RC llm", "region", None),
    ]  # fmt: skip
    ours = [Metric(name, one.task, marks, one.name) for one in found if not one.of for name, marks in READINGS.items()]
    return [one for metric in found for one in (metric, *(own for own in ours if own.of == metric.name))]


def is_absent(result: Result) -> bool:
    return is_not_observed(result.gnd or "")


def strict(results: Sequence[Result]) -> tuple[float | None, float | None]:
    """The mean of the tool's own score, and the share of answers that its reader refuses; those score 0."""
    scores = dict(_strict_scores(results)).values()
    return mean(score or 0.0 for score in scores), mean(float(score is None) for score in scores)


def _strict_scores(results: Sequence[Result]) -> Iterator[tuple[int, float | None]]:
    """By place, of those whose true answer (`gnd`) can be read; None where the answer cannot be."""
    groups = by_source([result for result in results if result.qa_type == "next_action"])
    for at, result in enumerate(results):
        tool = BY_QA_TYPE.get(result.qa_type)
        if tool is None or result.gnd is None:
            continue
        names = classes_for(result, groups[result.data_source]) if result.qa_type == "next_action" else []
        try:
            truth = tool.parse(result.gnd, _ANY_CLIP, Case()).result
        except ParseError:
            continue
        try:
            said = tool.parse(result.answer, _ANY_CLIP, Case(actions=tuple(Action(name=name) for name in names))).result
            yield at, tool.score(said, truth)
        except ParseError:
            yield at, None


READINGS: dict[str, Callable[[Sequence[Result]], list[Mark]]] = {
    "strict": lambda results: [Mark(at, score or 0.0) for at, score in _strict_scores(results)],
    "unreadable": lambda results: [Mark(at, score is None) for at, score in _strict_scores(results)],
}


def marks_of(results: Mapping[int, Result], known: Sequence[Metric]) -> Marks:
    """results: by place. Each task's are judged together, but for what does not occur."""
    found: Marks = {}
    for metric in known:
        if metric.marks is not None and (metric.task, metric.name) not in found:
            own = {at: one for at, one in results.items() if one.qa_type.startswith(metric.task) and not is_absent(one)}
            places, marks = list(own), metric.marks(list(own.values()))
            found[metric.task, metric.name] = [mark._replace(at=places[mark.at], earned=float(mark.earned)) for mark in marks]
    return found


def columns(results: Sequence[Result], nearest: Nearest | None = None) -> list[Column]:
    """A column for each task that has results, but for the judged ones; `nearest` as in next_action."""
    known, table = metrics(nearest), list[Column]()
    marks = marks_of(dict(enumerate(results)), known)
    for metric in (metric for metric in known if not metric.of):
        if own := marks.get((metric.task, metric.name)):
            seconds = {one.name: figure(marks[one.task, one.name]) for one in known if one.of == metric.name}
            score, unreadable, tests = seconds.pop("strict"), seconds.pop("unreadable"), len({mark.at for mark in own})
            table.append(Column(metric.name, figure(own, by_records=metric.by_records), score, unreadable, tests, seconds))
    return table + [column for column in (absent(results),) if column is not None]


def absent(results: Sequence[Result]) -> Column | None:
    """Recall: the share of absent things named as absent; precision: of all answers that say so, the share that is right."""
    asked = [result for result in results if is_absent(result)]
    if not asked:
        return None
    named = [result for result in results if is_not_observed(result.answer)]
    recall = sum(is_not_observed(result.answer) for result in asked) / len(asked)
    precision = sum(is_absent(result) for result in named) / len(named) if named else None
    return Column("absent", None, recall, strict(asked)[1], len(asked), {"recall": recall, "precision": precision})
