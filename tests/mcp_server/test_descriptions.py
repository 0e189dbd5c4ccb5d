"""What a planner reads of a tool before it calls it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from medvid.core.outcome import Reliability
from medvid.engine.profiles import EMBEDDED
from medvid.mcp_server import asking
from medvid.mcp_server.asking import AskArgs
from medvid.mcp_server.calls import TOLD
from medvid.mcp_server.job_tools import PARTS_SHOWN, JobArgs, StartArgs, StatusArgs
from medvid.mcp_server.video_tools import ListVideosArgs, reliability_line
from medvid.tools.registry import TOOLS

DESCRIBED = {
    "list_videos": (TOLD["list_videos"], ListVideosArgs),
    "ask_procedure": (asking.DESCRIPTION, AskArgs),
    "start_job": (TOLD["start_job"], StartArgs),
    "job_status": (TOLD["job_status"], StatusArgs),
    "job_result": (TOLD["job_result"], JobArgs),
    "cancel_job": (TOLD["cancel_job"], JobArgs),
    **{name: (tool.description, tool.args_type) for name, tool in TOOLS.items()},
}


@pytest.mark.parametrize("name", DESCRIBED)
def test_a_description_says_when_not_to_use_it_and_gives_an_example_that_the_tool_takes(name: str) -> None:
    description, args_type = DESCRIBED[name]
    assert "Do not use it " in description
    assert "second" in description or "_s" in description
    before, _, example = description.partition("Example: ")
    assert before
    args_type.model_validate(json.loads(example.rstrip(".")))


def test_the_status_of_a_job_says_how_many_parts_it_gives_at_a_time() -> None:
    assert f"{PARTS_SHOWN} at a time" in TOLD["job_status"]


def test_the_reliability_line_gives_each_measured_figure_of_the_tools_tasks() -> None:
    card = Reliability(qa_type="video_summary_gpt", metric="judge", figure=3.21, tests=100)
    other = Reliability(qa_type="tal", metric="R@0.5", figure=0.5)
    profile = replace(EMBEDDED, cards={card.qa_type: card, other.qa_type: other})
    line = reliability_line(TOOLS["summarize_video"], profile)
    assert line == (
        "Reliability of medvid-embedded: judge 3.210 on 100 tests (faithful feeding; baseline not published)."
    )


def test_a_model_that_nobody_measured_says_so() -> None:
    assert reliability_line(TOOLS["assess_cvs"], replace(EMBEDDED, cards={})) == "Reliability of medvid-embedded: not measured."
