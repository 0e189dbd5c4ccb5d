"""A question through the real server, toolbox and decoder on a simulated operation, with an engine that knows the truth."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from medvid.agent.runs import ask
from medvid.app import open_client, open_library, open_server, open_toolbox
from medvid.core.run import Run
from medvid.core.settings import Settings
from medvid.core.span import Span
from medvid.engine.profiles import EMBEDDED
from medvid.medvidbench.oracle import OracleEngine
from medvid.simulate import Truth, clip_of, make_procedure, write_video
from medvid.simulate.demo import DEMO_QUESTION, DEMO_SEED
from medvid.video import probe

pytestmark = pytest.mark.anyio

CUT = Span.of(0.0, 30.0)
TRUTH = clip_of(make_procedure(DEMO_SEED, "cholecystectomy"), CUT)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_video(TRUTH, tmp_path_factory.mktemp("operation") / "operation.mp4")


@pytest.fixture
async def client(file: Path) -> AsyncIterator[tuple[Any, str]]:
    info = probe(file)
    toolbox = open_toolbox(Settings(), open_library(Settings(), [file]), OracleEngine(EMBEDDED, {info.video_id: TRUTH}))
    async with open_client(open_server(toolbox)) as connected:
        yield connected, info.video_id


def event_of(truth: Truth, action: str) -> Span:
    """The one span of an action that the cut holds once."""
    (span,) = [event.span for event in truth.events if event.action == action]
    return span


async def asked(client: tuple[Any, str], question: str, tmp_path: Path) -> Run:
    run = await ask(question, [client[1]], client[0], checkpoints=tmp_path / "runs.sqlite")
    assert not run.failures
    assert all(content["status"] == "ok" for contents in run.outcomes.values() for content in contents), run.answer.text
    return run


async def test_the_demos_question_is_answered_with_the_truth(client: tuple[Any, str], tmp_path: Path) -> None:
    run = await asked(client, DEMO_QUESTION, tmp_path)
    clipped = event_of(TRUTH, "clip the cystic duct")
    (localized,), (grounded,), (described,), (assessed,) = (run.outcomes[step] for step in ("s1", "s3", "s4", "s6"))
    (found,) = localized["result"]["spans"]
    assert found == pytest.approx(clipped.model_dump(), abs=0.5)  # one frame at the profile's usual rate of 1 a second, halved
    for item in grounded["result"]["track"]:
        true = TRUTH.box_at("clipper", item["time_s"])
        assert true is not None
        assert item["box_px"] == pytest.approx(list(true.root), abs=4.0)  # 320 px fed as 112: the answer's grid is about 3 px
    assert described["result"]["text"] == "The clipper clips the cystic duct."
    in_force = [state.scores for state in TRUTH.cvs if state.start_s < clipped.start_s][-1]
    assert tuple(assessed["result"]["scores"].values()) == in_force
    assert assessed["evidence"]["span"]["end_s"] == pytest.approx(clipped.start_s, abs=0.5)
    assert f"is seen at {clipped}" in run.answer.statements[0].text


async def test_what_comes_before_another_step_is_told_from_what_does_not(client: tuple[Any, str], tmp_path: Path) -> None:
    run = await asked(client, "Is the hepatocystic triangle dissected before the cystic duct is clipped?", tmp_path)
    before = event_of(TRUTH, "clip the cystic duct").start_s
    last = [step.id for step in run.plan.steps if not any(look.by == step.id for look in run.looks)][-1]
    spans = run.outcomes[last][0]["result"]["spans"]
    assert {look.verdict for look in run.looks} == {"confirmed"}
    true = [event.span for event in TRUTH.events if event.action == "dissect the hepatocystic triangle"]
    assert len(spans) == len(true) >= 1
    assert all(span["end_s"] <= before + 0.5 for span in spans)


async def test_an_action_that_does_not_occur_is_not_said_to_occur(client: tuple[Any, str], tmp_path: Path) -> None:
    question = "When is the gallbladder packed, and what is the grasper doing there?"
    run = await ask(question, [client[1]], client[0], checkpoints=tmp_path / "runs.sqlite")
    assert [content["status"] for contents in run.outcomes.values() for content in contents] == ["not_observed"]
    assert run.answer.statements[0].text.startswith("“pack the gallbladder” was not observed; looked at 0.0-30.0 s")
    assert run.answer.statements[1].text == "The grasper was not looked at: “pack the gallbladder” was not observed (s1)."
