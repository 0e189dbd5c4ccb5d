"""When a plan counts as a right one."""

from typing import Any

import pytest

from benchmarks.agent.plans import Known, beyond, is_right
from medvid.core import Plan

V = "0" * 16
VIDEOS = [{"video_id": V, "duration_s": 90.0}]


def plan(*steps: tuple[str, str, dict[str, Any]]) -> Plan:
    """(id, name, args); a name with an underscore is a tool, which looks at the video."""
    tools = ({"tool": name, "args": {"video_id": V, **args}} if "_" in name else {"op": name, "args": args} for _, name, args in steps)
    return Plan.model_validate({"steps": [{"id": step, **made} for (step, _, _), made in zip(steps, tools, strict=True)]})


def localize(step: str, action: str, **more: Any) -> tuple[str, str, dict[str, Any]]:
    return step, "localize_action", {"action": action, **more}


def cvs_before(which: str, a: str, b: str, c: str, d: str) -> Plan:
    ends = (b, which, {"spans": f"${a}.spans"}), (c, "before", {"span": f"${b}"}), (d, "assess_cvs", {"span": f"${c}"})
    return plan(localize(a, "clip"), *ends)


CVS_BEFORE = cvs_before("first", "s1", "s2", "s3", "s4")
HOOK = plan(("x", "ground_object", {"object": "hook", "every_s": "*"}))


@pytest.mark.parametrize(
    ("made", "right"),
    [
        (cvs_before("first", "a", "b", "c", "d"), CVS_BEFORE),
        (  # the first span by its place, and what lies before it by its start
            plan(localize("s1", "clip"), ("s2", "assess_cvs", {"span": {"start_s": 0, "end_s": "$s1.spans[0].start_s"}})), CVS_BEFORE,
        ),
        (plan(localize("s1", "clip", insist=False)), plan(localize("x", "clip"))),
        (plan(localize("s1", "clip", span={"start_s": 0, "end_s": 90.0})), plan(localize("x", "clip"))),
        (plan(localize("b", "cut"), localize("a", "clip")), plan(localize("a", "clip"), localize("b", "cut"))),
        (
            plan(localize("s1", "clip"), localize("s2", "cut"), ("s3", "intersect", {"a": "$s2.spans", "b": "$s1.spans"})),
            plan(localize("s1", "clip"), localize("s2", "cut"), ("s3", "intersect", {"a": "$s1.spans", "b": "$s2.spans"})),
        ),
        (plan(("s1", "ground_object", {"object": "hook", "every_s": 4.0})), HOOK),
        (plan(("s1", "ground_object", {"object": "hook"})), HOOK),
        (plan(localize("s1", "remove the spleen")), plan(localize("x", "*spleen*"))),
        (
            plan(("s1", "caption_events", {"span": {"start_s": 26, "end_s": 34}})),
            plan(("x", "caption_events", {"span": {"start_s": "<=30", "end_s": ">=30"}})),
        ),
    ],
)  # fmt: skip
def test_a_plan_is_right_whatever_its_names_and_order(made: Plan, right: Plan) -> None:
    assert is_right(made, [plan(localize("no", "other")), right], VIDEOS, Known()) == right


@pytest.mark.parametrize(
    ("made", "right"),
    [
        (plan(localize("s1", "cut")), plan(localize("x", "clip"))),
        (plan(localize("s1", "clip", span={"start_s": 0, "end_s": 80.0})), plan(localize("x", "clip"))),
        (plan(localize("s1", "clip"), ("s2", "count", {"spans": "$s1.spans"})), plan(localize("x", "clip"))),
        (plan(localize("s1", "clip")), plan(localize("x", "clip"), ("y", "count", {"spans": "$x.spans"}))),
        (plan(localize("s1", "clip"), localize("s2", "cut")), plan(localize("x", "clip"))),
        (cvs_before("last", "a", "b", "c", "d"), CVS_BEFORE),
        (  # a share's two lists may not change places
            plan(localize("s1", "clip"), localize("s2", "cut"), ("s3", "share", {"spans": "$s2.spans", "of": "$s1.spans"})),
            plan(localize("s1", "clip"), localize("s2", "cut"), ("s3", "share", {"spans": "$s1.spans", "of": "$s2.spans"})),
        ),
        (
            plan(("s1", "caption_events", {"span": {"start_s": 31, "end_s": 34}})),
            plan(("x", "caption_events", {"span": {"start_s": "<=30", "end_s": ">=30"}})),
        ),
    ],
)  # fmt: skip
def test_a_plan_that_asks_something_else_is_not(made: Plan, right: Plan) -> None:
    assert is_right(made, [right], VIDEOS, Known()) is None


CLIPPED = {"spans": [{"start_s": 20.0, "end_s": 26.0}, {"start_s": 30.0, "end_s": 34.0}]}
AFTER_CLIP = plan(
    localize("s1", "clip"), ("s2", "last", {"spans": "$s1.spans"}), ("s3", "after", {"span": "$s2", "duration_s": 90.0}),
    ("s4", "caption_events", {"span": "$s3"}),
)  # fmt: skip


def test_a_follow_up_may_read_again_or_write_down_what_an_earlier_turn_found() -> None:
    known = Known().after(plan(localize("s1", "clip")), {"s1": CLIPPED}, VIDEOS)
    written = plan(("s1", "caption_events", {"span": {"start_s": 34.0, "end_s": 90.0}}))  # after 30.0-34.0 s, the last
    assert is_right(written, [AFTER_CLIP], VIDEOS, known) is not None
    assert is_right(AFTER_CLIP, [AFTER_CLIP], VIDEOS, known) is not None
    assert is_right(written, [AFTER_CLIP], VIDEOS, Known()) is None, "no turn has found that"
    assert is_right(plan(("s1", "caption_events", {"span": {"start_s": 26.0, "end_s": 90.0}})), [AFTER_CLIP], VIDEOS, known) is None


def test_only_the_steps_that_no_right_plan_has_are_beyond_it() -> None:
    right = plan(localize("x", "clip"), ("y", "count", {"spans": "$x.spans"}))
    assert beyond(plan(localize("s1", "clip")), [right], VIDEOS, Known()) == set()
    assert beyond(plan(localize("s1", "clip"), localize("s2", "cut")), [right], VIDEOS, Known()) == {"s2"}
    assert beyond(plan(localize("s1", "clip")), [], VIDEOS, Known()) == {"s1"}, "where one has to ask back, every call is one too many"
