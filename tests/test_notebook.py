"""What a notebook uses: `medvid.open`, questions and plans with and without a running event loop, and what is shown."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from pathlib import Path

import pytest

import medvid
from medvid import app as parts
from medvid.core import Answer, ConfigError, Plan, PlanError, Run, Span, Statement, VideoError
from medvid.engine.profiles import EMBEDDED
from medvid.medvidbench.oracle import OracleEngine
from medvid.notebook import Result
from medvid.simulate import Truth, clip_of, make_procedure, write_video
from medvid.video import Library, probe
from tests.agent.chat import served
from tests.agent.fake import outcome
from tests.cli.program import environment

QUESTION = "When is the cystic duct clipped?"


@pytest.fixture(scope="module")
def operation(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Truth]:
    whole = make_procedure(1_000_000, "cholecystectomy")
    end_s = round(next(event.span.end_s for event in whole.events if event.action == "clip the cystic duct") + 2)
    truth = clip_of(whole, Span.of(end_s - 16, end_s))
    return write_video(truth, tmp_path_factory.mktemp("operation") / "operation.mp4"), truth


@pytest.fixture
def video(operation: tuple[Path, Truth], monkeypatch: pytest.MonkeyPatch) -> object:
    path, truth = operation
    monkeypatch.setattr(parts, "open_model", lambda settings: OracleEngine(EMBEDDED, {probe(path).video_id: truth}))
    opened = medvid.open(path)
    yield opened
    opened.close()


def clipped(truth: Truth) -> float:
    return next(event.span.start_s for event in truth.events if event.action == "clip the cystic duct")


def test_a_question_is_answered_and_goes_to_pandas(video: medvid.notebook.Video, operation: tuple[Path, Truth]) -> None:
    result = video.ask(QUESTION)
    assert "“clip the cystic duct” is seen at" in repr(result)
    table = result.to_pandas()
    assert table["step"].tolist() == ["s1"]
    assert table["start_s"].dtype == "Float64"
    assert table["start_s"][0] == pytest.approx(clipped(operation[1]), abs=1.0)


def test_a_language_model_of_the_settings_plans(operation: tuple[Path, Truth], monkeypatch: pytest.MonkeyPatch) -> None:
    path, truth = operation
    video_id = probe(path).video_id
    monkeypatch.setattr(parts, "open_model", lambda settings: OracleEngine(EMBEDDED, {video_id: truth}))
    plan = {"steps": [{"id": "mine", "tool": "localize_action", "args": {"video_id": video_id, "action": "clip the cystic duct"}}]}
    with served(plan) as (address, requests):
        opened = medvid.open(path, planner_model="any", planner_endpoint=address, planner_api_key="none")
        table = opened.ask("Find me the clips.").to_pandas()
        opened.close()
    assert len(requests) == 1
    assert table["step"].tolist() == ["mine"]


def test_it_works_inside_a_running_event_loop_and_can_be_awaited(video: medvid.notebook.Video) -> None:
    async def cell() -> tuple[Result, Result, Result]:
        plain = video.ask(QUESTION)  # as in Jupyter, where a loop runs already
        asked, timeline = await asyncio.gather(video.aask(QUESTION), video.arun("operative_timeline"))
        return plain, asked, timeline

    plain, asked, timeline = asyncio.run(cell())
    assert repr(plain) == repr(asked)
    assert set(timeline.run.values) == {"active_s", "pauses", "paused_s", "longest_pause"}


def test_a_plan_a_file_and_an_analysis_run_alike(video: medvid.notebook.Video, tmp_path: Path) -> None:
    text = "steps: [{id: found, tool: localize_action, args: {video_id: $video.video_id, action: $action}}]\nparameters: {action: {}}\n"
    (tmp_path / "mine.yaml").write_text(text)
    from_file = video.run(tmp_path / "mine.yaml", action="clip the cystic duct")
    plan = Plan.model_validate({"steps": [{"id": "found", "tool": "localize_action", "args": {
        "video_id": video.listing.video_id, "action": "clip the cystic duct"}}]})  # fmt: skip
    assert video.run(plan).run.outcomes["found"][0]["result"] == from_file.run.outcomes["found"][0]["result"]
    with pytest.raises(PlanError, match="action"):
        video.run(tmp_path / "mine.yaml")
    with pytest.raises(ConfigError, match="one of compare_groups"):
        video.run("no_such_analysis")


def test_it_shows_answer_timeline_table_and_frames(video: medvid.notebook.Video) -> None:
    page = video.ask("When is the cystic duct clipped, and what is the clipper doing there?")._repr_html_()
    kinds = re.findall(r'<img src="data:image/(\w+);base64,[A-Za-z0-9+/=]{500,}"', page)
    assert kinds[0] == "png" and set(kinds[1:]) == {"jpeg"} and 2 <= len(kinds) <= 9
    assert "<table" in page and "<p>“clip the cystic duct” is seen at" in page
    assert "Research use only" in page
    assert str(Path.home()) not in page


def test_nothing_that_a_model_or_a_file_name_says_becomes_markup(operation: tuple[Path, Truth]) -> None:
    evil = "<script>alert(1)</script>"
    plan = Plan.model_validate({"steps": [{"id": "s1", "tool": "summarize_video", "args": {}}]})
    answer = Answer(text=evil, statements=(Statement(text=evil, step="s1"),))
    run = Run(id="r", question=evil, plan=plan, outcomes={"s1": [outcome({"text": evil})]}, answer=answer)
    page = Result(run, Library((), [operation[0]]))._repr_html_()
    assert "<script" not in page
    assert page.count("&lt;script&gt;") >= 2  # the answer, the table


def test_a_file_that_is_no_video_is_an_error_at_once(tmp_path: Path) -> None:
    (tmp_path / "notes.mp4").write_text("no video")
    with pytest.raises(VideoError, match=r"notes\.mp4"):
        medvid.open(tmp_path / "notes.mp4")


def test_a_program_that_closes_nothing_ends(operation: tuple[Path, Truth]) -> None:
    code = f"import medvid; video = medvid.open({str(operation[0])!r}); print(repr(video.run('skill_trend')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment(), timeout=120)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert "Research use only" in done.stdout


def test_medvid_has_nothing_else_to_give() -> None:
    with pytest.raises(AttributeError, match="no attribute 'close'"):
        medvid.close  # noqa: B018
