"""The figures of the held-out table: what each outcome earns against the truth, its mean over all questions of a row, and how sure that is;
and the model card and reliability cards written from them: no figure in those is typed by hand.

What does not occur is marked in rows of its own and in no other. An outcome that is not `ok` earns nothing where there is something to see.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from medvid.core import ConfigError, Outcome, Reliability, Value
from medvid.engine.profiles import write_reliability
from medvid.medvidbench.metrics import Mark, figure, resample
from medvid.medvidbench.metrics.spans import cut_apart, f1_of
from medvid.medvidbench.texts import same_deed
from medvid.simulate.world import SHIFTED_SEED
from medvid.tools.registry import TOOLS
from medvid.tools.spans import match_spans

if TYPE_CHECKING:
    from rich.table import Table

_SAID: Any = json.loads((Path(__file__).parent / "bars.json").read_text(encoding="utf-8"))
ROWS: dict[str, tuple[float | None, float | None]] = _SAID["rows"]
"""Each row of the table, with the bars of the held-out and of the shifted set."""
CARDS: dict[str, str] = _SAID["cards"]
"""The row that tells how far each task can be trusted."""
TRAINING = "training.json"
"""What `medvid train sft` leaves beside the weights: how they were made, a piece for each run."""


class Row(Value):
    """low, high: 95 % of the figures of resampled clips. blind: the same model before black frames. tests: questions, spans or events.
    by_clip: what was earned on each clip, of what weight."""

    name: str
    bar: float | None
    tests: int
    figure: float
    low: float
    high: float
    blind: float | None
    by_clip: dict[int, tuple[float, float]] = {}


class Report(Value):
    model: str
    clips: int
    first_seed: int
    rows: tuple[Row, ...]
    elapsed_s: float

    @property
    def kind(self) -> str:
        return "shifted" if self.first_seed >= SHIFTED_SEED else "held-out"

    def row(self, name: str) -> Row | None:
        return next((row for row in self.rows if row.name == name), None)


def marks_of(clip: int, tool: str, outcome: Outcome[Any], truth: Any | None) -> list[Mark]:
    """truth: the true result in source time and pixels; None where what is asked for does not occur."""
    return [Mark(clip, float(earned), float(weight), part=row) for row, earned, weight in _earned(tool, outcome, truth)]


def _earned(tool: str, outcome: Outcome[Any], truth: Any | None) -> Iterator[tuple[str, float, float]]:
    said = outcome.result if outcome.status == "ok" else None
    denied = outcome.status == "not_observed"
    if tool in ("localize_action", "ground_object"):
        if truth is None:
            yield "absent: recall", denied, 1
        if denied:
            yield "absent: precision", truth is None, 1
    if truth is None:
        return
    match tool:
        case "localize_action":
            ious = [iou for _, _, iou in match_spans(said.spans, truth.spans)] if said else []
            yield "localisation mIoU", TOOLS[tool].score(said, truth) if said else 0.0, 1
            yield "localisation R@0.5", sum(iou >= 0.5 for iou in ious), len(truth.spans)
        case "ground_object":
            yield "grounding mIoU", TOOLS[tool].score(said, truth) if said else 0.0, 1
        case "predict_next":
            yield "next action", said is not None and said.action == truth.action, 1
        case "caption_events":
            events, fps = (said.events if said else ()), outcome.evidence.looks[0].fps if outcome.evidence.looks else 1.0
            found, true = (cut_apart([(event.span.start_s, event.span.end_s) for event in side]) for side in (events, truth.events))
            yield "events F1", f1_of(found, true, fps) if events else 0.0, 1
            matched = match_spans([event.span for event in events], [event.span for event in truth.events])
            pairs = [(events[i], truth.events[j]) for i, j, iou in matched if iou >= 0.5]
            right = sum(a.action == b.action and same_deed(a.caption, b.caption) for a, b in pairs)
            yield "matched events: instrument and action", right, len(pairs)
        case "summarize_video":
            named, wanted = (set(side.text.rstrip(".").split(": ")[-1].split(", ")) if side else set() for side in (said, truth))
            yield "summary: right steps, none invented", named == wanted, 1
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


def report_of(model: str, clips: int, seed0: int, seeing: Sequence[Mark], blind: Sequence[Mark], elapsed_s: float) -> Report:
    """Rows without a test are left out."""
    rows = tuple(row for name in ROWS if (row := row_of(name, seeing, blind, shifted=seed0 >= SHIFTED_SEED)))
    return Report(model=model, clips=clips, first_seed=seed0, rows=rows, elapsed_s=elapsed_s)


def row_of(name: str, seeing: Sequence[Mark], blind: Sequence[Mark], *, shifted: bool = False) -> Row | None:
    """marks: at their clips, of the row that is their part."""
    own, other = ([mark for mark in marks if mark.part == name] for marks in (seeing, blind))
    if (value := figure(own)) is None:
        return None
    by_clip = dict.fromkeys(sorted({mark.at for mark in own}), (0.0, 0.0))
    for mark in own:
        earned, weight = by_clip[mark.at]
        by_clip[mark.at] = earned + mark.earned, weight + mark.weight
    low, high = np.percentile(resampled(by_clip, list(by_clip)), (2.5, 97.5)).tolist()
    tests = round(sum(mark.weight for mark in own))
    return Row(name=name, bar=ROWS[name][shifted], tests=tests, figure=value, low=low, high=high, blind=figure(other), by_clip=by_clip)


def read_report(path: Path, clips: int, first_seed: int) -> Report:
    """One that `medvid train evaluate --json` printed. Raises ConfigError where it is not about these clips."""
    try:
        report = Report.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise ConfigError(f"{path.name} is not what `medvid train evaluate --json` prints: {error.errors()[0]['msg']}") from error
    if (report.clips, report.first_seed) != (clips, first_seed):
        asked = f"{clips} clips from seed {first_seed:,} on are asked for"
        raise ConfigError(f"{path.name} is about {report.clips} clips from seed {report.first_seed:,} on, while {asked}; give the same")
    return report


def resampled(by_clip: dict[int, tuple[float, float]], clips: Sequence[int]) -> npt.NDArray[np.float64]:
    """The figure of each draw of `clips`: questions on one clip hang together. Same clips, same draws."""
    drawn = resample([""] * len(clips)) @ np.array([by_clip.get(clip, (0.0, 0.0)) for clip in clips])
    figures: npt.NDArray[np.float64] = drawn[:, 0] / np.maximum(drawn[:, 1], 1e-9)
    return figures


def gain(row: Row, before: Row) -> tuple[float, float, float]:
    """How much more `row` has than `before` had on the same clips, and 95 % of that over resampled clips."""
    clips = sorted(row.by_clip.keys() | before.by_clip.keys())
    low, high = np.percentile(resampled(row.by_clip, clips) - resampled(before.by_clip, clips), (2.5, 97.5)).tolist()
    return row.figure - before.figure, low, high


def lines_of(report: Report, before: Report | None = None) -> list[tuple[str, ...]]:
    """The table as texts, its head first. before: another model's report on the same clips, over which the gain is told."""
    lines = [("what", "tests", "figure", "95 %", "blind", "bar", "", *(("gain", "95 % of it") if before else ()))]
    for row in report.rows:
        verdict = "" if row.bar is None else "reached" if row.figure >= row.bar else "missed"
        line = [row.name, f"{row.tests:,}", _text(row.figure), f"{row.low:.3f}-{row.high:.3f}", _text(row.blind), _text(row.bar), verdict]
        if before is not None and (other := before.row(row.name)) is not None:
            more, low, high = gain(row, other)
            line += [f"{more:+.3f}", f"{low:+.3f} to {high:+.3f}"]
        lines.append(tuple(line))
    return lines


