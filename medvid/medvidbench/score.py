"""The score of a run, or of a results file: every column as the leaderboard counts and strictly, by source and in all, with the intervals
and baselines that say what a figure is worth, and the published figures beside them.

Source: docs/benchmark.md, "Scoring".
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from medvid.core import ConfigError, Reliability, Value
from medvid.engine.profiles import PUBLISHED
from medvid.medvidbench.answers import Answered, read_answers
from medvid.medvidbench.baselines import majority, video_of
from medvid.medvidbench.metrics import Column, Floats, Mark, figures, interval, resample
from medvid.medvidbench.metrics.next_action import Nearest
from medvid.medvidbench.metrics.table import Metric, absent, is_absent, metrics, strict_of, strict_scores
from medvid.medvidbench.records import Record, Result, read_results, result_of
from medvid.tools.registry import BY_QA_TYPE

SHOWN = "1.0a-7B-RL"  # The published row beside a model that has none.
Marks = dict[tuple[str, str], list[Mark]]
"""By task and metric. `strict` is our own reading; what it could not read stands in its part `unreadable`."""
Bounds = tuple[float, float]


class Figure(Value):
    """bounds: 95 % over videos. majority, blind: what these have. over_majority, over_blind: 95 % of how much more, in paired draws."""

    value: float | None = None
    bounds: Bounds | None = None
    majority: float | None = None
    over_majority: Bounds | None = None
    blind: float | None = None
    over_blind: Bounds | None = None


class Row(Value):
    """of: the column that a second figure belongs to. source: None for all. tests: records with a truth. cut: answers that ended at the
    limit, None where that is not known. published: of the test set, by model."""

    name: str
    of: str = ""
    source: str | None = None
    unit: str = ""
    tests: int
    leaderboard: Figure
    strict: Figure | None = None
    unreadable: float | None = None
    cut: int | None = None
    published: dict[str, float] = {}


class Failed(Value):
    """Counted apart, never a wrong answer."""

    qa_type: str
    kind: str
    count: int
    example: str


class Score(Value):
    """about: what the run was made with. counts: of records. notes: what a reader has to know."""

    about: dict[str, Any]
    counts: dict[str, int]
    rows: tuple[Row, ...]
    failed: tuple[Failed, ...]
    notes: tuple[str, ...]

    @property
    def published(self) -> str:
        """Whose published figures stand beside: the same checkpoint's where it has any."""
        named = str(self.about.get("model", ""))
        return max((name for name in PUBLISHED[0]["figures"] if name in named), key=len, default=SHOWN)


@dataclass(frozen=True, slots=True)
class Sheet:
    """results: in record order. places: of each among the records. run: None for a results file."""

    results: list[Result]
    places: list[int]
    run: Answered | None = None

    def length_s(self, at: int) -> float | None:
        return length_of(self.run.records[self.places[at]]) if self.run else None


def read_sheet(path: Path) -> Sheet:
    """Raises ConfigError where the folder holds no run, or the file no results."""
    if not path.is_dir():
        results = read_results(path)
        return Sheet(results, list(range(len(results))))
    run = read_answers(path)
    return Sheet(list(run.results.values()), list(run.results), run)


def length_of(record: Record) -> float | None:
    """Seconds of its clip, as its frame list has it; None for a video file."""
    return len(record.video) / record.fps if record.fps and len(record.video) > 1 else None


