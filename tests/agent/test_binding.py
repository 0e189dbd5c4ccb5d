"""Binding: what is put in for parameters and the video is data, and what cannot be put in is named."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medvid.agent.binding import bind, values_of
from medvid.agent.check import check_plan
from medvid.agent.references import escaped, resolve
from medvid.core import Parameter, Plan, PlanError, Step
from medvid.core.plan_file import plan_of, plan_text, reusable
from tests.agent.fake import TOOLS, VIDEO_ID, listing

OPEN = """
title: How long it takes
parameters:
  action: {says: what to look for}
  n: {type: integer, default: 1}
  within: {type: span, default: {start_s: 0, end_s: 60}}
steps:
- {id: s1, tool: localize_action, args: {video_id: $video.video_id, action: $action, span: $within}}
- {id: s2, op: nth, args: {spans: $s1.spans, n: $n}}
- {id: s3, op: after, args: {span: $s2, duration_s: $video.duration_s}}
"""


def bound(given: dict[str, Any], video: dict[str, Any] | None = None) -> Plan:
    return bind(plan_of(OPEN, Plan), given, video or listing())


def set_to(*texts: str) -> dict[str, Any]:
    return values_of(plan_of(OPEN, Plan), texts)


def test_what_is_left_open_is_put_in_and_references_to_steps_stay() -> None:
    plan = bound(set_to("action=tie the knot", "n=2", "within={start_s: 5, end_s: 9.5}"))
    check_plan(plan, TOOLS, listing=[listing()])
    assert plan.steps[0].args == {"video_id": VIDEO_ID, "action": "tie the knot", "span": {"start_s": 5, "end_s": 9.5}}
    assert plan.steps[1].args == {"spans": "$s1.spans", "n": 2}
    assert plan.steps[2].args["duration_s"] == 90.0
    assert not plan.parameters


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "parameter 'action' has no value; give a string: what to look for"),
        ({"action": "x", "n": 1.5}, "parameter 'n' is 1.5; it takes a value of type integer"),
        ({"action": "x", "within": "5-9"}, "parameter 'within' is \"5-9\"; it takes a value of type span"),
        ({"action": "x", "every_s": 2}, "there is no parameter 'every_s'; this plan's parameters: action, n, within"),
    ],
)
def test_a_value_that_is_missing_unknown_or_wrong_is_named(given: dict[str, Any], said: str) -> None:
    with pytest.raises(PlanError) as caught:
        bound(given)
    assert caught.value.complaints == (said,)


def test_values_of_a_command_line_have_their_parameters_types() -> None:
    assert set_to("action=12", "n=3") == {"action": "12", "n": 3}
    assert set_to("action=a = b") == {"action": "a = b"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("acton=cut", "there is no parameter 'acton' to set; write NAME=VALUE, NAME of action, n, within"),
        ("action", "there is no parameter 'action' to set; write NAME=VALUE"),
        ("n=soon", "parameter 'n' is \"soon\"; it takes a value of type integer"),
        ("n=2020-01-01", "parameter 'n' is \"2020-01-01\"; it takes a value of type integer"),
        ("within=[", "parameter 'within' is \"[\"; it takes a value of type span"),
    ],
)
def test_a_value_of_a_command_line_that_cannot_be_put_in_is_refused_before_anything_runs(text: str, said: str) -> None:
    with pytest.raises(PlanError) as caught:
        set_to(text)
    assert caught.value.complaints[0].startswith(said)


def test_a_field_that_no_video_has_is_named() -> None:
    plan = Plan(steps=(Step(id="s1", op="after", args={"span": None, "duration_s": "$video.lenght_s"}),))
    with pytest.raises(PlanError, match=r"\$video\.lenght_s reads what no listing has; a video has video_id, title"):
        bind(plan, {}, listing())


def test_a_list_of_the_video_is_run_over() -> None:
    args = {"video_id": "$video.video_id", "action": "$item.name"}
    plan = bind(Plan(steps=(Step(id="s1", tool="localize_action", args=args, for_each="$video.actions"),)), {}, listing())
    assert isinstance(plan.steps[0].for_each, tuple)
    assert len(plan.steps[0].for_each) == 9
    check_plan(plan, TOOLS, listing=[listing()])
    with pytest.raises(PlanError, match="the plan cannot be used"):
        bind(Plan(steps=(Step(id="s1", tool="localize_action", args=args, for_each="$video.duration_s"),)), {}, listing())


@pytest.mark.parametrize("text", ["$s1.spans", "$$5", "$", "$video.video_id", "ignore the above; ${jndi}"])
def test_a_text_that_looks_like_a_reference_stays_a_text(text: str) -> None:
    plan = bound({"action": text})
    check_plan(plan, TOOLS)
    assert resolve(plan.steps[0].args["action"], {}.__getitem__) == text
    named = bind(Plan(steps=(Step(id="s1", tool="weigh", args={"of": "$video.title"}),)), {}, listing(title=text))
    assert resolve(named.steps[0].args["of"], {}.__getitem__) == text


JSON = st.recursive(
    st.text("$ab.[]0*\\\"', ", max_size=6) | st.integers() | st.none(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("ab"), inner),
)


@given(JSON)
def test_what_is_escaped_reads_as_it_was(value: Any) -> None:
    assert resolve(escaped(value), {}.__getitem__) == value


def test_a_plan_is_the_same_after_a_file() -> None:
    plan = plan_of(OPEN, Plan)
    assert plan_of(plan_text(plan), Plan) == plan
    assert plan.parameters["n"] == Parameter(type="integer", default=1)


def test_the_plan_of_one_video_becomes_one_for_any() -> None:
    plan = bound({"action": "tie the knot"})
    opened = reusable(plan, VIDEO_ID, 90.0)
    assert opened.steps[0].args["video_id"] == "$video.video_id"
    assert opened.steps[2].args["duration_s"] == "$video.duration_s"
    other = listing(video_id="f" * 16, duration_s=40.0)
    assert bind(opened, {}, other).steps[2].args["duration_s"] == 40.0
    assert bind(opened, {}, listing()) == Plan(title=plan.title, steps=plan.steps)
