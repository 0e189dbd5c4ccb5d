"""Cohort statistics: what the tables of tidy.py say of many videos, and a chart (charts/*.json, Vega-Lite) for each kind of report.

An interval is the percentile bootstrap over videos, 95 %, with a fixed seed; of fewer than 3 videos there is none. What is missing is
counted with its cause, and never taken as 0.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from medvid.report.tidy import Row, frame_of, write

DRAWS, FEWEST = 5000, 3
CHARTS = Path(__file__).parent / "charts"
Floats = npt.NDArray[np.float64]


def write_report(out: Path, rows: Sequence[Row], findings: Sequence[Row], steps: set[str], kind: str | None, title: str) -> Any:
    """Writes `videos`, `findings`, `summary` and what the kind of report asks for: a table, a chart. Gives the table to be shown."""
    videos, found = frame_of(rows), frame_of(findings)
    numbers = [name for name in videos.select_dtypes("number") if name == "duration_s" or name.split(".")[0] in steps]
    never = [name[:-7] for name in videos if name.endswith(".status") and not videos[name].str.contains(r"\bok\b").any()]
    numbered, numbers = videos.assign(**dict.fromkeys(never, np.nan)), [*numbers, *never]  # what nobody saw is told too
    tables = {"videos": videos, "findings": found, "summary": statistics(numbered, numbers, "mean")}
    if kind in ("trend", "checklist") and len(found):
        tables[kind] = checklist(found) if kind == "checklist" else statistics(numbered, numbers, "per_attempt")
    for name, table in tables.items():
        write(table, out / name)
    told = tables.get(kind or "", tables["summary"])
    told = told[~told["metric"].str.endswith((".count", ".first_s"))] if "metric" in told else told
    if kind and len(found):
        drawn = told if kind == "checklist" else found
        if kind in ("groups", "trend"):
            named = numbered.assign(group=_grouped(videos), attempt=_attempts(videos))
            dots = named.melt(["id", "group", "attempt"], list(told["metric"].unique()), "metric")
            drawn = frame_of([*dots.to_dict("records"), *told.to_dict("records")])
        (out / f"{kind}.png").write_bytes(chart(kind, drawn, title))
    return told


def chart(kind: str, rows: Any, title: str) -> bytes:
    """A PNG."""
    from vl_convert import vegalite_to_png

    spec = json.loads((CHARTS / f"{kind}.json").read_text(encoding="utf-8"))
    spec["title"] = {"text": title, "subtitle": f"{spec.pop('description')}; research use only"}
    spec["data"] = {"values": json.loads(rows.to_json(orient="records"))}
    return bytes(vegalite_to_png(spec, scale=1.5))


def statistics(videos: Any, numbers: Sequence[str], of: Literal["mean", "per_attempt"]) -> Any:
    """Each number in each group: its mean, or its least-squares slope over the attempts. Of two groups also the second less the first."""
    rows: list[Row] = []
    estimate = _slopes if of == "per_attempt" else _means
    for metric in numbers:
        drawn: list[Floats] = []
        for name, group in videos.assign(group=_grouped(videos)).groupby("group", sort=False):
            seen = group[[metric]].assign(x=_attempts(group) if of == "per_attempt" else 0).dropna().to_numpy(float)
            x, y = seen[:, 1], seen[:, 0]
            chosen = np.random.default_rng(len(drawn)).integers(0, max(1, len(y)), (DRAWS, len(y)))
            drawn.append(estimate(x[chosen], y[chosen]) if len(y) >= FEWEST else np.empty(0))
            value = estimate(x[None], y[None])[0] if len(y) else None
            counts = {"videos": len(group), "observed": len(y), "missing": _missing(group, metric)}
            rows.append({"metric": metric, "group": name, **counts, of: value, **_interval(drawn[-1])})
        if len(drawn) == 2:
            a, b = rows[-2:]
            apart = None if None in (a[of], b[of]) else b[of] - a[of]
            less = drawn[1] - drawn[0] if len(drawn[0]) and len(drawn[1]) else np.empty(0)
            rows.append({"metric": metric, "group": f"{b['group']} - {a['group']}", of: apart, **_interval(less)})
    return frame_of(rows)


def checklist(findings: Any) -> Any:
    """Each expected step of each video: done, out of order (the fewest that would have to move), missing, unverified (the model always
    answers), or not known."""
    rows = []
    for video, found in findings[findings["does"] == "localize_action"].groupby("id", sort=False):
        columns = {"status": ("status", "first"), "notes": ("notes", "first"), "first_s": ("start_s", "min"), "times": ("start_s", "count")}
        told = found.groupby("of", sort=False, dropna=False).agg(**columns).reset_index().to_dict("records")
        chains: list[list[Row]] = []
        for step in (step for step in told if step["status"] == "ok"):
            before = (chain for chain in chains if chain[-1]["first_s"] <= step["first_s"])
            chains.append([*max(before, key=len, default=[]), step])
        ordered = max(chains, key=len, default=[])
        for step in told:
            seen = "out of order" if step not in ordered else "unverified" if "not verified" in str(step["notes"]) else "done"
            verdict = {"ok": seen, "not_observed": "missing"}.get(step["status"], "not known")
            rows.append({"id": video, "expected": step.pop("of"), "verdict": verdict, **step})
    return frame_of(rows)


def _attempts(videos: Any) -> Any:
    """The column `attempt`, else 1, 2, ... in the order of the videos of each group."""
    return videos["attempt"].replace("", None).astype("Float64") if "attempt" in videos else videos.groupby(_grouped(videos)).cumcount() + 1


def _grouped(videos: Any) -> Any:
    return videos["group"].fillna("").replace("", "no group") if "group" in videos else videos["id"].map(lambda _: "all")


def _means(x: Floats, y: Floats) -> Floats:
    return np.asarray(y.mean(axis=1))


def _slopes(x: Floats, y: Floats) -> Floats:
    """Of each row; nan where all its x are one."""
    apart = x - x.mean(axis=1, keepdims=True)
    square = (apart**2).sum(axis=1)
    return np.asarray((apart * y).sum(axis=1) / np.where(square > 0, square, np.nan))


def _interval(drawn: Floats) -> Row:
    if not len(drawn) or np.isnan(drawn).all():
        return {"low_95": None, "high_95": None, "note": f"fewer than {FEWEST} videos: no interval"}
    low, high = np.nanpercentile(drawn, (2.5, 97.5))
    return {"low_95": low, "high_95": high, "note": None}


def _missing(group: Any, metric: str) -> str | None:
    """`2 not_observed, 1 failed`: why there is no number."""
    lost = group[group[metric].isna()]
    column = next((name for name in (f"{metric}.status", f"{metric.rsplit('.', 1)[0]}.status") if name in lost), "status")
    return ", ".join(f"{count} {cause}" for cause, count in lost[column].fillna(lost["status"]).value_counts().items()) or None
