"""Memory: bounded, without what no later turn needs, and exact about what was asked before."""

from __future__ import annotations

from typing import Any

import pytest

from medvid.agent.memory import BYTES, TURNS, WHOLE_TURNS, Memory
from medvid.core import Answer, Failure, Plan, Planning, Run, Statement, Step
from tests.agent.fake import VIDEO_ID, not_observed, outcome

SPANS = [{"start_s": 30.0, "end_s": 36.5}, {"start_s": 40.0, "end_s": 44.0}]
LOCALIZE = Step(id="s1", tool="localize_action", args={"video_id": VIDEO_ID, "action": "clip the cystic duct"})
CLIPPER = {"video_id": VIDEO_ID, "object": "clipper", "every_s": 2.0}
GROUND = Step(id="s2", tool="ground_object", for_each="$s1.spans", args={**CLIPPER, "span": "$item"})


def track(span: dict[str, float], boxes: int = 1) -> dict[str, Any]:
    return outcome({"track": [{"time_s": span["start_s"] + i / 100, "box_px": [1, 2, 3, 4]} for i in range(boxes)]}, span=span)


def turn(number: int = 0, boxes: int = 1, **changed: Any) -> Run:
    """`clip the cystic duct` was found twice, and the clipper looked for in each span."""
    spans = outcome({"spans": SPANS}, raw=[{"text": "30.0-36.5, ...", "mean_logprob": -0.1}])
    outcomes = {"s1": [spans], "s2": [track(span, boxes) for span in SPANS]}
    plan = Plan(steps=(LOCALIZE, GROUND))
    given: dict[str, Any] = {"id": f"r{number}", "question": f"question {number}?", "plan": plan, "outcomes": outcomes}
    said = Answer(text="It is seen.\nAnd more.", statements=(Statement(text="It is seen.", step="s1", index=0),))
    return Run(**{**given, "answer": said, "plannings": (Planning(model="m", prompt="p" * 1000, answer="a"),), **changed})


def test_texts_and_plannings_are_left_out_and_probabilities_stay() -> None:
    (kept,) = Memory().after(turn()).turns
    assert kept.outcomes["s1"][0]["evidence"]["raw"] == [{"text": "", "mean_logprob": -0.1}]
    assert (kept.plannings, kept.answer.text) == ((), "")
    assert kept.answer.statements[0].text == "It is seen."
    assert kept.outcomes["s1"][0]["result"] == {"spans": SPANS}


def test_250_turns_are_bounded_in_number_and_bytes() -> None:
    memory = Memory(thread="long")
    for number in range(250):
        memory = memory.after(turn(number, boxes=40))
    assert len(memory.turns) == TURNS == 200
    assert [run.id for run in memory.turns][::199] == ["r50", "r249"]
    assert len(memory.model_dump_json(exclude_defaults=True)) < BYTES + 1000
    whole = [run.id for run in memory.turns if run.outcomes]
    assert whole == [f"r{number}" for number in range(250 - WHOLE_TURNS, 250)]
    assert memory.turns[0].question == "question 50?" and memory.turns[0].plan.steps and memory.turns[0].answer.statements


def test_turns_that_are_large_keep_less_and_the_newest_go_first() -> None:
    memory = Memory()
    for number in range(8):
        memory = memory.after(turn(number, boxes=1500))  # two tracks of 1500 boxes of 38 bytes: about 115 kB a turn, so 512 kB hold four
    assert [run.id for run in memory.turns if run.outcomes] == ["r4", "r5", "r6", "r7"]
    assert len(memory.turns) == 8
    assert len(memory.model_dump_json(exclude_defaults=True)) < BYTES + 1000


