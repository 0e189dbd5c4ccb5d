"""The program that times one question: every tool is asked, about stretches that nothing was kept of."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from medvid.core import Span
from medvid.simulate import clip_of, make_procedure, write_video
from medvid.simulate.demo import DEMO_SEED
from medvid.tools.registry import TOOLS
from tests.benchmarks.programs import program

question = program("question")


def test_each_tool_that_the_clip_has_a_question_for_is_timed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = write_video(clip_of(make_procedure(DEMO_SEED, "cholecystectomy"), Span.of(0.0, 34.0)), tmp_path / "clip.mp4")
    monkeypatch.setattr(question, "demo_clip", lambda: clip)
    assert set(question.ASKED) == set(TOOLS) - {"assess_skill"}
    monkeypatch.setattr(question, "ASKED", {"localize_action": question.ASKED["localize_action"]})
    assert question.main(["--rounds", "1", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert set(report["took_s"]) == {"localize_action", "all"}
    assert all(0 < took["least"] <= took["median"] <= took["most"] for took in report["took_s"].values())
    assert "| localize_action |" in question.table(report)
