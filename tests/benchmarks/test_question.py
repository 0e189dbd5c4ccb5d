"""The program that times one question: every tool is asked, about stretches that nothing was kept of."""

from __future__ import annotations

import json

import pytest

from benchmarks import question
from medvid.tools.registry import TOOLS


def test_each_tool_that_the_clip_has_a_question_for_is_timed(capsys: pytest.CaptureFixture[str]) -> None:
    assert question.main(["--rounds", "1", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert set(report["took_s"]) == {*TOOLS, "all"} - {"assess_skill"}
    assert all(0 < took["least"] <= took["median"] <= took["most"] for took in report["took_s"].values())
    assert 0.1 < report["gib"] < 8
    assert "| ground_object |" in question.table(report)
