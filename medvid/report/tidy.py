"""Tidy: runs as tables, one row a video and one row a finding, in CSV and Parquet.

A finding is an event, a span, a box, a score, a text or a value; what gave nothing has a row too, with its status and reason. In the row of
a video a column is `STEP.WHAT`, of a for_each `STEP.ELEMENT.WHAT`. What was not seen is empty, never 0. Source: docs/analyses.md.
"""

import json
import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from medvid.core import ConfigError, Run, Step

Row = dict[str, Any]
SIDES = ("x1_px", "y1_px", "x2_px", "y2_px")


def finding_rows(run: Run) -> Iterator[Row]:
    """A second look repeats what was found, so it is no row of its own: its verdict stands in `Run.looks`."""
    statuses: dict[str, set[str]] = {}
    again = {look.by for look in run.looks}
    for step in (step for step in run.plan.steps if step.id not in again):
        rows = list(_rows(step, run, statuses))
        statuses[step.id] = {row["status"] for row in rows}
        yield from ({"step": step.id, "does": step.name, **row} for row in rows)


def video_row(run: Run) -> Row:
    row: Row = {}
    repeated = {step.id for step in run.plan.steps if step.for_each is not None}
    for (step, of), rows in groupby(finding_rows(run), key=lambda row: (row["step"], row.get("of"))):
        found = list(rows)
        place = f"{step}.{slug(of)}" if of and step in repeated else step
        row[f"{place}.status"] = ", ".join(sorted({one["status"] for one in found}))
        if step in repeated and not of:  # of many things without a name there is no one value
            continue
        if times := [one["start_s"] for one in found if "start_s" in one]:
            row |= {f"{place}.{'boxes' if 'x1_px' in found[0] else 'count'}": len(times), f"{place}.first_s": min(times)}
        values = ((one.get("name"), one.get("value", one.get("text"))) for one in found if "start_s" not in one)
        row |= {f"{place}.{slug(name)}" if name else place: value for name, value in values if value is not None}
    return row


def frame_of(rows: Sequence[Row]) -> Any:
    """A pandas table. Raises ConfigError where pandas is not installed."""
    try:
        import pandas
    except ImportError as error:
        raise ConfigError("tables need more than the base installation; install it with: pip install 'medvid[analysis]'") from error
    return pandas.DataFrame(rows).convert_dtypes()


def write(frame: Any, stem: Path) -> None:
    """CSV and Parquet. In the CSV an apostrophe stands before a text that a spreadsheet would take for a formula."""
    frame.to_parquet(stem.with_suffix(".parquet"), index=False)
    plain = frame.map(lambda cell: f"'{cell}" if isinstance(cell, str) and cell.startswith(("=", "+", "-", "@")) else cell)
    plain.to_csv(stem.with_suffix(".csv"), index=False)


def slug(text: str) -> str:
    return re.sub(r"\W+", "_", text.casefold()).strip("_")


def _rows(step: Step, run: Run, statuses: dict[str, set[str]]) -> Iterator[Row]:
    """At least one. statuses: of the steps before, on which a value rests: it is one where some were seen and none failed."""
    outcomes, failures = run.outcomes.get(step.id, []), run.failures.get(step.id, [])
    elements = _elements(step, run)
    # An outcome does not say which element it is of: where some are missing, none is named.
    for of, outcome in zip(elements if len(elements) == len(outcomes) else [None] * len(outcomes), outcomes, strict=True):
        seen: Any = outcome if "evidence" in outcome else {"status": "ok", "notes": (), "evidence": {"span": {}}}
        told = {"of": of, "status": seen["status"], "reason": seen.get("reason"), "notes": "; ".join(seen["notes"]) or None}
        told |= {f"looked_{name}": second for name, second in seen["evidence"]["span"].items()}
        yield from ({**told, **found} for found in _findings(outcome.get("result") if seen is outcome else outcome) or [{}])
    yield from ({"status": "failed", "reason": failure.message} for failure in failures)
    if step.id in run.values:
        behind = set().union(*(statuses.get(name, set()) for name in re.findall(r'"\$([a-z]\w*)', json.dumps([step.args, step.for_each]))))
        status = "failed" if "failed" in behind else "ok" if "ok" in behind or not behind else min(behind)
        yield from ({"status": status, **found} for found in (_findings(run.values[step.id]) if status == "ok" else []) or [{}])
    elif not outcomes and not failures:
        yield {"status": "not run", "reason": "what it needs was not there"}


def _elements(step: Step, run: Run) -> list[str | None]:
    """What each outcome is about, as far as the plan says it: a name, or of a stretch its start."""
    listed: Any = [step.args.get("action", step.args.get("object"))] if step.for_each is None else step.for_each
    if isinstance(listed, str):
        listed = run.values.get(listed[1:]) or ()
    named = (item.get("name", f"{item.get('start_s', 0):g} s") if isinstance(item, dict) else item for item in listed)
    return [item if isinstance(item, str) else None for item in named]


def _findings(result: Any) -> list[Row]:
    match result:
        case {"events": list() as events}:
            return [{**event["span"], "name": event["action"], "text": event["caption"]} for event in events]
        case {"time_s": time_s, "box_px": box}:
            return [{"start_s": time_s, "end_s": time_s, **dict(zip(SIDES, box, strict=True))}]
        case {"scores": dict() as scores}:
            return [{"name": name, "value": score} for name, score in scores.items()]
        case {"spans": inner} | {"track": inner} | {"text": inner} | {"action": inner}:
            return _findings(inner)
        case {"start_s": _, "end_s": _}:
            return [dict(result)]
        case list():
            return [found for item in result for found in _findings(item)]
        case int() | float():
            return [{"value": result}]
    return [] if result is None else [{"text": result if isinstance(result, str) else json.dumps(result)}]
