"""The figures of the held-out table: what each outcome earns against the truth, its mean over all questions of a row, and how sure that is;
and the model card and reliability cards written from them: no figure in those is typed by hand.

What does not occur is marked in rows of its own and in no other. An outcome that is not `ok` earns nothing where there is something to see.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import BaseModel

from medvid.core import FROZEN, Outcome, Reliability
from medvid.medvidbench.metrics import Column
from medvid.medvidbench.texts import same_deed
from medvid.tools.registry import TOOLS
from medvid.tools.spans import match_spans

if TYPE_CHECKING:
    from rich.table import Table

ROWS: dict[str, float | None] = {
    "localisation R@0.5": 0.8, "grounding mIoU": 0.5, "next action": 0.9, "region caption: instrument and action": 0.7,
    "CVS all three": 0.6, "CVS per criterion": None, "absent actions named as absent": 0.85, "absent objects named as absent": None,
    "present actions not called absent": None, "present objects not called absent": None,
    "dense captioning: events R@0.5 with their action": None, "summary: exact": None, "skill per aspect": None, "skill within one": None,
}  # fmt: skip
"""Each row of the table, with the bar that the first version is to reach."""
CARDS = {
    "tal": "localisation R@0.5", "stg": "grounding mIoU", "next_action": "next action",
    **dict.fromkeys(TOOLS["caption_events"].qa_types, "dense captioning: events R@0.5 with their action"),
    **dict.fromkeys(TOOLS["summarize_video"].qa_types, "summary: exact"),
    **dict.fromkeys(TOOLS["caption_region"].qa_types, "region caption: instrument and action"),
    "skill_assessment": "skill per aspect", "cvs_assessment": "CVS all three",
}  # fmt: skip
TRAINING = "training.json"
"""What `medvid train sft` leaves beside the weights: how they were made, a piece for each run."""
RESAMPLES = 1000


@dataclass(frozen=True, slots=True)
class Mark:
    """earned of weight, on one clip."""

    row: str
    clip: int
    earned: float
    weight: float = 1.0


class Row(BaseModel):
    """low, high: 95 % of the figures of resampled clips. blind: the same model before black frames. tests: questions, spans or events."""

    model_config = FROZEN

    name: str
    bar: float | None
    tests: int
    figure: float
    low: float
    high: float
    blind: float | None


class Report(BaseModel):
    """columns: the benchmark's own, from the texts."""

    model_config = FROZEN

    model: str
    clips: int
    first_seed: int
    rows: tuple[Row, ...]
    columns: tuple[Column, ...]
    elapsed_s: float

    def row(self, name: str) -> Row | None:
        return next((row for row in self.rows if row.name == name), None)


def marks_of(clip: int, tool: str, outcome: Outcome[Any], truth: Any | None) -> list[Mark]:
    """truth: the true result in source time and pixels; None where what is asked for does not occur."""
    return [Mark(row, clip, float(earned), float(weight)) for row, earned, weight in _earned(tool, outcome, truth)]


def _earned(tool: str, outcome: Outcome[Any], truth: Any | None) -> Iterator[tuple[str, float, float]]:
    said = outcome.result if outcome.status == "ok" else None
    denied = outcome.status == "not_observed"
    kind = {"localize_action": "actions", "ground_object": "objects"}.get(tool)
    if kind and truth is None:
        yield f"absent {kind} named as absent", denied, 1
    elif kind:
        yield f"present {kind} not called absent", not denied, 1
    if truth is None:
        return
    match tool:
        case "localize_action":
            matched = match_spans(said.spans, truth.spans) if said else []
            yield "localisation R@0.5", sum(iou >= 0.5 for _, _, iou in matched), len(truth.spans)
        case "ground_object":
            yield "grounding mIoU", TOOLS[tool].score(said, truth) if said else 0.0, 1
        case "predict_next":
            yield "next action", said is not None and said.action == truth.action, 1
        case "caption_events":
            events = said.events if said else ()
            matched = match_spans([event.span for event in events], [event.span for event in truth.events])
            right = sum(iou >= 0.5 and events[i].action == truth.events[j].action for i, j, iou in matched)
            yield "dense captioning: events R@0.5 with their action", right, len(truth.events)
        case "summarize_video":
            yield "summary: exact", said is not None and said.text == truth.text, 1
        case "caption_region":
            yield "region caption: instrument and action", said is not None and same_deed(said.text, truth.text), 1
        case "assess_cvs":
            hits = [said is not None and said.scores.get(name) == score for name, score in truth.scores.items()]
            yield "CVS all three", all(hits), 1
            yield "CVS per criterion", sum(hits), len(hits)
        case "assess_skill":
            gaps = [abs(said.scores[name] - score) if said else 9 for name, score in truth.scores.items()]
            yield "skill per aspect", sum(gap == 0 for gap in gaps), len(gaps)
            yield "skill within one", sum(gap <= 1 for gap in gaps), len(gaps)


