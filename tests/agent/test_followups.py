"""Follow-ups: what a question that leans on earlier turns becomes. Steps of an earlier turn come again with the same arguments."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medvid.agent.check import check_plan
from medvid.agent.memory import Memory
from medvid.core import Answer, Needs, Plan, Run, SecondLook, Step
from tests.agent.fake import SUTURING, TOOLS, VIDEO_ID, listing, make_plan
from tests.agent.test_planner import PAUSES, written

DUCT = "localize_action action=clip the cystic duct"
ARTERY = "localize_action action=clip the cystic artery"
CUT_DUCT = "localize_action action=cut the cystic duct"
FIRST = "first spans=$s1.spans"
SECOND = "nth spans=$s1.spans n=2"
AFTER = "after span=$s2 duration_s=90.0"
OTHER_ID = "f" * 16


def turn(question: str, made: Plan | Needs) -> Run:
    if isinstance(made, Needs):
        return Run(id="r", question=question, plan=Plan(steps=()), answer=Answer(needs=made))
    return Run(id="r", question=question, plan=made)


def talk(*questions: str, videos: list[dict[str, Any]] | None = None, memory: Memory = Memory()) -> list[Plan | Needs]:
    """What each question in turn becomes."""
    made: list[Plan | Needs] = []
    for question in questions:
        made.append(make_plan(question, videos or [listing()], TOOLS, memory=memory))
        memory = memory.after(turn(question, made[-1]))
    return made


def last_of(*questions: str, videos: list[dict[str, Any]] | None = None) -> list[str]:
    plan = talk(*questions, videos=videos)[-1]
    assert isinstance(plan, Plan), f"not placed: {plan}"
    check_plan(plan, TOOLS)
    assert [step.id for step in plan.steps] == [f"s{i}" for i in range(1, len(plan.steps) + 1)]
    return [written(step) for step in plan.steps]


HERE = Path(__file__).parent


def listed(file: str) -> list[tuple[str, tuple[str, ...], list[str]]]:
    """The conversations of a file, as (over which videos, its questions, the steps of the last one)."""
    found: list[tuple[str, tuple[str, ...], list[str]]] = []
    for line in (HERE / file).read_text("utf-8").splitlines():
        if line.startswith("    "):
            found[-1][2].append(line.strip())
        elif line and not line.startswith("#"):
            over, said = (line[1], line[4:]) if line.startswith("[") else ("c", line)
            found.append((over, tuple(said.split(" / ")), []))
    return found


CLIPPED = "When is the cystic duct clipped?"
HOOK_IN_2 = "ground_object span=$s2 object=hook every_s=2.0"
REGION_OF_3 = "caption_region span=$s2 box_px=$s3.track[0].box_px time_s=$s3.track[0].time_s"

DIALOGUES: list[tuple[tuple[str, ...], list[str]]] = [
    # What was localised last is `that`, `it`, `there`.
    ((CLIPPED, "What happens right after that?"), [DUCT, "last spans=$s1.spans", AFTER, "caption_events span=$s3"]),
    ((CLIPPED, "And then?"), [DUCT, "last spans=$s1.spans", AFTER, "caption_events span=$s3"]),
    ((CLIPPED, "What happens right after that?", "And before that?"), [DUCT, FIRST, "before span=$s2", "caption_events span=$s3"]),
    ((CLIPPED, "Was the critical view achieved before that?"), [DUCT, FIRST, "before span=$s2", "assess_cvs span=$s3"]),
    ((CLIPPED, "How long did it take?"), [DUCT, "total_duration spans=$s1.spans"]),
    ((CLIPPED, "How often?"), [DUCT, "count spans=$s1.spans"]),
    ((CLIPPED, "How much of the video is that?"), [DUCT, "share spans=$s1.spans of=[{'start_s': 0, 'end_s': 90.0}]"]),
    ((CLIPPED, "and what comes next?"), [DUCT, FIRST, "predict_next span={'start_s': 0, 'end_s': '$s2.end_s'}"]),
    ((CLIPPED, "What is the hook doing there?"), [DUCT, FIRST, HOOK_IN_2, REGION_OF_3]),
    ((CLIPPED, "When is it cut?"), [CUT_DUCT]),
    ((CLIPPED, "Which instrument was used for that?"), [DUCT, FIRST, "summarize_video span=$s2"]),
    ((CLIPPED, "How long between that and cutting the artery?"), [
        DUCT, FIRST, "localize_action action=cut the cystic artery", "first spans=$s3.spans", "between a=$s2 b=$s4",
        "total_duration spans=['$s5']",
    ]),
    ((CLIPPED, "Was that before the artery was clipped?"), [
        ARTERY, FIRST, "before span=$s2", "localize_action span=$s3 action=clip the cystic duct",
    ]),
    (("How often is the cystic duct clipped?", "When?"), [DUCT]),
    ((CLIPPED, "How well was it done?"), ["assess_skill"]),
    # Where: the thing, else what was acted on.
    ((CLIPPED, "Show me where."), [DUCT, FIRST, "ground_object span=$s2 object=cystic duct every_s=2.0"]),
    ((CLIPPED, "Where is the hook there?", "And what is it doing?"), [DUCT, FIRST, HOOK_IN_2, REGION_OF_3]),
    (("Where is the hook?", "What is it doing?"), [
        "ground_object object=hook every_s=4.0", "caption_region box_px=$s1.track[0].box_px time_s=$s1.track[0].time_s",
    ]),
    # One of several times.
    ((CLIPPED, "and the second time?"), [DUCT, SECOND]),
    ((CLIPPED, "and the second time?", "How long did that one take?"), [DUCT, SECOND, "total_duration spans=['$s2']"]),
    ((CLIPPED, "How long did it take?", "and the second time?"), [DUCT, SECOND, "total_duration spans=['$s2']"]),
    ((CLIPPED, "What happens after that?", "and the second time?"), [DUCT, SECOND, AFTER, "caption_events span=$s3"]),
    ((CLIPPED, "the longest one?", "Describe what happens then."), [DUCT, "longest spans=$s1.spans", "caption_events span=$s2"]),
    (("When is the cystic duct first clipped?", "And the last time?"), [DUCT, "last spans=$s1.spans"]),
    (("When is the cystic duct first clipped?", "And the last time?", "What happens in between?"), [
        DUCT, FIRST, "last spans=$s1.spans", "between a=$s2 b=$s3", "caption_events span=$s4",
    ]),
    ((CLIPPED, "What comes next after the last one?"), [
        DUCT, "last spans=$s1.spans", "predict_next span={'start_s': 0, 'end_s': '$s2.end_s'}",
    ]),
    (("When is the duct clipped for the last time?", "What happens after it?", "And what was done before it?"), [
        DUCT, "last spans=$s1.spans", "before span=$s2", "caption_events span=$s3",
    ]),
    # Of pauses, and of what two have in common.
    (("Are there pauses?", "How long in total?"), ["caption_events", PAUSES, "total_duration spans=$s2"]),
    (("Are there pauses?", "And the longest?"), ["caption_events", PAUSES, "longest spans=$s2"]),
    (("Do coagulation and irrigation overlap?", "How long is that?"), [
        "localize_action action=coagulate the liver bed", "localize_action action=irrigate the liver bed",
        "intersect a=$s1.spans b=$s2.spans", "total_duration spans=$s3",
    ]),
    # The same of something else.
    ((CLIPPED, "And the artery?"), [ARTERY]),
    (("How often is the cystic duct clipped?", "What about the artery?"), [ARTERY, "count spans=$s1.spans"]),
    (("How often is the cystic duct clipped?", "And cut?"), [CUT_DUCT, "count spans=$s1.spans"]),
    ((CLIPPED, "What is the hook doing there?", "And the grasper?"), [
        DUCT, FIRST, "ground_object span=$s2 object=grasper every_s=2.0", REGION_OF_3,
    ]),
    ((CLIPPED, "And the spleen?"), ["localize_action action=clip the spleen"]),
    (("Where is the hook?", "and at 30 seconds?"), ["ground_object span={'start_s': 26.0, 'end_s': 34.0} object=hook every_s=4.0"]),
    (("Summarise the video.", "And the first minute?"), ["summarize_video span={'start_s': 0.0, 'end_s': 60.0}"]),
    # The two that were found last.
    ((CLIPPED, "When is the cystic artery clipped?", "Which came first?"), [DUCT, ARTERY, "order a=$s1.spans b=$s2.spans"]),
    ((CLIPPED, "When is the cystic artery clipped?", "Was it the same instrument?"), [
        DUCT, ARTERY, FIRST, "summarize_video span=$s3", "first spans=$s2.spans", "summarize_video span=$s5",
    ]),
    ((CLIPPED, "And the artery?", "Which one took longer?"), [
        DUCT, ARTERY, "total_duration spans=$s1.spans", "total_duration spans=$s2.spans",
    ]),
    ((CLIPPED, "Was the critical view achieved before that?", "And before the artery was clipped?"), [
        ARTERY, FIRST, "before span=$s2", "assess_cvs span=$s3",
    ]),
    ((CLIPPED, "Is the artery clipped after that?", "How long did it take?"), [
        DUCT, "last spans=$s1.spans", AFTER, "localize_action span=$s3 action=clip the cystic artery", "total_duration spans=$s4.spans",
    ]),
    # What stands by itself leans on nothing.
    ((CLIPPED, "Describe what happens."), ["caption_events"]),
    ((CLIPPED, "What comes next?"), ["predict_next"]),
    ((CLIPPED, "Summarise the video.", "How long did it take?"), [DUCT, "total_duration spans=$s1.spans"]),
]  # fmt: skip


@pytest.mark.parametrize(("questions", "steps"), DIALOGUES, ids=[" / ".join(questions) for questions, _ in DIALOGUES])
def test_the_last_question_becomes_these_steps(questions: tuple[str, ...], steps: list[str]) -> None:
    assert last_of(*questions) == steps


def test_an_earlier_step_comes_again_with_the_same_call() -> None:
    before, after = talk("Is the liver bed irrigated after it is coagulated?", "How long did it take?")
    assert isinstance(before, Plan) and isinstance(after, Plan)
    assert after.steps[: len(before.steps)] == tuple(step.model_copy(update={"on_empty": "skip"}) for step in before.steps)
    assert written(after.steps[-1]) == "total_duration spans=$s4.spans"


@pytest.mark.parametrize(
    ("questions", "choices"),
    [
        (
            ("When are the cystic duct and the cystic artery clipped?", "How long did it take?"),
            ("how long did “clip the cystic duct” take?", "how long did “clip the cystic artery” take?"),
        ),
        (
            ("Where are the clipper and the scissors?", "What is it doing?"),
            ("what is “the clipper” doing?", "what is “the scissors” doing?"),
        ),
        (
            ("When are the cystic duct and the cystic artery clipped?", "What happens after that?"),
            ("what happens after “clip the cystic duct”?", "what happens after “clip the cystic artery”?"),
        ),
    ],
)
def test_an_it_that_may_be_two_things_is_asked_back_with_both(questions: tuple[str, ...], choices: tuple[str, ...]) -> None:
    needs = talk(*questions)[-1]
    assert isinstance(needs, Needs)
    assert needs.choices == choices
    for choice in choices:
        assert last_of(*questions, choice)


@pytest.mark.parametrize("reply", ["the artery", "the second one", "Clip the cystic artery", "how long did “clip the cystic artery” take?"])
def test_an_answer_to_what_was_asked_back_takes_that_choice(reply: str) -> None:
    asked = ("When are the cystic duct and the cystic artery clipped?", "How long did it take?")
    assert last_of(*asked, reply) == [ARTERY, "total_duration spans=$s1.spans"]


@pytest.mark.parametrize("question", ["Why?", "Who did that?", "Thanks!", "and on average?", "Should I have done it?"])
def test_what_cannot_be_placed_is_not_placed_by_what_came_before(question: str) -> None:
    assert isinstance(talk(CLIPPED, question)[-1], Needs)


TWO = [listing(title="case one"), listing(video_id=OTHER_ID, title="case two", duration_s=120.0)]


def told(questions: Sequence[str], over: str) -> list[str]:
    """The plan of the last question, a step a line; what looks at the second video is marked."""
    videos = {"c": [listing()], "s": [listing(SUTURING, procedure="bench-top suturing")], "2": TWO}[over]
    plan = talk(*questions, videos=videos)[-1]
    if isinstance(plan, Needs):
        return ["asks back"]
    check_plan(plan, TOOLS)
    return [f"{'@2 ' if step.args.get('video_id') == OTHER_ID else ''}{written(step)}" for step in plan.steps]


@pytest.mark.parametrize(("over", "questions", "steps"), listed("dialogues.txt") + listed("questions.txt"))
def test_what_people_go_on_to_ask_becomes_these_steps(over: str, questions: tuple[str, ...], steps: list[str]) -> None:
    assert told(questions, over) == steps


@pytest.mark.parametrize("question", ["And the next one?", "The latter?", "Again?", "Is that longer than in the first video?"])
def test_what_leans_on_a_turn_that_is_not_there_asks_back(question: str) -> None:
    assert isinstance(talk(question)[-1], Needs)


def test_what_was_said_first_counts_no_more_than_what_was_said_last() -> None:
    # Both were clipped in turns of their own; the artery was spoken of last.
    assert last_of(CLIPPED, "When is the cystic artery clipped?", "What happens after the clipping?")[0] == ARTERY
    assert last_of("When is the cystic artery clipped?", CLIPPED, "What happens after the clipping?")[0] == DUCT
    # Spoken of in one turn, either may be meant.
    assert isinstance(talk("When are the cystic duct and the cystic artery clipped?", "What happens after the clipping?")[-1], Needs)


def test_the_other_video_is_asked_the_same_in_its_own_time() -> None:
    plan = talk("What happens after the duct is clipped in the first video?", "What about the other video?", videos=TWO)[-1]
    assert isinstance(plan, Plan)
    check_plan(plan, TOOLS)
    assert [written(step) for step in plan.steps] == [
        DUCT,
        "last spans=$s1.spans",
        "after span=$s2 duration_s=120.0",
        "caption_events span=$s3",
    ]
    assert {step.args["video_id"] for step in plan.steps if step.tool} == {OTHER_ID}


def test_what_is_said_of_there_stays_in_the_video_of_the_last_turn() -> None:
    plan = talk("How long is the duct clipped in the first video?", "and in case two?", "And how often is it clipped there?", videos=TWO)[
        -1
    ]
    assert isinstance(plan, Plan)
    assert [written(step) for step in plan.steps] == [DUCT, "count spans=$s1.spans"]
    assert plan.steps[0].args["video_id"] == OTHER_ID


def test_a_new_question_is_asked_of_all_videos_again() -> None:
    plan = talk("How often is the duct clipped in the first video?", "When is the artery cut?", videos=TWO)[-1]
    assert isinstance(plan, Plan)
    assert [step.args["video_id"] for step in plan.steps] == [VIDEO_ID, OTHER_ID]


def test_another_video_is_asked_the_same_where_it_is_opened_later() -> None:
    first = make_plan("How often is the duct clipped?", TWO[:1], TOOLS)
    plan = make_plan("What about the other video?", TWO[1:], TOOLS, memory=Memory().after(turn("How often is the duct clipped?", first)))
    assert isinstance(plan, Plan)
    assert [(step.name, step.args.get("video_id")) for step in plan.steps] == [("localize_action", OTHER_ID), ("count", None)]


def test_a_second_look_is_not_what_that_means() -> None:
    again = Step(
        id="again",
        tool="localize_action",
        args={"video_id": VIDEO_ID, "action": "clip the cystic duct", "span": {"start_s": 8.0, "end_s": 20.0}},
    )
    plan = make_plan(CLIPPED, [listing()], TOOLS)
    assert isinstance(plan, Plan)
    looked = Run(
        id="r", question=CLIPPED, plan=Plan(steps=(*plan.steps, again)),
        looks=(SecondLook(step="s1", place="spans[0]", verdict="confirmed", by="again"),),
    )  # fmt: skip
    made = make_plan("How long did it take?", [listing()], TOOLS, memory=Memory().after(looked))
    assert isinstance(made, Plan)
    assert [written(step) for step in made.steps] == [DUCT, "total_duration spans=$s1.spans"]


def test_a_plan_that_somebody_wrote_by_hand_is_built_on_too() -> None:
    steps = (
        Step(id="knots", tool="localize_action", args={"video_id": VIDEO_ID, "action": "tie the knot"}),
        Step(id="last_knot", op="nth", args={"spans": "$knots.spans", "n": 3}),
    )
    run = Run(id="r", question="the third knot", plan=Plan(steps=steps))
    suturing = listing(SUTURING, procedure="bench-top suturing")
    plan = make_plan("What happens after that?", [suturing], TOOLS, memory=Memory().after(run))
    assert isinstance(plan, Plan)
    assert [written(step) for step in plan.steps] == [
        "localize_action action=tie the knot",
        "nth spans=$s1.spans n=3",
        AFTER,
        "caption_events span=$s3",
    ]


def test_far_back_is_out_of_reach() -> None:
    assert isinstance(talk(CLIPPED, *["Summarise the video."] * 12, "How long did it take?")[-1], Needs)


SAID = sorted({question for questions, _ in DIALOGUES for question in questions} | {"And in the other video?", "the artery"})


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(SAID), min_size=2, max_size=5), st.booleans())
def test_whatever_is_said_in_turn_there_is_a_sound_plan_or_a_question_back(questions: list[str], two: bool) -> None:
    for made in talk(*questions, videos=TWO if two else None):
        if isinstance(made, Plan):
            check_plan(made, TOOLS)
        else:
            assert made.choices


@pytest.mark.parametrize("question", ["Will the patient survive?", "Should I convert to open?"])
def test_what_no_tool_tells_is_no_follow_up_either(question: str) -> None:
    needs = talk("Is the spleen removed?", question)[1]
    assert isinstance(needs, Needs) and needs.question.startswith("No tool here tells")
