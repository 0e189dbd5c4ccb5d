"""The writer: a model's words are taken only where every fact in them is held by the step they name."""

from __future__ import annotations

from typing import Any

import pytest

from medvid.agent.answer import compose
from medvid.agent.ledger import Ledger
from medvid.agent.model_planner import ModelPlanner
from medvid.agent.writer import write
from medvid.core import RESEARCH_USE, Answer, Plan, Planning, Step
from tests.agent.chat import Scripted, scripted
from tests.agent.fake import NOTE, VIDEO_ID, listing, not_observed, outcome

pytestmark = pytest.mark.anyio

STEPS = (
    Step(id="s1", tool="localize_action", args={"video_id": VIDEO_ID, "action": "clip the cystic duct"}),
    Step(id="s2", op="count", args={"spans": "$s1.spans"}),
    Step(id="s3", tool="localize_action", args={"video_id": VIDEO_ID, "action": "pack the gallbladder"}),
)
FOUND = outcome({"spans": [{"start_s": 30.0, "end_s": 36.4}]})
WELL = "The cystic duct is clipped once, from 0:30 to 36 s. [s1] That is 1 time. [s2]"


async def written(*answers: Any, found: Any = FOUND) -> tuple[Answer, list[Planning], Scripted]:
    ledger = Ledger(Plan(steps=STEPS))
    while calls := ledger.advance(budget=9):
        for call in calls:
            ledger.calls[call.step] = {"0": {"content": found if call.step == "s1" else not_observed()}}
    model = scripted(*answers)
    made, tries = await write(ModelPlanner(model, "fake"), "?", ledger, [listing()], compose("?", ledger, [listing()]))
    return made, tries, model


async def test_a_text_that_holds_only_facts_is_the_answer() -> None:
    made, tries, _ = await written(WELL)
    assert made.written_by == "fake"
    assert [(said.step, said.text) for said in made.statements[:2]] == [
        ("s1", "The cystic duct is clipped once, from 0:30 to 36 s."),
        ("s2", "That is 1 time."),
    ]
    assert made.text.startswith("The cystic duct is clipped once, from 0:30 to 36 s. [s1]\nThat is 1 time. [s2]\n")
    assert made.text.endswith(RESEARCH_USE)
    assert len(tries) == 1


async def test_what_was_not_observed_is_said_in_the_templates_words_whatever_the_model_writes() -> None:
    made, _, model = await written(WELL)
    assert made.statements[-1].text.startswith("“pack the gallbladder” was not observed;")
    assert "pack the gallbladder" not in str(model.asked[0][1].content)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("It is clipped at 31 s. [s1] 1 time. [s2]", "31 s stands in nothing"),
        ("It is clipped at 30.0 s. [s1] 1 time. [s2]", "30.0 s is finer than frames every 1 s can tell"),
        ("It is clipped at 30 s. [s1] 3 times. [s2]", "3 stands in nothing"),
        ("The hook clips at 30 s. [s1] 1 time. [s2]", "'hook' stands in nothing"),
        ("The cystic artery is cut at 30 s. [s1] 1 time. [s2]", "'cut the cystic artery' stands in nothing"),
        ("It is clipped at 30 s. [s1]", "nothing is said of s2"),
        ("It is clipped at 30 s. [s1] 1 time. [s2] It is packed. [s3]", "s3 is none of s1, s2"),
        ("It is clipped at 30 s. [s1] 1 time. [s2] All went well.", "`All went well.` names no step"),
    ],
)
async def test_a_text_with_more_is_sent_back_once_with_what_is_wrong(text: str, complaint: str) -> None:
    made, tries, model = await written(text, WELL)
    assert complaint in " ".join(tries[0].complaints)
    assert complaint in str(model.asked[1][-1].content)
    assert made.written_by == "fake" and len(tries) == 2


async def test_after_one_rewrite_the_templates_text_stands() -> None:
    made, tries, _ = await written("It is clipped 7 times. [s1] [s2]")
    assert made.written_by == "template"
    assert made.statements[0].text == "“clip the cystic duct” is seen at 30.0-36.5 s."
    assert len(tries) == 2


async def test_what_is_not_verified_is_never_put_into_a_models_words() -> None:
    made, tries, _ = await written(WELL, found=outcome(FOUND["result"], notes=[NOTE]))
    assert made.written_by == "template" and not tries, "nothing was found plainly, so the model is not even asked"
    assert "is not verified" in made.text and "if it happens at all" in made.text
