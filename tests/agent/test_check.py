"""The check of a plan: every fault is found before anything runs, and each complaint names the step and what would be right."""

from __future__ import annotations

from typing import Any

import pytest

from medvid.agent.approval import cost_of
from medvid.agent.check import check_plan
from medvid.core.errors import PlanError
from medvid.core.plan import Parameter, Plan, Step
from tests.agent.fake import TOOLS, VIDEO_ID, listing

LOCALIZE: dict[str, Any] = {"id": "s1", "tool": "localize_action", "args": {"video_id": VIDEO_ID, "action": "clip the cystic duct"}}
FIRST: dict[str, Any] = {"id": "s2", "op": "first", "args": {"spans": "$s1.spans"}}
GROUND_ARGS: dict[str, Any] = {"video_id": VIDEO_ID, "object": "clipper", "every_s": 2, "span": "$s2"}
GROUND: dict[str, Any] = {"id": "s3", "tool": "ground_object", "args": GROUND_ARGS}
REGION_ARGS = {"video_id": VIDEO_ID, "box_px": "$s3.track[0].box_px", "time_s": "$s3.track[0].time_s", "span": "$s2"}
REGION: dict[str, Any] = {"id": "s4", "tool": "caption_region", "args": REGION_ARGS}


def plan(*steps: dict[str, Any]) -> Plan:
    return Plan(steps=tuple(Step(**step) for step in steps))


def complaints(*steps: dict[str, Any], **options: Any) -> tuple[str, ...]:
    with pytest.raises(PlanError) as caught:
        check_plan(plan(*steps), TOOLS, **options)
    return caught.value.complaints


def changed(step: dict[str, Any], **args: Any) -> dict[str, Any]:
    return {**step, "args": {**step["args"], **args}}


@pytest.mark.parametrize(
    "steps",
    [
        (LOCALIZE, FIRST, GROUND, REGION),
        (LOCALIZE, changed(GROUND, span="$item") | {"for_each": "$s1.spans"}),
        (LOCALIZE, changed(GROUND, span={"start_s": 0, "end_s": "$s1.spans[0].end_s"})),
        (LOCALIZE, {"id": "n", "op": "count", "args": {"spans": "$s1.spans"}}),
        (LOCALIZE, {"id": "s9", "op": "total_duration", "args": {"spans": ["$s1.spans[0]"]}}),
        ({"id": "w", "tool": "weigh", "args": {"of": "needle"}}, changed(LOCALIZE, action="$w.anything[3].at_all")),
    ],
)
def test_a_sound_plan_passes(steps: tuple[dict[str, Any], ...]) -> None:
    check_plan(plan(*steps), TOOLS)


def test_an_unknown_tool_is_named_with_the_nearest_known_one() -> None:
    (complaint,) = complaints({**LOCALIZE, "tool": "localise_action"})
    assert complaint.startswith("step 's1' (localise_action): there is no tool 'localise_action'; did you mean localize_action?")


def test_an_unknown_operation_is_named_with_those_there_are() -> None:
    (complaint,) = complaints(LOCALIZE, {**FIRST, "op": "median"})
    assert "there is no operation 'median'" in complaint
    assert "longest" in complaint


def test_a_plan_never_asks_the_planner() -> None:
    (complaint,) = complaints({**LOCALIZE, "tool": "ask_procedure"})
    assert "call the tools themselves" in complaint


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ({"every_s": "two"}, "argument every_s is \"two\"; 'two' is not of type 'number'"),
        ({"video_id": "case01.mp4"}, 'argument video_id is "case01.mp4"'),
        ({"span": "$s1.spans"}, "argument span: $s1.spans reads a list; an object with end_s, start_s is needed"),
        ({"span": {"start_s": 3}}, "argument span is"),
        ({"object": "$s1.spans[0].start_s"}, "argument object: $s1.spans[0].start_s reads a number; a text is needed"),
        ({"colour": "green"}, "'colour' was unexpected"),
    ],
)
def test_a_wrong_argument_is_named_with_what_stands_there(args: dict[str, Any], said: str) -> None:
    (complaint,) = complaints(LOCALIZE, FIRST, changed(GROUND, **args))
    assert complaint.startswith("step 's3' (ground_object): ")
    assert said in complaint


def test_a_missing_argument_is_named_with_those_the_tool_takes() -> None:
    (complaint,) = complaints({**LOCALIZE, "args": {"video_id": VIDEO_ID}})
    assert "argument 'action' is missing; localize_action takes video_id" in complaint


def test_a_box_is_not_a_span() -> None:
    (complaint,) = complaints(LOCALIZE, FIRST, GROUND, changed(REGION, time_s=1.0, box_px="$s2"))
    assert "argument box_px: $s2 reads an object with end_s, start_s; a list is needed" in complaint


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("$s1.span", "$s1 is an object with spans; read a field that is there"),
        ("$s1.status", "$s1 is an object with spans; read a field that is there"),
        ("$s1.spans.start_s", "$s1.spans is a list; read one element with [0], or each with [*]"),
        ("$s1.spans[0].middle_s", "$s1.spans[0] is an object with end_s, start_s; read a field that is there"),
        ("$s1.spans[0].end_s.ms", "$s1.spans[0].end_s is a number; read a field that is there"),
    ],
)
def test_a_path_that_leads_nowhere_is_told_up_to_where_it_breaks_off(text: str, where: str) -> None:
    (complaint,) = complaints(LOCALIZE, changed(FIRST, spans=text))
    assert complaint == f"step 's2' (first): {text} leads nowhere: {where}"


