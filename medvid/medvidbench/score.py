"""The score of a run, or of a results file: every column as the leaderboard counts and strictly, by source and in all, with the intervals
and baselines that say what a figure is worth, and the published figures beside them.

Source: docs/benchmark.md, "Scoring".
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from medvid.core import ConfigError, Reliability, Value
from medvid.engine.profiles import PUBLISHED
from medvid.medvidbench.answers import Answer, Answered, question_hash, read_answers
from medvid.medvidbench.baselines import majority, video_of
from medvid.medvidbench.metrics import Column, Floats, Mark, figures, interval, resample
from medvid.medvidbench.metrics.next_action import Nearest
from medvid.medvidbench.metrics.table import READINGS, Marks, Metric, absent, marks_of, metrics
from medvid.medvidbench.records import Answered as Shared
from medvid.medvidbench.records import Record, read_results, result_of
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


def read_run(path: Path) -> Answered:
    """A run's folder; or a results file, as the run that it is of. Raises ConfigError where there is neither."""
    if path.is_dir():
        return read_answers(path)
    results = read_results(path)
    texts = ((("human", one.question), ("gpt", one.gnd)) for one in results)
    turns = ([{"from": who, "value": text} for who, text in both if text is not None] for both in texts)
    shared = [one.model_dump(include=set(Shared.model_fields)) for one in results]
    records = [Record.model_validate({**one, "conversations": both}) for one, both in zip(shared, turns, strict=True)]
    answers = {at: Answer(position=at, question=question_hash(records[at]), text=one.answer) for at, one in enumerate(results)}
    return Answered({}, records, answers)


def score_of(
    run: Answered, nearest: Nearest, *, train: Sequence[Record] = (), blind: Answered | None = None, judged: Sequence[Column] = ()
) -> tuple[Score, Marks]:
    """And the marks of each record. train: where the majority is chosen from, instead of the other videos of the run. blind: the same
    records on black frames. judged: the columns of a judge. Raises ConfigError where `blind` is of other records."""
    results, known = run.results, metrics(nearest)
    if blind is not None and blind.records != run.records:
        raise ConfigError("the blind run holds answers to other records; run it with the same file of records")
    told = [(result_of(one, ""), _length_s(one)) for one in train if one.answer is not None]
    constant = majority({at: (one, _length_s(run.records[at])) for at, one in results.items()}, told)
    seen = {at: one for at, one in blind.results.items() if at in results} if blind else {}
    marks = {name: marks_of(own, known) for name, own in {"own": results, "majority": constant, "blind": seen}.items()}
    numbers: dict[Any, int] = {}
    clusters = {at: numbers.setdefault(video_of(result, at), len(numbers)) for at, result in results.items()}
    draws = np.vstack([np.ones((1, len(numbers))), resample([source for source, _ in numbers])])
    ended = {at: answer.finish for at, answer in run.answers.items() if answer.finish}
    rows: list[Row] = []
    for metric in known:
        by_source = not metric.of or metric.name in READINGS
        for source in dict.fromkeys([None, *(result.data_source for result in results.values() if by_source)]):
            key = metric.task, metric.name if metric.marks else "strict"
            own = {name: [mark for mark in found[key] if source in (None, results[mark.at].data_source)] for name, found in marks.items()}
            if row := _row(metric, source, own, clusters, draws):
                cut = sum(ended[mark] == "length" for mark in {mark.at for mark in own["own"]} & ended.keys()) if ended else None
                value = next((one.leaderboard for one in judged if one.name == row.name), row.value)
                rows.append(row.model_copy(update={"cut": cut, "value": value}))
    if (column := absent(list(results.values()))) is not None:
        rows += [Row(name=f"{column.name}, {name}", tests=column.tests, value=value) for name, value in column.secondary.items()]
    about = run.provenance.get("made_with", {})
    about |= {"records": about["records"]["name"]} if about else {}
    notes = tuple(_notes(run, bool(train), blind, len(constant)))
    return Score(about=about, counts=_counts(run), rows=tuple(rows), notes=notes), marks["own"]


def _row(
    metric: Metric, source: str | None, marks: Mapping[str, Sequence[Mark]], clusters: Mapping[int, int], draws: Floats
) -> Row | None:
    """None where there is nothing to tell."""
    row = Row(name=metric.name, of=metric.of, source=source, tests=len({mark.at for mark in marks["own"]}))
    if metric.marks is None:
        return row if row.tests and source is None else None
    drawn = {name: figures(found, clusters, draws, by_records=metric.by_records) for name, found in marks.items() if found}
    told = {name: float(values[0]) for name, values in drawn.items() if not np.isnan(values[0])}
    if (value := told.pop("own", None)) is None:
        return None
    over = {name: bounds for name in told if (bounds := interval((drawn["own"] - drawn[name])[1:]))}
    return row.model_copy(update={"value": value, "bounds": interval(drawn["own"][1:]), "baselines": told, "over": over})


def _length_s(record: Record) -> float | None:
    """Of its clip, as its frame list has it; None for a video file."""
    return len(record.video) / record.fps if record.fps and len(record.video) > 1 else None


def _counts(run: Answered) -> dict[str, int]:
    """What failed is counted apart, and is never a wrong answer. A results file tells nothing of that."""
    failed = Counter(f"failed: {run.records[at].qa_type}, {one.failure.kind}" for at, one in run.answers.items() if one.failure)
    cut = sum(answer.finish == "length" for answer in run.answers.values())
    more = {"not asked": len(run.records) - len(run.answers), "ended at the limit": cut, "failed": failed.total(), **failed}
    return {"records": len(run.records), "answered": len(run.results), **(more if run.provenance else {})}


def _notes(run: Answered, is_trained: bool, blind: Answered | None, constant: int) -> Iterator[str]:
    chosen = "of the training records" if is_trained else "of the other videos (leave one video out)"
    yield f"majority: for {constant:,} records the answer that would earn most on the truths {chosen}; free text has none"
    if blind is None:
        yield "blind: none given; run the same records on black frames and name the folder with --blind"
    lacking = {
        "are of no known task, and not scored": [one for one in run.records if one.qa_type not in BY_QA_TYPE],
        "have no true answer; only the leaderboard can score those of its test": [one for one in run.records if one.answer is None],
        "name no video; each counts as one of its own": [one for one in run.records if "video_id" not in one.metadata],
    }
    yield from (f"{len(records):,} records {what}" for what, records in lacking.items() if records)


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
