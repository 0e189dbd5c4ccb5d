"""Looking again for what was not found: once, by other means, within the budget; and a plan that stops where it finds nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from medvid.agent.planning import Asked, Planned
from medvid.agent.runs import ask
from medvid.core import Plan, Run, Step
from tests.agent.fake import VIDEO_ID, Failed, FakeServer, not_observed, outcome

pytestmark = pytest.mark.anyio

SPANS = [{"start_s": 30.0, "end_s": 36.5}, {"start_s": 40.0, "end_s": 44.0}]
TRACK = [{"time_s": 30.0, "box_px": [10.0, 20.0, 60.5, 80.25]}, {"time_s": 32.0, "box_px": [12.0, 20.0, 62.0, 80.0]}]
NARROW = {"start_s": 60.0, "end_s": 80.0}


def step(step_id: str, tool: str | None = None, op: str | None = None, on_empty: Any = "skip", **args: Any) -> Step:
    return Step(id=step_id, tool=tool, op=op, args={"video_id": VIDEO_ID, **args} if tool else args, on_empty=on_empty)


async def run_of(fake: FakeServer, folder: Path, *steps: Step, question: str = "?", **options: Any) -> Run:
    async with fake.client() as client:
        return await ask(question, [VIDEO_ID], client, plan=Plan(steps=steps), checkpoints=folder / "runs.sqlite", verify=False, **options)


def texts(run: Run) -> dict[str, str]:
    return {statement.step: statement.text for statement in run.answer.statements}


LOOK_FOR = step("a", "ground_object", on_empty="widen", object="clipper", every_s=2.0, span=NARROW)
REGION = step("b", "caption_region", box_px="$a.track[0].box_px", time_s="$a.track[0].time_s", span=NARROW)


def in_the_whole_video_only(args: dict[str, Any]) -> Any:
    return outcome({"track": TRACK}) if "span" not in args else not_observed(args["span"])


async def test_a_step_that_widens_is_asked_once_without_its_span_and_read_there(tmp_path: Path) -> None:
    fake = FakeServer({"ground_object": in_the_whole_video_only, "caption_region": lambda args: outcome({"text": "The clipper clips."})})
    run = await run_of(fake, tmp_path, LOOK_FOR, REGION)
    assert [args.get("span") for args in fake.asked_of("ground_object")] == [NARROW, None]
    assert [item.id for item in run.plan.steps] == ["a", "a_wider", "b"]
    assert run.plan.step("b").args["box_px"] == "$a_wider.track[0].box_px"
    assert "span" not in fake.asked_of("caption_region")[0], "the box lies outside the stretch that was asked for"
    assert texts(run)["a"] == "The clipper was not observed; looked at 60.0-80.0 s, at 1 frames a second."
    assert texts(run)["a_wider"].startswith("The clipper is at [10, 20, 60.5, 80.25] px at 30.0 s")


async def test_it_is_not_widened_twice_nor_where_the_plan_does_not_say_so(tmp_path: Path) -> None:
    fake = FakeServer({"ground_object": lambda args: not_observed(args.get("span"))})
    await run_of(fake, tmp_path, LOOK_FOR, REGION, run_id="r1")
    assert len(fake.asked_of("ground_object")) == 2
    await run_of(fake, tmp_path, LOOK_FOR.model_copy(update={"on_empty": "skip"}), REGION, run_id="r2")
    assert len(fake.asked_of("ground_object")) == 3


async def test_a_plainly_absent_action_that_was_looked_for_in_full_costs_no_further_call(tmp_path: Path) -> None:
    fake = FakeServer({"localize_action": lambda args: not_observed()})
    run = await run_of(fake, tmp_path, step("a", "localize_action", action="pack the gallbladder"), question="Was the gallbladder packed?")
    assert len(fake.asked) == 1
    assert texts(run) == {
        "a": "No, as far as was looked at: “pack the gallbladder” was not observed; looked at 0.0-90.0 s, at 1 frames a second."
    }


async def test_a_phrase_that_is_not_listed_is_asked_by_the_listed_name_that_it_means(tmp_path: Path) -> None:
    by_name = {"clip the cystic duct": outcome({"spans": SPANS})}
    unknown = outcome(status="out_of_scope", reason="the model does not know the word 'placing'")
    fake = FakeServer({"localize_action": lambda args: by_name.get(args["action"], unknown)})
    phrase = "clip the cystic duct twice"
    run = await run_of(fake, tmp_path, step("a", "localize_action", action=phrase), step("n", op="count", spans="$a.spans"))
    assert [args["action"] for args in fake.asked_of("localize_action")] == [phrase, "clip the cystic duct"]
    assert run.values == {"n": 2}, "what reads the first look reads the new one"
    assert texts(run)["n"] == "“clip the cystic duct” is found 2 times."


async def test_an_instrument_is_asked_by_the_name_that_it_is_another_word_for(tmp_path: Path) -> None:
    fake = FakeServer({"ground_object": lambda args: not_observed() if args["object"] != "clipper" else outcome({"track": TRACK})})
    run = await run_of(fake, tmp_path, step("a", "ground_object", object="the clip applier", every_s=2.0))
    assert [args["object"] for args in fake.asked_of("ground_object")] == ["the clip applier", "clipper"]
    assert set(run.outcomes) == {"a", "a_named"}


def slowly(args: dict[str, Any], found_at: float) -> Any:
    """Sees the action from this rate on; without a rate it is looked at with a frame each 5 s."""
    fps = args.get("fps", 0.2)
    looks = [{"start_s": 0.0, "end_s": 90.0, "fps": fps, "frames": round(90 * fps)}]
    if fps >= found_at:
        return outcome({"spans": SPANS[:1]}, looks=looks)
    return outcome(status="not_observed", reason="not seen", looks=looks)


async def test_what_was_not_observed_at_a_low_rate_is_looked_at_with_twice_as_many_frames_once(tmp_path: Path) -> None:
    fake = FakeServer({"localize_action": lambda args: slowly(args, 0.4)})
    run = await run_of(fake, tmp_path, step("a", "localize_action", action="clip the cystic duct"), question="Was the duct clipped?")
    assert [args.get("fps") for args in fake.asked_of("localize_action")] == [None, 0.4]
    assert texts(run) == {
        "a": "“clip the cystic duct” was not observed; looked at 0.0-90.0 s, at 0.2 frames a second.",
        # A frame each 2.5 s tells a time to half of that, on a round grid: 2 s.
        "a_closer": "Yes: “clip the cystic duct” is seen at 30.0-36.0 s.",
    }
    assert run.limits == ()


async def test_the_one_round_is_told_where_another_would_have_had_something_to_try(tmp_path: Path) -> None:
    def by_action(args: dict[str, Any]) -> Any:
        if args["action"] == "cut the cystic duct":
            return slowly(args, 9.0)
        return outcome({"spans": SPANS}) if "span" not in args else not_observed(args["span"])

    fake = FakeServer({"localize_action": by_action})
    first = step("a", "localize_action", on_empty="widen", action="clip the cystic duct", span=NARROW)
    second = step("c", "localize_action", action="cut the cystic duct", span="$b")
    plan = Plan(steps=(first, step("b", op="first", spans="$a.spans"), second))

    async def by_rules_instead(asked: Asked) -> Planned:
        return Planned(plan, limits=("the rules planned",))

    async with fake.client() as client:
        run = await ask("?", [VIDEO_ID], client, planner=by_rules_instead, checkpoints=tmp_path / "runs.sqlite", verify=False)
    assert set(run.outcomes) == {"a", "a_wider", "c"}, "c ran in the one round, and is not looked at closer in a second"
    used_up = "the one round of looking again is used up; what is not found yet was not looked for further"
    assert run.limits == ("the rules planned", used_up)


async def test_an_answer_that_cannot_be_read_is_asked_for_at_a_higher_rate(tmp_path: Path) -> None:
    unread = outcome(status="unreadable", reason="no span in it")
    fake = FakeServer({"localize_action": lambda args: outcome({"spans": SPANS}) if args.get("fps") == 2.0 else unread})
    run = await run_of(fake, tmp_path, step("a", "localize_action", action="clip the cystic duct"))
    assert set(run.outcomes) == {"a", "a_closer"}


async def test_a_rate_that_the_tool_lowered_is_not_raised(tmp_path: Path) -> None:
    looks = [{"start_s": 0.0, "end_s": 90.0, "fps": 0.5, "frames": 45}]
    nothing = outcome(
        status="not_observed", reason="no", looks=looks, notes=["rate lowered from 1 to 0.5 frames a second, so that ... fit"]
    )
    fake = FakeServer({"assess_cvs": lambda args: nothing})
    await run_of(fake, tmp_path, step("a", "assess_cvs"))
    assert len(fake.asked) == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"budget": 2}, "the budget of 2 tool calls is used up"),
        ({"budget_s": 0.0001}, "the budget of 0.0001 s is used up"),
    ],
)
async def test_nothing_is_looked_for_again_beyond_the_budget_and_that_is_said(tmp_path: Path, options: Any, said: str) -> None:
    fake = FakeServer({"localize_action": lambda args: slowly(args, 9.0)})
    steps = [step(f"a{i}", "localize_action", action="clip the cystic duct") for i in range(2)]
    run = await run_of(fake, tmp_path, *steps, **options)
    assert len(fake.asked) == 2
    assert run.limits == (f"{said}, so what was not found was not looked for again",)
    assert f"Limit: {run.limits[0]}." in run.answer.text.splitlines()


async def test_no_step_is_begun_after_the_seconds_of_the_run(tmp_path: Path) -> None:
    fake = FakeServer({"localize_action": lambda args: outcome({"spans": SPANS}), "assess_cvs": lambda args: outcome({"scores": {"a": 1}})})
    steps = (step("a", "localize_action", action="clip the cystic duct"), step("b", op="first", spans="$a.spans"))
    run = await run_of(fake, tmp_path, *steps, step("c", "assess_cvs", span="$b"), budget_s=0.0001)
    assert fake.asked_of("assess_cvs") == []
    assert run.limits == ("the budget of 0.0001 s is used up; ask for less at once",)
    assert texts(run)["c"] == "assess_cvs failed: the budget of 0.0001 s is used up; ask for less at once."


async def test_a_plan_stops_at_a_step_that_says_so_and_finds_nothing(tmp_path: Path) -> None:
    fake = FakeServer({"localize_action": lambda args: not_observed(), "assess_cvs": lambda args: outcome({"scores": {"a": 1}})})
    gate = step("a", "localize_action", on_empty="stop", action="clip the cystic duct")
    run = await run_of(fake, tmp_path, gate, step("b", "assess_cvs"), step("n", op="count", spans="$a.spans"))
    assert fake.asked_of("assess_cvs") == [], "it does not need the step, and yet it is not run"
    assert run.values == {}
    assert texts(run)["b"] == (
        "The critical view of safety was not looked at: the plan stops where a finds nothing: “clip the cystic duct” was not observed (a)."
    )


async def test_a_plan_that_may_stop_goes_on_where_something_is_found(tmp_path: Path) -> None:
    fake = FakeServer({"localize_action": lambda args: outcome({"spans": SPANS}), "assess_cvs": lambda args: outcome({"scores": {"a": 1}})})
    run = await run_of(
        fake, tmp_path, step("a", "localize_action", on_empty="stop", action="clip the cystic duct"), step("b", "assess_cvs")
    )
    assert set(run.outcomes) == {"a", "b"}


async def test_a_plan_also_stops_where_the_step_failed(tmp_path: Path) -> None:
    def broken(args: dict[str, Any]) -> Any:
        raise Failed("no memory left")

    fake = FakeServer({"localize_action": broken, "assess_cvs": lambda args: outcome({"scores": {"a": 1}})})
    run = await run_of(
        fake, tmp_path, step("a", "localize_action", on_empty="stop", action="clip the cystic duct"), step("b", "assess_cvs")
    )
    assert texts(run)["b"].endswith("the plan stops where a finds nothing: localize_action failed (a).")


async def test_a_stop_that_reads_a_later_step_does_not_wait_for_what_waits_for_it(tmp_path: Path) -> None:
    fake = FakeServer({"localize_action": lambda args: outcome({"spans": SPANS}), "assess_cvs": lambda args: outcome({"scores": {"a": 1}})})
    stop = step("v", "assess_cvs", on_empty="stop", span="$f")
    run = await run_of(fake, tmp_path, stop, step("a", "localize_action", action="x"), step("f", op="first", spans="$a.spans"))
    assert set(run.outcomes) == {"v", "a"}
