"""When a statement counts as true, and a number as invented. The procedure is of seed 4, whose events are checked below."""

from typing import Any

import pytest

from benchmarks.agent.rates import share_text, wilson
from benchmarks.agent.told import invented, judged
from benchmarks.agent.truth import is_nothing, true_values
from medvid.core import Answer, Plan, Run, SecondLook, Span, Statement
from medvid.simulate import clip_of, make_procedure

V = "0" * 16
DISSECT, CLIP = "dissect the hepatocystic triangle", "clip the cystic duct"
TRUTH = clip_of(make_procedure(4, "cholecystectomy"), Span.of(5.5, 33.5))
EVENTS = [(DISSECT, 0.0, 1.5), (DISSECT, 4.5, 11.0), (DISSECT, 13.0, 18.5), (CLIP, 20.5, 26.5)]
EVIDENCE = {"video_id": V, "span": {"start_s": 0.0, "end_s": 28.0}, "looks": [{"start_s": 0.0, "end_s": 28.0, "fps": 1.0, "frames": 28}]}
PLAN = Plan.model_validate(
    {
        "steps": [
            {"id": "s1", "tool": "localize_action", "args": {"video_id": V, "action": CLIP}},
            {"id": "s2", "tool": "localize_action", "args": {"video_id": V, "action": DISSECT}},
            {"id": "s3", "tool": "localize_action", "args": {"video_id": V, "action": "pack the gallbladder"}},
            {"id": "s4", "op": "count", "args": {"spans": "$s2.spans"}},
            {"id": "s5", "op": "order", "args": {"a": "$s1.spans", "b": "$s2.spans"}},
            {"id": "s6", "op": "total_duration", "args": {"spans": "$s1.spans"}},
            {"id": "s7", "op": "share", "args": {"spans": "$s1.spans", "of": [{"start_s": 0, "end_s": 28.0}]}},
            {"id": "s8", "op": "first", "args": {"spans": "$s3.spans"}},
            {"id": "s9", "tool": "assess_cvs", "args": {"video_id": V, "span": "$s8"}},
            {"id": "s10", "tool": "assess_cvs", "args": {"video_id": V}},
            {"id": "s11", "tool": "predict_next", "args": {"video_id": V}},
            {"id": "s12", "tool": "caption_events", "args": {"video_id": V}},
        ]
    }
)
VALUES = true_values(PLAN, {V: TRUTH})


def verdict(step: str, text: str, status: str = "ok") -> bool | None:
    content = {"status": status, "evidence": EVIDENCE} if PLAN.step(step).tool and step != "s9" else None
    return judged(text, PLAN.step(step), PLAN, VALUES[step], content, TRUTH)


def test_what_is_true_comes_from_the_simulator() -> None:
    assert [(event.action, event.span.start_s, event.span.end_s) for event in TRUTH.events] == EVENTS, "the simulator has changed"
    assert VALUES["s1"] == {"spans": [{"start_s": 20.5, "end_s": 26.5}]}
    assert VALUES["s4"] == 3
    assert VALUES["s5"] == "b"
    assert VALUES["s7"] == pytest.approx(6 / 28)
    # CVS 0, 1, 0 until 7.75 s, then 1, 2, 0: in force when the file ends.
    assert VALUES["s10"] == {"may_be": [{"Two structures": 1, "Cystic plate": 2, "Hepatocystic triangle": 0}]}
    assert VALUES["s11"] == {"may_be": ["clip the cystic artery"]}
    assert [is_nothing(VALUES[step]) for step in ("s3", "s8", "s9", "s1")] == [True, True, True, False]


@pytest.mark.parametrize(
    ("step", "text"),
    [
        ("s1", "“clip the cystic duct” is seen at 20.5-26.5 s."),
        ("s1", "“clip the cystic duct” is seen at 21-26 s, within 0.0-28.0 s."),
        ("s1", "Yes: “clip the cystic duct” is seen at 0:20-0:26."),
        ("s2", "“dissect the hepatocystic triangle” is seen at 0.0-1.5 s, 4.5-11.0 s and 13.0-18.5 s."),
        ("s3", "“pack the gallbladder” was not observed; looked at 0.0-28.0 s, at 1 frames a second."),
        ("s3", "No: it was not observed; looked at 0.0-28.0 s."),
        ("s4", "It is found 3 times."),
        ("s4", "It is found three times."),
        ("s5", "“dissect the hepatocystic triangle” comes before “clip the cystic duct”."),
        ("s5", "“clip the cystic duct” starts later than “dissect the hepatocystic triangle”."),
        ("s6", "“clip the cystic duct” lasts 6.0 s in all."),
        ("s7", "It takes 21 % of the video."),
        ("s8", "There is no first time of “pack the gallbladder”."),
        ("s9", "The critical view of safety was not looked at: “pack the gallbladder” was not observed (s3)."),
        ("s10", "Critical view of safety: Two structures 1, Cystic plate 2, Hepatocystic triangle 0. It was not achieved in full."),
        ("s11", "After 0.0-28.0 s the model expects “clip the cystic artery” next."),
        ("s12", "Events in 0.0-28.0 s: 4.5-11.0 s dissect the hepatocystic triangle; 20.5-26.5 s clip the cystic duct."),
    ],
)
def test_a_true_statement_is_known(step: str, text: str) -> None:
    assert verdict(step, text, "not_observed" if step == "s3" else "ok") is True