def score_of(
    sheet: Sheet, nearest: Nearest, *, train: Sequence[Record] | None = None, blind: Sheet | None = None, judged: Sequence[Column] = ()
) -> tuple[Score, Marks]:
    """And the marks of each record. train: where the majority is chosen from, instead of the other videos of the sheet. blind: the same
    records on black frames. judged: the columns of a judge. Raises ConfigError where `blind` is of other records."""
    results, known = sheet.results, metrics(nearest)
    learnt = None if train is None else [(result_of(record, ""), length_of(record)) for record in train if record.answer is not None]
    constant = majority(results, [sheet.length_s(at) for at in range(len(results))], learnt)
    runs = {"own": dict(enumerate(results)), "majority": constant, "blind": _beside(sheet, blind) if blind else {}}
    marks = {name: _marks(run, known) for name, run in runs.items()}
    videos = [video_of(result, at) for at, result in enumerate(results)]
    numbers = {video: i for i, video in enumerate(dict.fromkeys(videos))}
    strata = {video: result.data_source for video, result in zip(videos, results, strict=True)}
    draws = np.vstack([np.ones((1, len(numbers))), resample([strata[video] for video in numbers])])
    clusters = [numbers[video] for video in videos]
    sources = dict.fromkeys(result.data_source for result in results)
    rows: list[Row] = []
    for metric in known:
        for source in (None, *(sources if not metric.of else ())):
            own = {name: {key: _of(found, results, source) for key, found in run.items()} for name, run in marks.items()}
            if row := _row(metric, source, sheet, own, clusters, draws, judged):
                rows.append(row)
    if (column := absent(results)) is not None:
        found = ((name, Figure(value=value)) for name, value in column.secondary.items())
        rows += [Row(name=f"absent: {name}", tests=column.tests, leaderboard=Figure(), strict=figure) for name, figure in found]
    counts, failed = _counts(sheet)
    notes = list(_notes(sheet, train, blind, len(constant)))
    told = Score(about=_about(sheet), counts=counts, rows=tuple(rows), failed=failed, notes=tuple(notes))
    return told, marks["own"]


def _beside(sheet: Sheet, blind: Sheet) -> dict[int, Result]:
    told = dict(zip(blind.places, blind.results, strict=True))
    found = {at: told[place] for at, place in enumerate(sheet.places) if place in told}
    if not found or any(_asked(sheet.results[at]) != _asked(one) for at, one in found.items()):
        raise ConfigError("the blind run holds answers to other records; run it with the same file of records")
    return found


def _asked(result: Result) -> tuple[str, str]:
    return result.qa_type, result.question


def _marks(run: Mapping[int, Result], known: Sequence[Metric]) -> Marks:
    """Of the results at their places, each task's together; what is not there at all is judged nowhere here."""
    found: Marks = {}
    for metric in known:
        own = {at: result for at, result in run.items() if result.qa_type.startswith(metric.task) and not is_absent(result)}
        places = list(own)
        if metric.marks is not None:
            told = metric.marks(list(own.values()))
            found[metric.task, metric.name] = [mark._replace(at=places[mark.at], earned=float(mark.earned)) for mark in told]
        if (key := (metric.task, "strict")) not in found:
            scores = strict_scores(list(own.values()))
            found[key] = [Mark(places[at], mark or 0.0, part="unreadable" if mark is None else "") for at, mark in scores.items()]
    return found


def _of(marks: Sequence[Mark], results: Sequence[Result], source: str | None) -> list[Mark]:
    return [mark for mark in marks if source in (None, results[mark.at].data_source)]


def _row(
    metric: Metric, source: str | None, sheet: Sheet, marks: Mapping[str, Marks], clusters: Sequence[int], draws: Floats,
    judged: Sequence[Column],
) -> Row | None:
    key, strict = (metric.task, metric.name), (metric.task, "strict")
    read = {mark.at: None if mark.part else mark.earned for mark in marks["own"][strict]}
    told: dict[str, Any] = {"name": metric.name, "of": metric.of, "source": source, "unit": metric.unit}
    if not metric.of:
        plain = {name: [mark._replace(part="") for mark in run[strict]] for name, run in marks.items()}
        cut = sum(sheet.run.answers[sheet.places[at]].finish == "length" for at in read) if sheet.run else None
        told |= {"strict": _figure(plain, clusters, draws), "unreadable": strict_of(read).unreadable, "cut": cut}
        told |= {"published": next(c["figures"] for c in PUBLISHED if c["name"] == metric.name)} if source is None else {}
    if metric.marks is None:
        value = next((column.leaderboard for column in judged if column.name == metric.name and source is None), None)
        return Row(**told, tests=len(read), leaderboard=Figure(value=value)) if read and (source is None) else None
    tests = len({mark.at for mark in marks["own"][key]})
    own = {name: run[key] for name, run in marks.items()}
    return Row(**told, tests=tests, leaderboard=_figure(own, clusters, draws, by_records=metric.by_records)) if tests else None