def test_the_very_same_call_is_found_and_no_other() -> None:
    memory = Memory().after(turn())
    assert memory.found("localize_action", dict(LOCALIZE.args), "fake") == ("r0", memory.turns[0].outcomes["s1"][0])
    assert memory.found("localize_action", {**LOCALIZE.args, "action": "cut the cystic duct"}, "fake") is None
    assert memory.found("localize_action", {**LOCALIZE.args, "insist": True}, "fake") is None
    assert memory.found("localize_action", dict(LOCALIZE.args), "another model") is None
    assert memory.found("assess_cvs", dict(LOCALIZE.args), "fake") is None
    second = {**GROUND.args, "span": SPANS[1]}
    assert memory.found("ground_object", second, "fake") == ("r0", track(SPANS[1]))


def test_what_was_fed_otherwise_is_not_used_again() -> None:
    spans = turn().outcomes["s1"][0]
    published = {**spans, "evidence": {**spans["evidence"], "feeding": "published"}}
    memory, model = Memory().after(turn(outcomes={"s1": [published]}, plan=Plan(steps=(LOCALIZE,)))), spans["evidence"]["model"]
    assert memory.found("localize_action", dict(LOCALIZE.args), model) is None
    assert memory.found("localize_action", dict(LOCALIZE.args), f"{model} (published feeding)") is not None


def test_what_was_found_in_an_earlier_turn_is_named_by_the_run_that_found_it() -> None:
    memory = Memory().after(turn(1)).after(turn(2, reused={"s1": "r1"}))
    found = memory.found("localize_action", dict(LOCALIZE.args), "fake")
    assert found is not None and found[0] == "r1"


@pytest.mark.parametrize("status", ["unreadable", "out_of_scope", "not_assessable"])
def test_what_did_not_answer_is_looked_for_again(status: str) -> None:
    memory = Memory().after(turn(outcomes={"s1": [outcome(status=status, reason="why")]}, plan=Plan(steps=(LOCALIZE,))))
    assert memory.found("localize_action", dict(LOCALIZE.args), "fake") is None


def test_that_something_was_not_observed_is_an_answer() -> None:
    memory = Memory().after(turn(outcomes={"s1": [not_observed()]}, plan=Plan(steps=(LOCALIZE,))))
    assert memory.found("localize_action", dict(LOCALIZE.args), "fake") is not None


def test_another_servers_content_is_never_used_again() -> None:
    weigh = Step(id="w", tool="scale__weigh", args={"of": "stone"})
    memory = Memory().after(turn(plan=Plan(steps=(weigh,)), outcomes={"w": [{"grams": 12.5}]}))
    assert memory.found("scale__weigh", {"of": "stone"}, "fake") is None


def test_of_a_run_in_which_something_failed_nothing_is_used_again() -> None:
    # One of two calls failed: which span the outcome that is there belongs to cannot be said.
    failures = {"s2": [Failure(kind="engine", message="no")]}
    broken = turn(outcomes={"s1": [outcome({"spans": SPANS})], "s2": [track(SPANS[1])]}, failures=failures)
    assert Memory().after(broken).found("ground_object", {**GROUND.args, "span": SPANS[0]}, "fake") is None


def test_a_reader_gets_no_turn_about_a_video_that_he_may_not_see() -> None:
    other = Step(id="s1", tool="localize_action", args={"video_id": "f" * 16, "action": "clip the cystic duct"})
    memory = Memory(thread="t").after(turn(1)).after(turn(2, plan=Plan(steps=(other,)), outcomes={}))
    assert [run.id for run in memory.seen_by(lambda video_id: video_id == VIDEO_ID).turns] == ["r1"]


def test_paces_are_seconds_a_second_of_video_without_what_was_used_again() -> None:
    # 0.1 s over the 90 s of s1; 0.1 s each over 6.5 s and 4.0 s of s2.
    paces = Memory().after(turn()).after(turn(2, reused={"s1": "r0", "s2": "r0"})).paces("fake")
    assert paces == pytest.approx({"localize_action": 0.1 / 90, "ground_object": 0.2 / 10.5, "": 0.3 / 100.5})
    assert Memory().after(turn()).paces("another model") == {}