@pytest.mark.parametrize(
    ("step", "text"),
    [
        ("s1", "“clip the cystic duct” is seen at 23.0-26.5 s."),
        ("s1", "“clip the cystic duct” is seen at 20.5-26.5 s and 27.0-28.0 s."),
        ("s1", "“clip the cystic duct” was not observed; looked at 0.0-28.0 s."),
        ("s2", "“dissect the hepatocystic triangle” is seen at 4.5-11.0 s."),  # and what of the others?
        ("s3", "“pack the gallbladder” is seen at 20.5-26.5 s."),
        ("s3", "Yes."),
        ("s4", "It is found 2 times."),
        ("s5", "“clip the cystic duct” comes before “dissect the hepatocystic triangle”."),
        ("s6", "“clip the cystic duct” lasts 8.0 s in all."),
        ("s7", "It takes 32 % of the video."),
        ("s8", "The first time of “pack the gallbladder”: 3.0-4.0 s."),
        ("s9", "Critical view of safety: Two structures 1, Cystic plate 2, Hepatocystic triangle 0."),
        ("s10", "Critical view of safety: Two structures 2, Cystic plate 2, Hepatocystic triangle 0. It was not achieved in full."),
        ("s10", "Critical view of safety: Two structures 1, Cystic plate 2, Hepatocystic triangle 0. It was achieved in full."),
        ("s11", "After 0.0-28.0 s the model expects “cut the cystic duct” next."),
        ("s12", "Events in 0.0-28.0 s: 4.5-11.0 s dissect the hepatocystic triangle; 20.5-26.5 s pack the gallbladder."),
        ("s12", "Events in 0.0-28.0 s: 5.5-14.0 s dissect the hepatocystic triangle."),
    ],
)
def test_a_false_statement_is_known(step: str, text: str) -> None:
    assert verdict(step, text) is False


def test_what_says_nothing_is_not_judged() -> None:
    assert verdict("s1", "Reliability of localize_action: not measured.") is None
    assert verdict("s9", "assess_cvs failed: the model is being loaded.") is None


def run(text: str, statement: str = "“clip the cystic duct” is seen at 20.5-26.5 s.") -> Run:
    outcome: Any = {"status": "ok", "result": {"spans": [{"start_s": 20.5, "end_s": 26.5}]}, "evidence": EVIDENCE}
    told = Answer(text=f"{statement} [s1]\n{text}", statements=(Statement(text=statement, step="s1", index=0),))
    return Run(id="r", question="When?", plan=Plan(steps=PLAN.steps[:1]), outcomes={"s1": [outcome]}, answer=told)


def test_a_number_that_no_outcome_holds_is_invented() -> None:
    assert invented(run("Research use only."), "When?", []) == []
    assert invented(run("", "It is seen at 0:20-0:27."), "When?", []) == [], "26.5 s may be rounded to either side"
    assert invented(run("", "It is seen at 0:20-0:29."), "When?", []) == ["0:29"]
    assert invented(run("It took 11 minutes."), "When?", []) == ["11"]
    assert invented(run("It took 11 minutes."), "Did it take 11 minutes?", []) == []
    assert invented(run("", "It is seen at 20.5-27.9 s."), "When?", []) == ["27.9"]


def test_what_a_second_look_says_rests_on_the_look_and_on_the_claim() -> None:
    said = "A second look confirms 20.5-26.5 s: it places it at 21.0-26.0 s; mean log-probability -0.246; confidence 0.98."
    first = run("").model_copy(update={"plan": Plan(steps=(PLAN.steps[0], PLAN.steps[0].model_copy(update={"id": "s1_again"})))})
    spans, raw = {"spans": [{"start_s": 21.0, "end_s": 26.0}]}, [{"text": "", "mean_logprob": -0.246}]
    looked: Any = {"status": "ok", "result": spans, "evidence": {**EVIDENCE, "raw": raw}}
    look = SecondLook(step="s1", place="spans[0]", verdict="confirmed", by="s1_again", confidence=0.98)
    told = Answer(text=f"{said} [s1_again]", statements=(Statement(text=said, step="s1_again", index=0),))
    update: dict[str, Any] = {"outcomes": {**first.outcomes, "s1_again": [looked]}, "looks": (look,), "answer": told}
    assert invented(first.model_copy(update=update), "When?", []) == []
    assert invented(first.model_copy(update={**update, "looks": ()}), "When?", []) == ["20.5", "26.5", "0.98"]


def test_shares_carry_the_interval_of_wilson() -> None:
    # By hand, 9 of 10: p = .9, z^2/n = .38415; the middle is (.9 + .19207) / 1.38415 = .78898, the half width
    # sqrt(.9 * .1 * .38415 + .38415^2 / 4) / 1.38415 = sqrt(.034573 + .036893) / 1.38415 = .26733 / 1.38415 = .19314.
    assert wilson(9, 10) == pytest.approx((0.59584, 0.98212), abs=1e-4)
    assert wilson(10, 10)[1] == pytest.approx(1.0)
    assert share_text(9, 10) == ".900 (.596-.982), 9 of 10"
    assert share_text(0, 0) == "none"