def _figure(marks: Mapping[str, Sequence[Mark]], clusters: Sequence[int], draws: Floats, *, by_records: bool = False) -> Figure:
    drawn = {name: figures(own, clusters, draws, by_records=by_records) for name, own in marks.items() if own}
    if "own" not in drawn:
        return Figure()
    value = {name: None if np.isnan(values[0]) else float(values[0]) for name, values in drawn.items()}
    told: dict[str, Any] = {"value": value["own"], "bounds": interval(drawn["own"][1:])}
    for name in drawn.keys() - {"own"}:
        told |= {name: value[name], f"over_{name}": interval((drawn["own"] - drawn[name])[1:])}
    return Figure(**told)


def _counts(sheet: Sheet) -> tuple[dict[str, int], tuple[Failed, ...]]:
    counts = {"answered": len(sheet.results)}
    if sheet.run is None:
        return counts, ()
    answers, records = sheet.run.answers, sheet.run.records
    failures = [(records[at].qa_type, answer.failure) for at, answer in sorted(answers.items()) if answer.failure is not None]
    counts = {"records": len(records)} | counts | {"failed": len(failures), "not asked": len(records) - len(answers)}
    counts["ended at the limit"] = sum(answer.finish == "length" for answer in answers.values())
    kinds = Counter((qa_type, failure.kind) for qa_type, failure in failures)
    first = {(qa_type, failure.kind): failure.message for qa_type, failure in reversed(failures)}
    return counts, tuple(Failed(qa_type=key[0], kind=key[1], count=count, example=first[key]) for key, count in kinds.items())


def _about(sheet: Sheet) -> dict[str, Any]:
    made_with: dict[str, Any] = sheet.run.provenance["made_with"] if sheet.run else {}
    return {**made_with, "records": made_with["records"]["name"]} if "records" in made_with else made_with


def _notes(sheet: Sheet, train: Sequence[Record] | None, blind: Sheet | None, constant: int) -> Iterator[str]:
    chosen = "of the training records" if train is not None else "of the other videos (leave one video out)"
    yield f"majority: for {constant:,} records the answer that would earn most on the truths {chosen}; free text has none"
    if blind is None:
        yield "blind: none given; run the same records on black frames and name the folder with --blind"
    if odd := Counter(result.qa_type for result in sheet.results if result.qa_type not in BY_QA_TYPE):
        yield f"of no known task, and not scored: {', '.join(f'{count:,} {name!r}' for name, count in odd.items())}"
    if bare := sum(result.gnd is None for result in sheet.results):
        yield f"{bare:,} answers have no true answer beside them, so they have no strict figure; test data are scored by the leaderboard"
    if lost := sum("video_id" not in result.metadata for result in sheet.results):
        yield f"{lost:,} records name no video; each counts as a video of its own in the intervals"


def cards_of(told: Score) -> dict[str, Reliability]:
    """By qa_type, of the columns that have a majority baseline; the blind one stands in the source."""
    rows = {row.name: row for row in told.rows if row.source is None and not row.of}
    cards: dict[str, Reliability] = {}
    for column in PUBLISHED:
        if (row := rows.get(column["name"])) and (figure := row.leaderboard).value is not None and figure.bounds is not None:
            strict = row.strict.value if row.strict else None
            said = [str(told.about.get("records", "results file")), f"95 % {figure.bounds[0]:.3f}-{figure.bounds[1]:.3f}"]
            said += [f"{name} {value:.3f}" for name, value in (("strict", strict), ("blind", figure.blind)) if value is not None]
            shared = {"metric": column["metric"], "figure": round(figure.value, 3), "tests": row.tests, "source": ", ".join(said)}
            shared |= {"baseline": None if figure.majority is None else round(figure.majority, 3)}
            shared |= {"feeding": told.about.get("feeding", "faithful")}
            cards |= {name: Reliability(qa_type=name, **shared) for name in column["qa_types"]}
    return cards