def table_of(report: Report, before: Report | None = None) -> Table:
    """For a terminal."""
    from rich.table import Column, Table

    head, *lines = lines_of(report, before)
    title = f"{report.model} on {report.clips} {report.kind} simulated clips (seeds from {report.first_seed:,} on)"
    table = Table(head[0], *(Column(name, justify="right") for name in head[1:]), title=title)
    for line in lines:
        table.add_row(*line)
    return table


def _text(figure: float | None) -> str:
    return "" if figure is None else f"{figure:.3f}"


def write_cards(report: Report, folder: Path) -> None:
    """Writes into a checkpoint's folder: the report, `README.md` with the tables of every report that is there and, from a held-out one,
    the reliability cards of `profile.json`."""
    told = report.model_copy(update={"rows": tuple(row.model_copy(update={"by_clip": {}}) for row in report.rows)})
    (folder / f"figures-{report.kind}.json").write_text(told.model_dump_json(indent=1) + "\n")
    reports = [Report.model_validate_json(path.read_bytes()) for path in sorted(folder.glob("figures-*.json"))]
    made = folder / TRAINING
    (folder / "README.md").write_text(model_card(reports, json.loads(made.read_text()) if made.exists() else []))
    if report.kind == "held-out":
        _write_reliability(report, folder / "profile.json")


def _write_reliability(report: Report, profile: Path) -> None:
    source = f"simulated clips, seeds from {report.first_seed:,} on"
    rows = {qa_type: report.row(name) for qa_type, name in CARDS.items()}
    cards = {
        qa_type: Reliability(
            qa_type=qa_type, metric=row.name, figure=round(row.figure, 3), baseline=None if row.blind is None else round(row.blind, 3),
            baseline_name="blind", tests=row.tests, source=source,
        )
        for qa_type, row in rows.items()
        if row is not None
    }  # fmt: skip
    write_reliability(profile, cards, base="embedded")


def model_card(reports: Sequence[Report], training: list[dict[str, Any]]) -> str:
    """Markdown."""
    words = (Path(__file__).parent / "card.md").read_text(encoding="utf-8")
    tables = []
    for report in reports:
        option = f"--set {report.kind.replace('-', '')} --clips {report.clips}"
        tables.append(f"### {report.kind.capitalize()}: `medvid train evaluate {option} --card DIR`, seeds from {report.first_seed:,} on\n")
        head, *lines = lines_of(report)
        tables += [f"| {' | '.join(cells)} |" for cells in (head, ("---",) * len(head), *lines)] + [""]
    made = []
    for piece in training:
        steps = ", ".join(f"{value} {name.replace('_', ' ')}" for name, value in piece.items() if name.endswith("_steps"))
        made.append(f"1. `{piece['command']}`: {steps} (medvid {piece['version']})")
    return words.format(tables="\n".join(tables), made="\n".join(made))