def report_of(
    model: str, clips: int, seed0: int, seeing: Sequence[Mark], blind: Sequence[Mark], columns: Sequence[Column], elapsed_s: float
) -> Report:
    """Rows without a test are left out."""
    rows = tuple(row for name in ROWS if (row := row_of(name, seeing, blind)))
    return Report(model=model, clips=clips, first_seed=seed0, rows=rows, columns=tuple(columns), elapsed_s=elapsed_s)


def row_of(name: str, seeing: Sequence[Mark], blind: Sequence[Mark]) -> Row | None:
    own = [mark for mark in seeing if mark.row == name]
    figure = _ratio(own)
    if figure is None:
        return None
    low, high = interval(own)
    tests = round(sum(mark.weight for mark in own))
    other = _ratio([mark for mark in blind if mark.row == name])
    return Row(name=name, bar=ROWS[name], tests=tests, figure=figure, low=low, high=high, blind=other)


def _ratio(marks: Sequence[Mark]) -> float | None:
    weight = sum(mark.weight for mark in marks)
    return sum(mark.earned for mark in marks) / weight if weight else None


def interval(marks: Sequence[Mark]) -> tuple[float, float]:
    """2.5 and 97.5 % of the figure over clips drawn with replacement: questions on one clip hang together."""
    names = sorted({mark.clip for mark in marks})
    sums = np.zeros((len(names), 2))
    for mark in marks:
        sums[names.index(mark.clip)] += mark.earned, mark.weight
    drawn = sums[np.random.default_rng(0).integers(0, len(names), (RESAMPLES, len(names)))].sum(axis=1)
    low, high = np.percentile(drawn[:, 0] / drawn[:, 1], (2.5, 97.5))
    return float(low), float(high)


def tables_of(report: Report) -> tuple[Table, Table]:
    """For a terminal: the rows with their bars, and the benchmark's columns."""
    from rich.table import Column, Table

    def table(title: str, first: str, *figures: str) -> Table:
        return Table(first, *(Column(name, justify="right") for name in figures), title=title)

    title = f"{report.model} on {report.clips} held-out simulated clips (seeds from {report.first_seed:,} on)"
    rows = table(title, "what", "tests", "figure", "95 %", "blind", "bar", "")
    for row in report.rows:
        verdict = "" if row.bar is None else "reached" if row.figure >= row.bar else "missed"
        bar = "" if row.bar is None else f"{row.bar:.2f}"
        rows.add_row(row.name, f"{row.tests:,}", f"{row.figure:.3f}", f"{row.low:.3f}-{row.high:.3f}", _text(row.blind), bar, verdict)
    board = table("the benchmark's columns, from the same answers", "column", "records", "leaderboard", "strict", "unreadable")
    for column in report.columns:
        board.add_row(column.name, f"{column.tests:,}", _text(column.leaderboard), _text(column.strict), _text(column.unreadable))
    return rows, board


def _text(figure: float | None) -> str:
    return "-" if figure is None else f"{figure:.3f}"


def write_cards(report: Report, folder: Path) -> None:
    """Adds the reliability cards to `profile.json` and writes `README.md` in a checkpoint's folder."""
    profile = folder / "profile.json"
    said: dict[str, Any] = json.loads(profile.read_text()) if profile.exists() else {"base": "embedded"}
    source = f"simulated clips, seeds from {report.first_seed:,} on"
    rows = {qa_type: report.row(name) for qa_type, name in CARDS.items()}
    said["cards"] = {
        qa_type: Reliability(
            qa_type=qa_type, metric=row.name, figure=round(row.figure, 3), baseline=None if row.blind is None else round(row.blind, 3),
            baseline_name="blind", tests=row.tests, source=source,
        ).model_dump(mode="json")
        for qa_type, row in rows.items()
        if row is not None
    }  # fmt: skip
    profile.write_text(json.dumps(said, indent=1) + "\n")
    made = folder / TRAINING
    (folder / "README.md").write_text(model_card(report, json.loads(made.read_text()) if made.exists() else []))


def model_card(report: Report, training: list[dict[str, Any]]) -> str:
    """Markdown."""
    lines = (Path(__file__).parent / "card.md").read_text(encoding="utf-8").format(report=report).splitlines()
    for row in report.rows:
        blind, bar = ("" if value is None else f"{value:.3f}" for value in (row.blind, row.bar))
        lines.append(f"| {row.name} | {row.tests:,} | {row.figure:.3f} | {row.low:.3f}-{row.high:.3f} | {blind} | {bar} |")
    lines += ["", "Of the benchmark's columns, from the same answers:", ""]
    lines += ["| column | records | leaderboard | strict | unreadable |", "|---|---|---|---|---|"]
    for column in report.columns:
        figures = ("" if value is None else f"{value:.3f}" for value in (column.leaderboard, column.strict, column.unreadable))
        lines.append(f"| {column.name} | {column.tests:,} | {' | '.join(figures)} |")
    lines += ["", "## How it was made", "", "On simulated clips of seeds from 0 on, none of them held out.", ""]
    for piece in training:
        steps = ", ".join(f"{value} {name.replace('_', ' ')}" for name, value in piece.items() if name.endswith("_steps"))
        lines.append(f"1. `{piece['command']}`: {steps} (medvid {piece['version']})")
    return "\n".join([*lines, ""])
