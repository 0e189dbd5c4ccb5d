"""A plan and a run, shown."""

from __future__ import annotations

from typing import Any

import pytest
from rich.console import Console
from rich.table import Table

from medvid.core.plan import Plan, Step
from medvid.core.run import Failure, Run
from medvid.report.tables import evidence_table, plan_table, reliability_lines

CARD = {
    "qa_type": "tal",
    "metric": "TAL R@0.5",
    "figure": 0.8,
    "baseline": 0.1,
    "baseline_name": "blind",
    "tests": 200,
    "source": "held-out",
}


def evidence(**changes: Any) -> dict[str, Any]:
    looks = [{"start_s": 0.0, "end_s": 16.0, "fps": 1.0, "frames": 16}, {"start_s": 12.0, "end_s": 20.0, "fps": 1.0, "frames": 8}]
    plain = {"video_id": "0" * 16, "span": {"start_s": 0.0, "end_s": 20.0}, "looks": looks, "model": "fake", "feeding": "faithful"}
    return {**plain, **changes}


PLAN = Plan(
    steps=(
        Step(id="when", tool="localize_action", args={"video_id": "0" * 16, "action": "cut [the] duct"}),
        Step(id="first", op="first", args={"spans": "$when.spans"}),
        Step(id="who", tool="ground_object", args={"object": "scissors", "span": "$first"}),
        Step(id="next", tool="predict_next", args={}),
    )
)
RUN = Run(
    id="r1",
    question="When is the duct cut?",
    plan=PLAN,
    outcomes={
        "when": [
            {
                "status": "ok",
                "result": {"spans": [{"start_s": 4.0, "end_s": 6.5}]},
                "notes": ["rate lowered"],
                "evidence": evidence(reliability=[CARD]),
            }
        ],
        "who": [{"status": "not_observed", "reason": "the model saw none", "notes": [], "evidence": evidence(reliability=[CARD])}],
    },
    values={"first": {"start_s": 4.0, "end_s": 6.5}},
    failures={"next": [Failure(kind="engine", message="out of memory")]},
)


def shown(table: Table) -> str:
    console = Console(width=220, color_system=None)
    with console.capture() as capture:
        console.print(table)
    return capture.get()


def line_of(step: str, text: str) -> str:
    (line,) = [line for line in text.splitlines() if step in line.replace("│", " ").split()[:1]]
    return line


def test_a_plan_shows_each_step_with_its_arguments() -> None:
    text = shown(plan_table(PLAN))
    assert "action=cut [the] duct" in line_of("when", text)
    assert "spans=$when.spans" in line_of("first", text)
    assert "video_id" not in text
    assert "for each" not in text


def test_a_repeated_step_shows_over_what() -> None:
    plan = Plan(steps=(PLAN.steps[0], Step(id="all", tool="summarize_video", args={"span": "$item"}, for_each="$when.spans")))
    text = shown(plan_table(plan))
    assert "for each" in text
    assert "$when.spans" in line_of("all", text)


@pytest.mark.parametrize(
    ("step", "parts"),
    [
        # 16 and 8 frames were shown
        ("when", ["0.0-20.0 s, 24 frames at 1 fps", "ok", "4.0-6.5 s", "rate lowered"]),
        ("first", ["value", "4.0-6.5 s"]),
        ("who", ["not_observed", "the model saw none"]),
        ("next", ["failed", "engine: out of memory"]),
    ],
)
def test_evidence_has_a_row_for_what_came_of_each_step(step: str, parts: list[str]) -> None:
    line = line_of(step, shown(evidence_table(RUN)))
    assert [part for part in parts if part not in line] == []


def test_a_step_that_never_ran_says_so() -> None:
    assert "not run" in line_of("when", shown(evidence_table(RUN.model_copy(update={"outcomes": {}}))))


def test_a_figure_that_several_tools_share_is_told_once() -> None:
    assert reliability_lines(RUN) == [
        "localize_action, ground_object: TAL R@0.5 0.800 on 200 tests (faithful feeding; blind 0.100); held-out"
    ]
