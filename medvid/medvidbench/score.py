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
from medvid.medvidbench.metrics import Column, Mark, figures, interval, resample
from medvid.medvidbench.metrics.next_action import Nearest
from medvid.medvidbench.metrics.table import Metric, absent, is_absent, metrics, strict_scores
from medvid.medvidbench.records import Record, Result, read_results, result_of
from medvid.tools.registry import BY_QA_TYPE

Marks = dict[tuple[str, str], list[Mark]]
"""By task and metric, the place being that among the results; also `strict`, our own reading, and `unreadable`, 1 where it failed."""
Bounds = tuple[float, float]


class Figure(Value):
    """bounds: 95 % over videos. baselines: `majority`, perhaps `blind`. over: 95 % of how much more it is, in paired draws."""

    value: float | None = None
    bounds: Bounds | None = None
    baselines: dict[str, float] = {}
    over: dict[str, Bounds] = {}


class Row(Value):
    """of: the column that a second figure belongs to. source: None for all. tests: records with a truth. cut: answers that ended at the
    limit, None where that is not known."""

    name: str
    of: str = ""
    source: str | None = None
    tests: int
    leaderboard: Figure
    strict: Figure | None = None
    unreadable: float | None = None
    cut: int | None = None


class Score(Value):
    """about: what the run was made with. counts: of records. failed: by task and kind. notes: what a reader has to know. published: of the
    test set, by column and model."""

    about: dict[str, Any]
    counts: dict[str, int]
    failed: dict[str, int]
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
    marks = {name: _marks(run, known) for name, run in runs.items()}
    numbers: dict[Any, int] = {}
    clusters = [numbers.setdefault(video_of(result, at), len(numbers)) for at, result in enumerate(results)]
    draws = np.vstack([np.ones((1, len(numbers))), resample([source for source, _ in numbers])])

    def figure(task: str, name: str, source: str | None, *, by_records: bool = False) -> Figure:
        own = {run: _of(source, results, found.get((task, name), ())) for run, found in marks.items()}
        drawn = {run: figures(found, clusters, draws, by_records=by_records) for run, found in own.items() if found}
        told = {run: float(values[0]) for run, values in drawn.items() if not np.isnan(values[0])}
        if (value := told.pop("own", None)) is None:
            return Figure()
        over = {run: bounds for run in told if (bounds := interval((drawn["own"] - drawn[run])[1:]))}
        return Figure(value=value, bounds=interval(drawn["own"][1:]), baselines=told, over=over)

    run, rows = sheet.run, list[Row]()
    cut = {at for at, place in enumerate(sheet.places) if run.answers[place].finish == "length"} if run else None
    for metric in known:
        for source in dict.fromkeys([None, *(result.data_source for result in results if metric.marks and not metric.of)]):
            told: dict[str, Any] = {"leaderboard": figure(metric.task, metric.name, source, by_records=metric.by_records)}
            read = _of(source, results, marks["own"].get((metric.task, metric.name if metric.marks else "strict"), ()))
            if not metric.of:
                unreadable = figure(metric.task, "unreadable", source).value
                told |= {"strict": figure(metric.task, "strict", source), "unreadable": unreadable, "cut": None if cut is None else len(cut & {mark.at for mark in read})}
            if metric.marks is None:
                told["leaderboard"] = next((Figure(value=one.leaderboard) for one in judged if one.name == metric.name), Figure())
            if read:
                rows.append(Row(name=metric.name, of=metric.of, source=source, tests=len({mark.at for mark in read}), **told))
    if (column := absent(results)) is not None:
        shares = ((name, Figure(value=value)) for name, value in column.secondary.items())
        rows += [Row(name=f"absent: {name}", tests=column.tests, leaderboard=Figure(), strict=share) for name, share in shares]
    notes = tuple(_notes(sheet, train, blind, len(constant)))
    made_with = run.provenance["made_with"] if run else {}
    about = made_with | ({"records": made_with["records"]["name"]} if made_with else {})
    return Score(about=about, rows=tuple(rows), notes=notes, **_counts(sheet)), marks["own"]


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


def _marks(run: Mapping[int, Result], known: Sequence[Metric]) -> Marks:
    """Each task's results together, at their places in the sheet."""
    found: Marks = {}
    for metric in known:
        own = {at: result for at, result in run.items() if result.qa_type.startswith(metric.task) and not is_absent(result)}
        places, results = list(own), list(own.values())
        if metric.marks is not None:
            marks = metric.marks(results)
            found[metric.task, metric.name] = [mark._replace(at=places[mark.at], earned=float(mark.earned)) for mark in marks]
        if (metric.task, "strict") not in found:
            scores = strict_scores(results).items()
            found[metric.task, "strict"] = [Mark(places[at], score or 0.0) for at, score in scores]
            found[metric.task, "unreadable"] = [Mark(places[at], float(score is None)) for at, score in scores]
    return found


def _of(source: str | None, results: Sequence[Result], marks: Sequence[Mark]) -> list[Mark]:
    return [mark for mark in marks if source in (None, results[mark.at].data_source)]


def _counts(sheet: Sheet) -> dict[str, dict[str, int]]:
    """What failed is counted apart, and is never a wrong answer."""
    if (run := sheet.run) is None:
        return {"counts": {"answered": len(sheet.results)}, "failed": {}}
    failed = Counter(f"{run.records[at].qa_type}, {one.failure.kind}" for at, one in run.answers.items() if one.failure)
    counts = {"records": len(run.records), "answered": len(sheet.results), "failed": failed.total()}
    counts |= {"not asked": len(run.records) - len(run.answers)}
    counts |= {"ended at the limit": sum(answer.finish == "length" for answer in run.answers.values())}
    return {"counts": counts, "failed": dict(failed)}


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
    rows = {row.name: row for row in told.rows if row.source is None and not row.of}
    cards: dict[str, Reliability] = {}
    for column in PUBLISHED:
        if (row := rows.get(column["name"])) and (board := row.leaderboard).value is not None and board.bounds is not None:
            beside = {"strict": row.strict and row.strict.value, "blind": board.baselines.get("blind")}
            said = [told.about.get("records", "results file"), f"95 % {board.bounds[0]:.3f}-{board.bounds[1]:.3f}"]
            said += [f"{name} {value:.3f}" for name, value in beside.items() if value is not None]
            shared = {"metric": column["metric"], "figure": board.value, "tests": row.tests, "source": ", ".join(said)}
            shared |= {"baseline": board.baselines.get("majority"), "feeding": told.about.get("feeding", "faithful")}
            cards |= {name: Reliability(qa_type=name, **shared) for name in column["qa_types"]}
    return cards
