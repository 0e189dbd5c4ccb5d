"""The truth of a simulated procedure, as a table and as JSON."""

from __future__ import annotations

from typing import Any

from rich.table import Table

from medvid.simulate import Truth


def truth_table(truth: Truth) -> Table:
    """What happens when, and the scores it deserves."""
    table = Table(title=f"{truth.case.procedure} (simulated, seed {truth.seed}), {truth.duration_s:.1f} s", title_justify="left")
    table.add_column("seconds", justify="right", no_wrap=True)
    table.add_column("what happens")
    table.add_column("instrument")
    for event in truth.events:
        table.add_row(f"{event.span.start_s:.1f}-{event.span.end_s:.1f}", event.action, event.instrument)
    for state in truth.cvs:
        table.add_row(f"from {state.start_s:.1f}", f"critical view of safety: {', '.join(str(score) for score in state.scores)}", "")
    if truth.skill is not None:
        table.add_row("", f"skill: {', '.join(str(score) for score in truth.skill)}", "")
    return table


def truth_json(truth: Truth) -> dict[str, Any]:
    return {
        "seed": truth.seed,
        "kind": truth.kind,
        "duration_s": truth.duration_s,
        "events": [
            {"span": event.span.model_dump(), "action": event.action, "instrument": event.instrument, "target": event.target}
            for event in truth.events
        ],
        "cvs": [{"start_s": state.start_s, "scores": list(state.scores)} for state in truth.cvs],
        "skill": None if truth.skill is None else list(truth.skill),
    }
