"""Approval: what a plan costs by the reckoning, and a run that waits for a yes, over a real MCP client."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from medvid.agent.approval import ALWAYS, Cost, Waiting, cost_of
from medvid.agent.runs import ask, resume
from medvid.core import Plan, PlanError, Step
from tests.agent.fake import VIDEO_ID, FakeServer, listing, outcome

pytestmark = pytest.mark.anyio

SPANS = [{"start_s": 30.0, "end_s": 36.5}]
REPLIES: dict[str, Any] = {
    "localize_action": lambda args: outcome({"spans": SPANS}),
    "assess_cvs": lambda args: outcome({"scores": {"Two structures": 2}}, span=args.get("span")),
}
QUESTION = "When is the cystic duct clipped?"


def looks(step_id: str, tool: str = "assess_cvs", for_each: Any = None, **args: Any) -> Step:
    return Step(id=step_id, tool=tool, args={"video_id": VIDEO_ID, **args}, for_each=for_each)


def test_calls_minutes_and_seconds_are_reckoned_from_the_plan_and_earlier_paces() -> None:
    minutes = tuple({"start_s": 60.0 * i, "end_s": 60.0 * i + 60} for i in range(2))
    plan = Plan(
        steps=(
            looks("a", "localize_action", action="clip the cystic duct"),  # the video's 90 s
            looks("b", span={"start_s": 30.0, "end_s": 36.0}),  # 6 s
            looks("c", span={"start_s": 80.0, "end_s": 200.0}),  # 10 s: the video ends at 90
            looks("d", span="$a.spans[0]"),  # not known yet: 90 s
            Step(id="e", op="count", args={"spans": "$a.spans"}),
            looks("f", for_each=minutes, span="$item"),  # 2 calls: 60 s, and 30 s up to the end of the video
            Step(id="g", tool="list_videos", args={}),
        )
    )
    cost = cost_of(plan, [listing()], {"localize_action": 0.5, "": 0.1})
    assert (cost.calls, cost.video_min, cost.least) == (6, round((90 + 6 + 10 + 90 + 60 + 30) / 60, 2), False)
    assert cost.seconds == pytest.approx(90 * 0.5 + (6 + 10 + 90 + 60 + 30) * 0.1)
    assert cost_of(plan, [listing()], {}).seconds is None
    assert "unknown" in str(cost_of(plan, [listing()], {}))


def test_a_loop_over_what_is_found_later_makes_the_number_of_calls_a_least_one() -> None:
    plan = Plan(steps=(looks("a", "localize_action", action="clip"), looks("b", for_each="$a.spans", span="$item")))
    cost = cost_of(plan, [listing()], {})
    assert cost.least
    assert str(cost).startswith("at least 2 tool calls, 3.0 minutes of video")


@pytest.mark.parametrize(
    ("bound", "waits"),
    [
        (Cost(calls=2, video_min=2, seconds=50), False),
        (Cost(calls=1, video_min=2, seconds=50), True),
        (Cost(calls=2, video_min=1, seconds=50), True),
        (Cost(calls=2, video_min=2, seconds=10), True),
        (Cost(calls=2, video_min=2, seconds=None), False),
    ],
)
def test_a_plan_waits_where_one_of_the_three_is_above_its_bound(bound: Cost, waits: bool) -> None:
    assert Cost(calls=2, video_min=1.5, seconds=12.0).above(bound) is waits
    assert not Cost(calls=0, video_min=0.0, seconds=None).above(Cost(calls=0, seconds=0.0))


async def waiting_run(fake: FakeServer, file: Path) -> Waiting:
    async with fake.client() as client:
        with pytest.raises(Waiting) as raised:
            await ask(QUESTION, [VIDEO_ID], client, run_id="r1", approve=ALWAYS, checkpoints=file, verify=False)
    return raised.value


async def test_a_plan_that_waits_has_called_nothing_and_runs_once_it_is_approved(tmp_path: Path) -> None:
    fake, file = FakeServer(REPLIES), tmp_path / "runs.sqlite"
    waiting = await waiting_run(fake, file)
    assert fake.asked == []
    assert [step.name for step in waiting.plan.steps] == ["localize_action"]
    assert "medvid resume r1" in str(waiting) and "--yes" in str(waiting)
    async with fake.client() as client:
        with pytest.raises(Waiting) as again:  # whoever goes on is asked again
            await resume("r1", client, checkpoints=file)
        assert again.value.plan == waiting.plan and fake.asked == []
        run = await resume("r1", client, approved=waiting.plan, checkpoints=file)
        assert run.outcomes["s1"][0]["result"] == {"spans": SPANS}
        assert await resume("r1", client, checkpoints=file) == run
    assert len(fake.asked) == 1


async def test_what_was_edited_is_checked_and_run_in_place_of_the_plan(tmp_path: Path) -> None:
    fake, file = FakeServer(REPLIES), tmp_path / "runs.sqlite"
    await waiting_run(fake, file)
    async with fake.client() as client:
        with pytest.raises(PlanError, match="there is no tool 'assess_cvx'; did you mean assess_cvs"):
            await resume("r1", client, approved=Plan(steps=(looks("a", "assess_cvx"),)), checkpoints=file)
        with pytest.raises(Waiting):  # a bad edit loses nothing
            await resume("r1", client, checkpoints=file)
        run = await resume("r1", client, approved=Plan(steps=(looks("a", span=SPANS[0]),)), checkpoints=file)
    assert fake.asked == [("assess_cvs", {"video_id": VIDEO_ID, "span": SPANS[0]})]
    assert list(run.outcomes) == ["a"]


async def test_what_was_edited_may_not_look_at_more_video_than_a_plan_may(tmp_path: Path) -> None:
    fake, file = FakeServer(REPLIES, videos=(listing(duration_s=9 * 3600.0),)), tmp_path / "runs.sqlite"
    await waiting_run(fake, file)
    async with fake.client() as client:
        edited = Plan(steps=tuple(looks(f"a{i}") for i in range(3)))  # 3 times 9 hours: 1620 minutes of 1440
        with pytest.raises(PlanError, match=r"looks at 1620\.0 minutes of video in all; the budget is 1440 minutes"):
            await resume("r1", client, approved=edited, checkpoints=file)
    assert fake.asked == []


async def test_a_question_that_cannot_be_placed_waits_for_nothing(tmp_path: Path) -> None:
    fake = FakeServer(REPLIES)
    async with fake.client() as client:
        run = await ask("Why is the sky blue?", [VIDEO_ID], client, approve=ALWAYS, checkpoints=tmp_path / "runs.sqlite")
    assert run.answer.needs is not None
