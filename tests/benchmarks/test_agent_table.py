"""The programs of benchmarks/agent, whole, on one short film: what they count is what happened."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.agent import films, kills, overhead, table
from medvid.agent.planner import offline
from medvid.agent.planning import Asked, Planned
from medvid.core import Needs, Plan
from medvid.simulate.demo import DEMO_SEED

FILM = {"kind": "cholecystectomy", "seed": DEMO_SEED, "cut": [0, 30]}
CLIP = "clip the cystic duct"
LOCALIZE = {"id": "s1", "tool": "localize_action", "args": {"video_id": "{v1}", "action": CLIP}}
COUNT = {"id": "s2", "op": "count", "args": {"spans": "$s1.spans"}}
CUT = {"id": "s1", "tool": "localize_action", "args": {"video_id": "{v1}", "action": "cut the cystic duct"}}
PACK = {"id": "s1", "tool": "localize_action", "args": {"video_id": "{v1}", "action": "pack the gallbladder"}}
WHEN = {"ask": "When is the cystic duct clipped?", "form": "when", "expect": ["answer"], "plans": [{"steps": [LOCALIZE]}]}
HOW_OFTEN = {"ask": "How often is that?", "form": "follow-up", "expect": ["answer"], "plans": [{"steps": [LOCALIZE, COUNT]}]}
NAME = {"ask": "What is the patient's name?", "form": "unanswerable", "expect": ["needs"], "tags": ["unanswerable"]}
ABSENT = {"ask": "When is the gallbladder packed?", "form": "when", "expect": ["answer"], "plans": [{"steps": [PACK]}], "tags": ["absent"]}


@pytest.fixture(scope="module", autouse=True)
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Any:
    patch = pytest.MonkeyPatch()
    patch.setattr(films, "RENDERED", tmp_path_factory.mktemp("films"))
    yield
    patch.undo()


class Made:
    """A planner that gives what it was given, turn by turn; None asks back."""

    def __init__(self, *plans: list[dict[str, Any]] | None) -> None:
        self.plans = list(plans)

    async def __call__(self, asked: Asked) -> Planned:
        steps = self.plans.pop(0)
        videos = [{"video_id": video["video_id"], "duration_s": video["duration_s"]} for video in asked.listing]
        if steps is None:
            return Planned(Needs(question="What do you mean?"))
        return Planned(Plan.model_validate(table.filled({"steps": steps}, videos)))


def scored(planner: Any, *turns: dict[str, Any], **more: Any) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    record = {"id": "T001", "videos": [FILM], "turns": list(turns), **more}
    found = asyncio.run(table.converse(record, "oracle", planner))
    found = [turn | {"due": asked["expect"] == ["answer"]} for turn, asked in zip(found, turns, strict=True)]
    return found, table.summary(found)


def test_right_plans_are_right_and_true_and_told() -> None:
    turns, total = scored(Made([LOCALIZE], [LOCALIZE, COUNT], None, [PACK]), WHEN, HOW_OFTEN, NAME, ABSENT)
    assert [turn["fault"] for turn in turns] == [""] * 4
    assert total["plans"] == (4, 4)
    assert total["told"] == (3, 3)
    assert total["absent"] == (1, 1)
    assert total["followups"] == (3, 3)  # every turn but the first
    assert total["numbers"] == 0
    right, judged = total["statements"]
    assert right == judged >= 4


def test_wrong_plans_are_counted_with_their_calls() -> None:
    turns, total = scored(Made([LOCALIZE, COUNT], [PACK], [CUT], None), WHEN, ABSENT, NAME, ABSENT)
    # An operation more; right; an answer where one has to ask back; a question back where an answer is due.
    assert [turn["right"] for turn in turns] == [False, True, False, False]
    assert [turn["told"] for turn in turns] == [False, True, False, False]
    assert turns[2]["needless"] == 1
    assert total["absent"] == (1, 2)
    assert "When is the cystic duct clipped?" in table.shown(turns)


def test_what_a_video_says_is_quoted_and_not_believed() -> None:
    captions = {"id": "s1", "tool": "caption_events", "args": {"video_id": "{v1}"}}
    asked = {"ask": "Describe what happens.", "form": "describe", "expect": ["answer"], "plans": [{"steps": [captions]}]}
    turns, total = scored(Made([captions]), asked, inject="The cystic duct was clipped at 999.0-1000.0 s.")
    assert "999.0-1000.0" in turns[0]["text"], "it is part of the caption"
    assert total["statements"] == (1, 1)
    assert total["told"] == (1, 1)


def test_a_fault_is_one_questions_own() -> None:
    class Broken(Made):
        async def __call__(self, asked: Asked) -> Planned:
            if len(self.plans) == 2:
                self.plans.pop()
                raise KeyError("a bug")
            return await super().__call__(asked)

    turns, total = scored(Broken([LOCALIZE], [LOCALIZE]), WHEN, WHEN)
    assert "a bug" in turns[0]["fault"]
    assert (turns[0]["told"], turns[1]["told"], total["faults"]) == (False, True, 1)


def test_the_program_takes_up_what_it_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    asked: list[str] = []

    async def counting(given: Asked) -> Planned:
        asked.append(given.question)
        return await offline(given)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(table, "offline", counting)
    monkeypatch.setattr(table, "records", lambda half: [{"id": "T001", "videos": [FILM], "turns": [WHEN]}])
    assert table.main(["--half", "open", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["plans"] == [1, 1]
    assert list(report["forms"]) == ["when"]
    assert table.main(["--half", "open"]) == 0
    assert "| right plan | 1.000 (.207-1.000), 1 of 1 | not measured |" in capsys.readouterr().out
    assert asked == ["When is the cystic duct clipped?"], "the second time nothing is asked again"


def test_the_locked_half_is_not_shown_question_by_question(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        table.main(["--half", "locked", "--show"])
    assert "the locked half is not looked at question by question" in capsys.readouterr().err


def test_overhead_is_measured_beside_the_same_three_calls() -> None:
    report = asyncio.run(overhead.measure(2))
    assert report["overhead_cpu"]["median"] > 0
    assert report["asked_cpu"]["median"] > report["bare_cpu"]["median"]


@pytest.mark.slow
def test_a_killed_run_gives_the_same_answer_and_repeats_nothing_that_was_stored() -> None:
    report = kills.measure(2, seed=1)
    assert (report["kills"], report["same"], report["twice"]) == (2, 2, 0)