def test_a_reference_to_no_step_is_dangling() -> None:
    (complaint,) = complaints(LOCALIZE, changed(FIRST, spans="$s7.spans"))
    assert complaint == "step 's2' (first) reads $s7, and no step has that id; the steps are s1, s2"


def test_item_needs_a_for_each_and_a_for_each_needs_a_list() -> None:
    (complaint,) = complaints(LOCALIZE, changed(GROUND, span="$item"))
    assert "$item stands in a step without for_each" in complaint
    (complaint,) = complaints(LOCALIZE, {**changed(GROUND, span="$item"), "for_each": "$s1"})
    assert "for_each is $s1, which is an object with spans; a list is needed" in complaint


def test_steps_that_wait_for_each_other_are_a_cycle() -> None:
    (complaint,) = complaints(changed(LOCALIZE, span="$s2"), FIRST)
    assert "s1" in complaint and "s2" in complaint and "wait for each other" in complaint


def test_two_steps_of_one_name_are_refused() -> None:
    (complaint,) = complaints(LOCALIZE, LOCALIZE)
    assert "step 's1' is there 2 times" in complaint


def test_a_plan_above_the_budget_is_refused_with_both_figures() -> None:
    (complaint,) = complaints(LOCALIZE, FIRST, GROUND, REGION, budget=2)
    assert "3 tool calls; the budget is 2 calls" in complaint


def test_every_fault_is_told_at_once() -> None:
    assert len(complaints({**LOCALIZE, "args": {}}, changed(GROUND, every_s="two"), {**FIRST, "args": {}})) == 4


def test_an_empty_plan_is_refused() -> None:
    assert complaints() == ("the plan has no step; give it at least one",)


MINUTES: list[dict[str, Any]] = [{"start_s": 0.0, "end_s": 60.0}, {"start_s": 60.0, "end_s": 90.0}]
EACH: dict[str, Any] = {"id": "v", "tool": "assess_cvs", "args": {"video_id": VIDEO_ID, "span": "$item"}, "for_each": MINUTES}


def test_the_cost_counts_what_is_known_and_a_span_that_is_not_as_the_whole_video() -> None:
    # 90 s for the whole video, 90 s for the span that s2 will give, 60 + 30 s for the two minutes, 5 s for the span written out.
    short = changed(LOCALIZE, span={"start_s": 10, "end_s": 15}) | {"id": "s9"}
    cost = cost_of(plan(LOCALIZE, FIRST, GROUND, EACH, short), [listing()])
    assert (cost.calls, cost.video_min) == (5, round(275 / 60, 2))


def test_more_minutes_of_video_than_allowed_are_refused_with_both_figures() -> None:
    (complaint,) = complaints(LOCALIZE, FIRST, GROUND, listing=[listing()], minutes=2.5)
    assert complaint.startswith("the plan looks at 3.0 minutes of video in all; the budget is 2.5 minutes; ask about shorter spans")
    check_plan(plan(LOCALIZE, FIRST, GROUND), TOOLS, listing=[listing()], minutes=3)


def test_a_list_written_out_costs_a_call_for_each_element() -> None:
    (complaint,) = complaints(EACH, budget=1)
    assert "2 tool calls; the budget is 1 calls" in complaint


def test_a_reference_inside_a_list_written_out_is_followed() -> None:
    (complaint,) = complaints(LOCALIZE, {**EACH, "for_each": ["$s7"]})
    assert "reads $s7, and no step has that id" in complaint


def test_an_open_plan_is_checked_by_the_types_of_its_parameters_and_does_not_run() -> None:
    steps = (Step(**changed(LOCALIZE, video_id="$video.video_id", action="$what")), Step(**{**FIRST, "args": {"spans": "$s1.spans"}}))
    check_plan(Plan(steps=steps, parameters={"what": Parameter()}), TOOLS, bound=False)
    with pytest.raises(PlanError, match=r"argument action: \$what reads a number; a text is needed"):
        check_plan(Plan(steps=steps, parameters={"what": Parameter(type="number")}), TOOLS, bound=False)
    with pytest.raises(PlanError, match=r"reads \$video, and nothing was put in for it"):
        check_plan(Plan(steps=steps, parameters={"what": Parameter()}), TOOLS)


@pytest.mark.parametrize("name", ["item", "video", "s2"])
def test_a_name_that_means_something_else_already_is_refused(name: str) -> None:
    steps = (Step(**LOCALIZE), Step(**FIRST))
    with pytest.raises(PlanError, match=f"'{name}' names a step or a parameter"):
        check_plan(Plan(steps=steps, parameters={name: Parameter()}), TOOLS, bound=False)
