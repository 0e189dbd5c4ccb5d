"""The second look at what is said of times: each verdict, what it costs, when a revision is adopted, and how sure the answer is."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from medvid.agent.runs import ask
from medvid.core import Plan, Run, Step
from tests.agent.fake import NOTE, VIDEO_ID, Failed, FakeServer, not_observed, outcome

pytestmark = pytest.mark.anyio

CLAIM = {"start_s": 30.0, "end_s": 36.0}
CARD = {
    "qa_type": "tal_confidence", "metric": "confidence ECE", "figure": 0.071, "tests": 412, "source": "", "feeding": "faithful",
}  # fmt: skip


def step(step_id: str, tool: str | None = None, op: str | None = None, **args: Any) -> Step:
    return Step(id=step_id, tool=tool, op=op, args={"video_id": VIDEO_ID, **args} if tool else args)


LOCALIZE = step("a", "localize_action", action="clip the cystic duct")


def said(result: Any, probability: float | None, fps: float = 1.0, span: Any = None, **more: Any) -> Any:
    """An outcome whose text had this mean probability a token."""
    span = span or {"start_s": 0.0, "end_s": 90.0}
    looks = [{**span, "fps": fps, "frames": round((span["end_s"] - span["start_s"]) * fps)}]
    raw = [{"text": "...", "mean_logprob": None if probability is None else math.log(probability)}]
    if result is None:
        return outcome(status="not_observed", reason="not seen", span=span, looks=looks, raw=raw, **more)
    return outcome(result, span=span, looks=looks, raw=raw, **more)


def looked(first: Any, second: Any) -> FakeServer:
    """Calls with a rate are second looks."""
    return FakeServer({"localize_action": lambda args: second(args) if "fps" in args else first})


def again_at(start_s: float, end_s: float, probability: float | None) -> Any:
    return lambda args: said({"spans": [{"start_s": start_s, "end_s": end_s}]}, probability, args["fps"], args["span"])


async def run_of(fake: FakeServer, folder: Path, *steps: Step, question: str = "?", **options: Any) -> Run:
    async with fake.client() as client:
        return await ask(question, [VIDEO_ID], client, plan=Plan(steps=steps or (LOCALIZE,)), checkpoints=folder / "runs.sqlite", **options)


def texts(run: Run) -> dict[str, str]:
    return {statement.step: statement.text for statement in run.answer.statements}


async def test_a_claim_is_looked_at_again_at_twice_the_rate_over_two_seconds_around_it(tmp_path: Path) -> None:
    fake = looked(said({"spans": [CLAIM]}, 0.8), again_at(30.0, 36.0, 0.9))
    run = await run_of(fake, tmp_path)
    assert fake.asked_of("localize_action")[1] == {
        "video_id": VIDEO_ID, "action": "clip the cystic duct", "span": {"start_s": 28.0, "end_s": 38.0}, "fps": 2.0,
    }  # fmt: skip
    assert [item.id for item in run.plan.steps] == ["a", "a_again"]
    (look,) = run.looks
    # Odds of 4 and of 9: 36 in all, squared 1,296, which is above the 0.99 that no look exceeds.
    assert (look.step, look.place, look.verdict, look.by, look.confidence) == ("a", "spans[0]", "confirmed", "a_again", 0.99)
    assert texts(run) == {
        "a": "“clip the cystic duct” is seen at 30.0-36.0 s.",
        "a_again": "A second look confirms 30.0-36.0 s: a look at 2 frames a second places it at 30.0-36.0 s; "
        "confidence 0.99 (not calibrated).",
    }


async def test_a_checkpoint_with_a_card_says_how_far_its_confidence_is_off(tmp_path: Path) -> None:
    fake = looked(said({"spans": [CLAIM]}, 0.8, reliability=[CARD]), again_at(30.0, 36.0, 0.9))
    run = await run_of(fake, tmp_path)
    assert texts(run)["a_again"].endswith("; confidence 0.99 (ECE 0.07 on 412 simulated claims).")
    assert "Reliability of localize_action: confidence" not in run.answer.text


async def test_a_better_supported_revision_is_adopted_and_read_by_the_operations(tmp_path: Path) -> None:
    fake = looked(said({"spans": [CLAIM]}, 0.8), again_at(31.0, 36.5, 0.9))
    run = await run_of(fake, tmp_path, LOCALIZE, step("d", op="total_duration", spans="$a.spans"))
    assert run.outcomes["a"][0]["result"] == {"spans": [CLAIM]}, "the first outcome stays as it was"
    assert run.values == {"d": 5.5}
    assert texts(run) == {
        "a": "“clip the cystic duct” is seen at 31.0-36.5 s.",
        # ln 0.9 = -0.105, ln 0.8 = -0.223.
        "a_again": "A second look confirms 30.0-36.0 s: a look at 2 frames a second places it at 31.0-36.5 s, which is adopted: mean "
        "log-probability -0.105, against -0.223 at 1 frames a second; confidence 0.99 (not calibrated).",
        "d": "“clip the cystic duct” lasts 5.5 s in all.",
    }


async def test_a_surer_look_with_an_end_far_off_neither_confirms_nor_takes_the_claims_place(tmp_path: Path) -> None:
    """Two goes that the first look joined: 24.0-37.0 s, of which the second look finds 30.0-38.0 s. They meet by half (7 of 14 s)."""
    fake = looked(said({"spans": [{"start_s": 24.0, "end_s": 37.0}]}, 0.6), again_at(30.0, 38.0, 0.9))
    (look,) = (await run_of(fake, tmp_path)).looks
    # Odds of 0.6 / 0.4 alone, squared: 2.25, which is 2.25 / 3.25.
    assert (look.verdict, look.adopted, look.confidence) == ("unverified", None, 0.69)


@pytest.mark.parametrize("probability", [0.7, None])
async def test_a_revision_that_is_less_sure_or_not_known_to_be_surer_is_told_and_not_adopted(tmp_path: Path, probability: Any) -> None:
    fake = looked(said({"spans": [CLAIM]}, 0.8), again_at(31.0, 36.5, probability))
    run = await run_of(fake, tmp_path, LOCALIZE, step("d", op="total_duration", spans="$a.spans"))
    assert run.values == {"d": 6.0}
    assert texts(run)["a"] == "“clip the cystic duct” is seen at 30.0-36.0 s."
    assert "places it at 31.0-36.5 s" in texts(run)["a_again"] and "adopted" not in texts(run)["a_again"]
    assert run.looks[0].verdict == "confirmed"


async def test_a_look_that_is_surer_to_see_nothing_rejects_the_claim_and_no_yes_is_said(tmp_path: Path) -> None:
    fake = looked(said({"spans": [CLAIM]}, 0.8), lambda args: said(None, 0.9, args["fps"], args["span"]))
    run = await run_of(fake, tmp_path, question="Was the cystic duct clipped?")
    # Odds of 4 and of 1/9: (4/9) squared = 0.198, and 0.198 / 1.198 = 0.165.
    assert (run.looks[0].verdict, run.looks[0].confidence) == ("rejected", 0.16)
    assert texts(run) == {
        "a": "“clip the cystic duct” is seen at 30.0-36.0 s.",
        "a_again": "A second look speaks against 30.0-36.0 s: a look at 2 frames a second sees nothing of it within 28.0-38.0 s; "
        "confidence 0.16 (not calibrated).",
    }


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        (lambda args: said(None, 0.5, args["fps"], args["span"]), "a look at 2 frames a second sees nothing of it within 28.0-38.0 s"),
        (again_at(28.0, 30.5, 0.5), "a look at 2 frames a second places it at 28.0-30.5 s"),
        (lambda args: outcome(status="unreadable", reason="no span"), "the second look got no readable answer"),
        (lambda args: (_ for _ in ()).throw(Failed("no memory left")), "the second look failed"),
    ],
)
async def test_a_look_that_settles_nothing_leaves_the_claim_unverified(tmp_path: Path, second: Any, reason: str) -> None:
    run = await run_of(looked(said({"spans": [CLAIM]}, 0.8), second), tmp_path, question="Was the cystic duct clipped?")
    assert (run.looks[0].verdict, run.looks[0].reason) == ("unverified", reason)
    assert texts(run)["a"] == "Yes: “clip the cystic duct” is seen at 30.0-36.0 s."
    assert any(statement.text.startswith(f"30.0-36.0 s is unverified: {reason}") for statement in run.answer.statements)


async def test_where_the_rate_is_the_highest_already_events_are_asked_which_are_not_told_what_to_find(tmp_path: Path) -> None:
    named = {"span": {"start_s": 30.0, "end_s": 36.0}, "action": None, "caption": "The clipper clips the cystic duct."}
    replies = {
        "localize_action": lambda args: said({"spans": [CLAIM]}, 0.8, fps=2.0),
        "caption_events": lambda args: said({"events": [named]}, 0.9, 2.0, args["span"]),
    }
    fake = FakeServer(replies)
    run = await run_of(fake, tmp_path)
    assert fake.asked_of("caption_events") == [{"video_id": VIDEO_ID, "span": {"start_s": 28.0, "end_s": 38.0}}]
    assert run.looks[0].verdict == "confirmed"
    assert "caption_events, which was not told what to find, places it at 30.0-36.0 s" in texts(run)["a_again"]


async def test_a_model_that_always_answers_is_confirmed_or_left_unverified_and_never_yields_a_yes(tmp_path: Path) -> None:
    other = {"span": CLAIM, "action": "cut the cystic duct", "caption": ""}
    replies = {
        "localize_action": lambda args: said({"spans": [CLAIM]}, 0.8, notes=[NOTE]),
        "caption_events": lambda args: said({"events": [other]}, 0.9, 1.0, args["span"], notes=[NOTE]),
    }
    run = await run_of(FakeServer(replies), tmp_path, question="Was the cystic duct clipped?")
    assert run.looks[0].verdict == "unverified", "what it leaves out of its events proves nothing"
    assert texts(run)["a"].startswith("If “clip the cystic duct” happens, the model places it at 30.0-36.0 s;")
    assert "Yes" not in run.answer.text


async def test_a_run_looks_at_four_claims_again_the_first_of_each_step_first_and_names_the_rest(tmp_path: Path) -> None:
    spans = [{"start_s": 10.0 * i, "end_s": 10.0 * i + 4} for i in range(1, 5)]
    fake = looked(said({"spans": spans}, 0.8), lambda args: said({"spans": [args["span"]]}, 0.7, args["fps"], args["span"]))
    run = await run_of(fake, tmp_path, LOCALIZE, step("b", "localize_action", action="cut the cystic duct"))
    assert [look.by for look in run.looks] == ["a_again", "b_again", "a_again2", "b_again2", None, None, None, None]
    assert len(fake.asked) == 2 + 4
    left = [statement.text for statement in run.answer.statements if statement.text.startswith("Unverified")]
    assert left == [
        f"Unverified: 2 times of “{name} the cystic duct”, as at most 4 are looked at again, within the budget." for name in ("clip", "cut")
    ]


async def test_no_second_look_is_made_without_verify_nor_beyond_the_budget_which_is_said(tmp_path: Path) -> None:
    fake = looked(said({"spans": [CLAIM]}, 0.8), again_at(30.0, 36.0, 0.9))
    run = await run_of(fake, tmp_path, verify=False, run_id="r1")
    assert (len(fake.asked), run.looks) == (1, ())
    run = await run_of(fake, tmp_path, budget=1, run_id="r2")
    assert (len(fake.asked), [look.by for look in run.looks]) == (2, [None])
    assert run.limits == ("the budget of 1 tool calls is used up, so not every time was looked at again",)


async def test_a_long_claim_is_looked_at_again_where_it_begins(tmp_path: Path) -> None:
    long = {"start_s": 20.0, "end_s": 80.0}
    fake = looked(said({"spans": [long]}, 0.8), lambda args: said({"spans": [{"start_s": 20.0, "end_s": 48.0}]}, 0.9, 2.0, args["span"]))
    run = await run_of(fake, tmp_path)
    assert fake.asked_of("localize_action")[1]["span"] == {"start_s": 18.0, "end_s": 48.0}
    assert run.looks[0].verdict == "confirmed"
    assert texts(run)["a"].endswith("is seen at 20.0-80.0 s."), "a part of a claim does not revise it"


async def test_a_for_each_over_actions_is_looked_at_again_under_each_ones_name(tmp_path: Path) -> None:
    fake = looked(said({"spans": [CLAIM]}, 0.8), again_at(30.0, 36.0, 0.7))
    each = Step(id="a", tool="localize_action", args={"video_id": VIDEO_ID, "action": "$item"}, for_each=("clip it", "cut it"))
    run = await run_of(fake, tmp_path, each)
    assert [args["action"] for args in fake.asked_of("localize_action") if "fps" in args] == ["clip it", "cut it"]
    assert [(look.index, look.verdict) for look in run.looks] == [(0, "confirmed"), (1, "confirmed")]
    assert [statement.text for statement in run.answer.statements][:2] == [
        "“clip it” is seen at 30.0-36.0 s.",
        "“cut it” is seen at 30.0-36.0 s.",
    ]


async def test_what_was_not_observed_is_no_claim(tmp_path: Path) -> None:
    fake = FakeServer({"localize_action": lambda args: not_observed()})
    assert (await run_of(fake, tmp_path)).looks == ()
    assert len(fake.asked) == 1
