"""The score of a run, or of a results file: every column as the leaderboard counts and strictly, by source and in all, with the intervals
and baselines that say what a figure is worth, and the published figures beside them.

Source: docs/benchmark.md, "Scoring".
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from medvid.core import ConfigError, Reliability, Value
from medvid.engine.profiles import PUBLISHED
from medvid.medvidbench.answers import Answered, read_answers
from medvid.medvidbench.baselines import majority, video_of
from medvid.medvidbench.metrics import Column, figures, interval, resample
from medvid.medvidbench.metrics.next_action import Nearest
from medvid.medvidbench.metrics.table import READINGS, Marks, absent, marks_of, metrics
from medvid.medvidbench.records import Record, Result, read_results, result_of
from medvid.tools.registry import BY_QA_TYPE

Bounds = tuple[float, float]


class Row(Value):
    """of: the column that a second figure belongs to. source: None for all. tests: records with a truth. cut: of those, the answers that
    ended at the limit; None where that is not known. value: None where a judge would give it. bounds: 95 % over videos. baselines:
    `majority`, perhaps `blind`. over: 95 % of how much more it is than these, in paired draws."""

    name: str
    of: str = ""
    source: str | None = None
    tests: int
    cut: int | None = None
    value: float | None = None
    bounds: Bounds | None = None
    baselines: dict[str, float] = {}
    over: dict[str, Bounds] = {}


class Score(Value):
    """about: what the run was made with. counts: of records. notes: what a reader has to know. published: of the test set, by column and
    model."""

    about: dict[str, Any]
    counts: dict[str, int]
    rows: tuple[Row, ...]
    notes: tuple[str, ...]
    published: dict[str, dict[str, float]] = {column["name"]: column["figures"] for column in PUBLISHED}


@dataclass(frozen=True, slots=True)
class Sheet:
    """results: in record order. places: of each among the records. run: None for a results file."""

    results: list[Result]
    places: list[int]
    run: Answered | None = None


def read_sheet(path: Path) -> Sheet:
    """Raises ConfigError where the folder holds no run, or the file no results."""
    if path.is_dir():
        run = read_answers(path)
        return Sheet(list(run.results.values()), list(run.results), run)
    results = read_results(path)
    return Sheet(results, list(range(len(results))))


def score_of(
    sheet: Sheet, nearest: Nearest, *, train: Sequence[Record] | None = None, blind: Sheet | None = None, judged: Sequence[Column] = ()
) -> tuple[Score, Marks]:
    """And the marks of each record. train: where the majority is chosen from, instead of the other videos of the sheet. blind: the same
    records on black frames. judged: the columns of a judge. Raises ConfigError where `blind` is of other records."""
    results, known = sheet.results, metrics(nearest)
    asked = [(one, _length_s(sheet.run.records[at]) if sheet.run else None) for one, at in zip(results, sheet.places, strict=True)]
    constant = majority(asked, [(result_of(one, ""), _length_s(one)) for one in train or () if one.answer is not None])
    runs = {"own": dict(enumerate(results)), "majority": constant, "blind": _beside(sheet, blind) if blind else {}}
    marks = {name: marks_of(run, known) for name, run in runs.items()}
    numbers: dict[Any, int] = {}
    clusters = [numbers.setdefault(video_of(result, at), len(numbers)) for at, result in enumerate(results)]
    draws = np.vstack([np.ones((1, len(numbers))), resample([source for source, _ in numbers])])
    run, rows = sheet.run, list[Row]()
    cut = {at for at, place in enumerate(sheet.places) if run.answers[place].finish == "length"} if run else None
    for metric in known:
        by_source = not metric.of or metric.name in READINGS
        for source in dict.fromkeys([None, *(result.data_source for result in results if by_source)]):
            key = metric.task, metric.name if metric.marks else "strict"
            own = {name: [mark for mark in found[key] if source in (None, results[mark.at].data_source)] for name, found in marks.items()}
            drawn = {name: figures(found, clusters, draws, by_records=metric.by_records) for name, found in own.items() if found}
            told = {name: float(values[0]) for name, values in drawn.items() if not np.isnan(values[0])}
            tested = {mark.at for mark in own["own"]}
            row = Row(name=metric.name, of=metric.of, source=source, tests=len(tested), cut=None if cut is None else len(cut & tested))
            if metric.marks is None:
                value = next((one.leaderboard for one in judged if one.name == metric.name), None)
                rows += [row.model_copy(update={"value": value})] * (bool(tested) and source is None)
            elif (value := told.pop("own", None)) is not None:
                over = {name: bounds for name in told if (bounds := interval((drawn["own"] - drawn[name])[1:]))}
                rows.append(row.model_copy(update={"value": value, "bounds": interval(drawn["own"][1:]), "baselines": told, "over": over}))
    if (column := absent(results)) is not None:
        rows += [Row(name=name, of=column.name, tests=column.tests, value=value) for name, value in column.secondary.items()]
    made_with = run.provenance["made_with"] if run else {}
    about = made_with | ({"records": made_with["records"]["name"]} if made_with else {})
    notes = tuple(_notes(sheet, train, blind, len(constant)))
    return Score(about=about, counts=_counts(sheet), rows=tuple(rows), notes=notes), marks["own"]


def _length_s(record: Record) -> float | None:
    """Of its clip, as its frame list has it; None for a video file."""
    return len(record.video) / record.fps if record.fps and len(record.video) > 1 else None


def _beside(sheet: Sheet, blind: Sheet) -> dict[int, Result]:
    """The blind answers, by the place of the sheet's own."""
    told = dict(zip(blind.places, blind.results, strict=True))
    found = {at: told[place] for at, place in enumerate(sheet.places) if place in told}
    if not found or any(one.question != sheet.results[at].question for at, one in found.items()):
        raise ConfigError("the blind run holds answers to other records; run it with the same file of records")
    return found


def _counts(sheet: Sheet) -> dict[str, int]:
    """What failed is counted apart, and is never a wrong answer."""
    counts = {"answered": len(sheet.results)}
    if (run := sheet.run) is not None:
        failed = Counter(f"failed: {run.records[at].qa_type}, {one.failure.kind}" for at, one in run.answers.items() if one.failure)
        cut = sum(answer.finish == "length" for answer in run.answers.values())
        counts = {"records": len(run.records), **counts, "not asked": len(run.records) - len(run.answers)}
        counts |= {"ended at the limit": cut, "failed": failed.total(), **failed}
    return counts


def _notes(sheet: Sheet, train: Sequence[Record] | None, blind: Sheet | None, constant: int) -> Iterator[str]:
    chosen = "of the other videos (leave one video out)" if train is None else "of the training records"
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
    """By qa_type; strict figure and blind baseline stand in the source."""
    rows, cards = {(row.of, row.name): row for row in told.rows if row.source is None}, dict[str, Reliability]()
    for column in PUBLISHED:
        if (row := rows.get(("", column["name"]))) and row.value is not None and row.bounds is not None:
            strict = rows.get((row.name, "strict"))
            beside = {"strict": strict and strict.value, "blind": row.baselines.get("blind")}
            said = [told.about.get("records", "results file"), f"95 % {row.bounds[0]:.3f}-{row.bounds[1]:.3f}"]
            said += [f"{name} {value:.3f}" for name, value in beside.items() if value is not None]
            shared = {"metric": column["metric"], "figure": row.value, "tests": row.tests, "source": ", ".join(said)}
            shared |= {"baseline": row.baselines.get("majority"), "feeding": told.about.get("feeding", "faithful")}
            cards |= {name: Reliability(qa_type=name, **shared) for name in column["qa_types"]}
    return cards
