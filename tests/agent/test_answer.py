"""The answer: each statement rests on a step, says no more than it holds, and holds no number that nothing holds."""

from __future__ import annotations

from typing import Any

import pytest

from medvid.agent.answer import Told, compose
from medvid.agent.ledger import Ledger
from medvid.core.plan import Plan, Step
from medvid.core.run import RESEARCH_USE, Answer, Needs
from tests.agent.fake import NOTE, VIDEO_ID, listing, not_observed, outcome

SPAN = {"start_s": 12.0, "end_s": 16.5}
CARD = {"qa_type": "tal", "metric": "TAG@.5", "figure": 0.202, "tests": 1637, "source": "", "feeding": "published"}


def step(step_id: str, tool: str | None = None, op: str | None = None, **args: Any) -> Step:
    return Step(id=step_id, tool=tool, op=op, args={"video_id": VIDEO_ID, **args} if tool else args)


LOCALIZE = step("a", "localize_action", action="clip the cystic duct")


def answer(*steps: Step, videos: Any = (listing(),), **contents: Any) -> Answer:
    """The answer where each step gave this content, and the operations were run on it."""
    ledger = Ledger(Plan(steps=steps))
    while calls := ledger.advance(budget=60):
        for call in calls:
            ledger.calls.setdefault(call.step, {})[str(call.index)] = {"content": contents[call.step]}
    return compose("?", ledger, videos)


def text_of(*steps: Step, **contents: Any) -> str:
    """The last statement."""
    return answer(*steps, **contents).statements[-1].text


def test_a_span_that_was_seen_is_said_to_be_seen() -> None:
    assert text_of(LOCALIZE, a=outcome({"spans": [SPAN]})) == "“clip the cystic duct” is seen at 12.0-16.5 s."


def test_a_model_that_always_answers_is_never_quoted_as_having_seen_it() -> None:
    steps = (LOCALIZE, step("b", op="count", spans="$a.spans"), step("c", "ground_object", object="clipper", every_s=2.0))
    track = {"track": [{"time_s": 12.0, "box_px": [1.5, 2, 3, 4]}]}
    made = answer(*steps, a=outcome({"spans": [SPAN]}, notes=[NOTE]), c=outcome(track, notes=[NOTE]))
    assert [statement.text for statement in made.statements] == [
        "If “clip the cystic duct” happens, the model places it at 12.0-16.5 s; that it happens is not verified, as this model always "
        "answers.",
        "“clip the cystic duct” is found 1 time, if it happens at all.",
        "If the clipper is in view, the model places it at [1.5, 2, 3, 4] px at 12.0 s; that it is in view is not verified, as this model "
        "always answers.",
    ]
    assert " is seen " not in made.text


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("not_observed", "“clip the cystic duct” was not observed; looked at 0.0-90.0 s, at 1 frames a second."),
        ("not_assessable", "“clip the cystic duct” could not be assessed: too dark, 3 of 255."),
        ("out_of_scope", "“clip the cystic duct” is out of the model's scope: too dark, 3 of 255."),
        ("unreadable", "“clip the cystic duct” got an answer that could not be read: too dark, 3 of 255."),
    ],
)
def test_whatever_is_not_ok_is_said_in_words_of_its_own(status: str, said: str) -> None:
    assert text_of(LOCALIZE, a=outcome(status=status, reason="too dark, 3 of 255.")) == said


def test_the_critical_view_names_what_falls_short() -> None:
    cvs = step("a", "assess_cvs")
    short = {"Two structures": 2, "Cystic plate": 1, "Hepatocystic triangle": 0}
    assert text_of(cvs, a=outcome({"scores": short})).endswith(
        "Two structures 2, Cystic plate 1, Hepatocystic triangle 0. "
        "It was not achieved in full; below the full score: Cystic plate and Hepatocystic triangle."
    )
    assert text_of(cvs, a=outcome({"scores": dict.fromkeys(short, 2)})).endswith("It was achieved in full.")


def test_a_long_track_shows_its_first_two_boxes_and_its_last() -> None:
    track = [{"time_s": float(t), "box_px": [t, 2, 30.25, 4]} for t in range(6)]
    assert text_of(step("a", "ground_object", object="hook", every_s=1.0), a=outcome({"track": track})) == (
        "The hook is at [0, 2, 30.25, 4] px at 0.0 s, then at [1, 2, 30.25, 4] px at 1.0 s, and last at [5, 2, 30.25, 4] px at 5.0 s "
        "(every box is in the evidence)."
    )


def test_an_operation_that_was_asked_for_is_said_and_one_that_is_a_means_is_not() -> None:
    steps = (LOCALIZE, step("b", op="first", spans="$a.spans"), step("c", op="total_duration", spans=["$b"]))
    made = answer(*steps, a=outcome({"spans": [SPAN]}))
    assert [(statement.step, statement.text) for statement in made.statements[1:]] == [
        ("c", "The first time of “clip the cystic duct” lasts 4.5 s in all.")
    ]


def test_nothing_is_counted_where_nothing_could_be_read() -> None:
    made = answer(LOCALIZE, step("b", op="count", spans="$a.spans"), a=outcome(status="unreadable", reason="no span in it"))
    assert [statement.step for statement in made.statements] == ["a"]


def test_where_nothing_lies_before_that_is_said() -> None:
    steps = (LOCALIZE, step("b", op="first", spans="$a.spans"), step("c", op="before", span="$b"), step("d", "assess_cvs", span="$c"))
    assert text_of(*steps, a=outcome({"spans": [{"start_s": 0.0, "end_s": 2.0}]})) == (
        "The critical view of safety was not looked at: nothing lies before the first time of “clip the cystic duct” (c)."
    )


def test_what_an_instrument_does_names_the_instrument() -> None:
    steps = (
        step("a", "ground_object", object="clipper", every_s=2.0),
        step("b", "caption_region", box_px="$a.track[0].box_px", time_s="$a.track[0].time_s"),
    )
    made = text_of(*steps, a=outcome({"track": [{"time_s": 1.0, "box_px": [1, 2, 3, 4]}]}), b=outcome({"text": "It clips."}, span=SPAN))
    assert made == "What the clipper does, 12.0-16.5 s: “It clips.”"


def test_of_two_videos_each_statement_names_its_own() -> None:
    other = "f" * 16
    steps = (LOCALIZE, Step(id="b", tool="localize_action", args={"video_id": other, "action": "tie the knot"}))
    videos = (listing(), listing(video_id=other, title="case two"))
    made = answer(*steps, videos=videos, a=outcome({"spans": [SPAN]}), b=not_observed())
    assert [statement.text[:13] for statement in made.statements] == ["In case one: ", "In case two: "]


def test_notes_reliability_and_research_use_stand_below_each_once() -> None:
    noted = outcome({"spans": [SPAN]}, notes=["procedure not declared"], reliability=[CARD])
    made = answer(LOCALIZE, step("b", "localize_action", action="cut the cystic duct"), a=noted, b=noted)
    assert made.text.splitlines()[2:] == [
        "Note: procedure not declared. [a, b]",
        "Reliability of localize_action: TAG@.5 0.202 on 1,637 tests (published feeding; baseline not published). [a, b]",
        RESEARCH_USE,
    ]


def test_where_the_asker_has_to_say_more_there_is_no_text() -> None:
    needs = Needs(question="Which one?", choices=("this", "that"))
    assert compose("?", Ledger(Plan(steps=())), [], needs) == Answer(needs=needs)


CUT = step("b", "localize_action", action="cut the cystic duct")
EVENTS = step("e", "caption_events")
WHOLE = {"start_s": 0.0, "end_s": 90.0}


def spans(*ends: tuple[float, float], **more: Any) -> Any:
    return outcome({"spans": [{"start_s": a, "end_s": b} for a, b in ends]}, **more)


def at_rate(fps: float) -> Any:
    return {"looks": [{**WHOLE, "fps": fps, "frames": 90}]}


CLIPPED, CUTTING = spans((12, 16.5), (30, 34)), spans((14, 20))
NOTHING = not_observed()
BOTH = {"a": "$a.spans", "b": "$b.spans"}


@pytest.mark.parametrize(
    ("op", "args", "a", "b", "said"),
    [
        ("nth", {"spans": "$a.spans", "n": 2}, CLIPPED, CUTTING, "Time 2 of CLIP: 30.0-34.0 s."),
        ("nth", {"spans": "$a.spans", "n": 3}, CLIPPED, CUTTING, "There is no time 3 of CLIP: it is found 2 times."),
        ("nth", {"spans": "$a.spans", "n": 3}, NOTHING, CUTTING, None),
        ("union", BOTH, CLIPPED, CUTTING, "CLIP or CUT is seen at 12.0-20.0 s and 30.0-34.0 s."),
        ("intersect", BOTH, CLIPPED, CUTTING, "CLIP and CUT are seen at the same time at 14.0-16.5 s."),
        ("intersect", BOTH, CLIPPED, spans((50, 60)), "CLIP and CUT are not seen at the same time."),
        ("intersect", BOTH, CLIPPED, NOTHING, None),
        ("gaps", {"spans": "$a.spans", "within": WHOLE}, CLIPPED, CUTTING,
         "No sign of CLIP at 0.0-12.0 s, 16.5-30.0 s and 34.0-90.0 s, within 0.0-90.0 s."),
        ("gaps", {"spans": "$a.spans", "within": WHOLE}, spans((0, 90)), CUTTING, "There is no time without CLIP within 0.0-90.0 s."),
        ("gaps", {"spans": "$a.spans", "within": WHOLE}, NOTHING, CUTTING, None),
        ("order", BOTH, CLIPPED, CUTTING, "CLIP comes before CUT: the first starts at 12.0 s, the other at 14.0 s."),
        ("order", {"a": "$b.spans", "b": "$a.spans"}, CLIPPED, CUTTING,
         "CLIP comes before CUT: the first starts at 12.0 s, the other at 14.0 s."),
        ("order", BOTH, CLIPPED, spans((12.5, 13)),
         "Whether CLIP or CUT comes first cannot be told: they start at 12.0 s and 12.5 s, too close for 1 frames a second."),
        ("order", BOTH, CLIPPED, NOTHING, "Whether CLIP or CUT comes first cannot be told: CUT was not observed (b)."),
        # 8.5 of 90 s; 4.5 of 8.5 s; 0.1 of 90 s.
        ("share", {"spans": "$a.spans", "of": [WHOLE]}, CLIPPED, CUTTING, "CLIP takes up 9 % of 0.0-90.0 s."),
        ("share", {"spans": "$b.spans", "of": "$a.spans"}, CLIPPED, spans((12, 16.5)), "CUT takes up 53 % of CLIP."),
        ("share", {"spans": "$a.spans", "of": [WHOLE]}, spans((1, 1.1)), CUTTING, "CLIP takes up less than 1 % of 0.0-90.0 s."),
        ("share", {"spans": "$b.spans", "of": "$a.spans"}, CLIPPED, spans((50, 60)), "CUT takes up nothing of CLIP."),
        ("total_duration", {"spans": "$a.spans"}, CLIPPED, CUTTING, "CLIP lasts 8.5 s in all."),
    ],
)  # fmt: skip
def test_each_operation_is_said_in_words_of_its_own(op: str, args: Any, a: Any, b: Any, said: str | None) -> None:
    if said is not None:
        said = said.replace("CLIP", "“clip the cystic duct”").replace("CUT", "“cut the cystic duct”")
    made = answer(LOCALIZE, CUT, step("z", op=op, **args), a=a, b=b)
    assert [statement.text for statement in made.statements if statement.step == "z"] == ([] if said is None else [said])


def test_what_lies_between_is_measured_and_named_as_such() -> None:
    steps = (step("c", op="first", spans="$a.spans"), step("d", op="first", spans="$b.spans"), step("m", op="between", a="$c", b="$d"))
    total = step("t", op="total_duration", spans=["$m"])
    assert text_of(LOCALIZE, CUT, *steps, total, a=CLIPPED, b=spans((50, 60))) == (
        "The time between the first time of “clip the cystic duct” and the first time of “cut the cystic duct” lasts 33.5 s in all."
    )
    assert text_of(LOCALIZE, CUT, *steps, total, a=CLIPPED, b=CUTTING) == (
        "Nothing lies between the first time of “clip the cystic duct” and the first time of “cut the cystic duct” (m)."
    )


def test_pauses_are_measured_as_such() -> None:
    events = outcome({"events": [{"span": SPAN, "action": "x", "caption": ""}]})
    steps = (EVENTS, step("g", op="gaps", spans="$e.events[*].span", within=WHOLE), step("t", op="total_duration", spans="$g"))
    assert text_of(*steps, e=events) == "The time without anything happening lasts 85.5 s in all."
    assert text_of(*steps[:2], e=events) == "No sign of anything happening at 0.0-12.0 s and 16.5-90.0 s, within 0.0-90.0 s."


@pytest.mark.parametrize(
    ("fps", "said"),
    [(25.0, "12.3-16.7 s"), (2.0, "12.5-16.5 s"), (1.0, "12.5-16.5 s"), (0.5, "12.0-17.0 s"), (0.1, "10.0-15.0 s")],
)
def test_times_are_never_finer_than_the_frames_looked_at_allow(fps: float, said: str) -> None:
    """Half a frame's step, on a round grid: 0.02, 0.25, 0.5, 1 and 5 s become 0.1, 0.5, 0.5, 1 and 5 s."""
    found = spans((12.3, 16.7), **at_rate(fps))
    made = answer(LOCALIZE, step("t", op="total_duration", spans="$a.spans"), a=found)
    assert made.statements[0].text == f"“clip the cystic duct” is seen at {said}."
    grid = {25.0: "4.4", 2.0: "4.5", 1.0: "4.5", 0.5: "4.0", 0.1: "5.0"}[fps]
    assert made.statements[1].text == f"“clip the cystic duct” lasts {grid} s in all."


def told(question: str, *steps: Step, **contents: Any) -> list[str]:
    ledger = Ledger(Plan(steps=steps))
    while calls := ledger.advance(budget=60):
        for call in calls:
            ledger.calls.setdefault(call.step, {})[str(call.index)] = {"content": contents[call.step]}
    return [statement.text for statement in compose(question, ledger, [listing()]).statements]


@pytest.mark.parametrize("question", ["Was the cystic duct clipped?", "please, did they clip the cystic duct", "And is it clipped?"])
def test_a_closed_question_is_answered_yes_or_no(question: str) -> None:
    assert told(question, LOCALIZE, a=CLIPPED)[0].startswith("Yes: “clip the cystic duct” is seen at ")
    assert told(question, LOCALIZE, a=NOTHING)[0].startswith("No, as far as was looked at: “clip the cystic duct” was not observed;")
    assert told(question, LOCALIZE, a=outcome(status="unreadable", reason="no span"))[0].startswith("“clip the cystic duct” got an answer")
    assert told(question, LOCALIZE, a=spans((1, 2), notes=[NOTE]))[0].startswith("If “clip the cystic duct” happens, ")


@pytest.mark.parametrize("question", ["When was the cystic duct clipped?", "Do you see when it is clipped?", "How often was it clipped?"])
def test_an_open_question_is_not(question: str) -> None:
    assert told(question, LOCALIZE, a=CLIPPED)[0].startswith("“clip the cystic duct” is seen at ")


def test_of_two_videos_a_value_names_its_own_and_what_rests_on_both_names_both() -> None:
    other = Step(id="b", tool="localize_action", args={"video_id": "f" * 16, "action": "clip the cystic duct"})
    videos = (listing(), listing(video_id="f" * 16, title="case two"))
    counts = (step("m", op="count", spans="$a.spans"), step("n", op="count", spans="$b.spans"))
    both = step("o", op="order", a="$a.spans", b="$b.spans")
    made = answer(LOCALIZE, other, *counts, both, videos=videos, a=CLIPPED, b=CUTTING)
    assert [statement.text for statement in made.statements[2:]] == [
        "In case one: “clip the cystic duct” is found 2 times.",
        "In case two: “clip the cystic duct” is found 1 time.",
        "“clip the cystic duct” in case one comes before “clip the cystic duct” in case two: the first starts at 12.0 s, "
        "the other at 14.0 s.",
    ]
    absent = answer(LOCALIZE, other, both, videos=videos, a=CLIPPED, b=NOTHING)
    assert absent.statements[-1].text == (
        "Whether “clip the cystic duct” in case one or “clip the cystic duct” in case two comes first cannot be told: "
        "“clip the cystic duct” was not observed (b)."
    )


def test_a_step_for_each_action_names_the_one_it_looked_for() -> None:
    each = Step(id="a", tool="localize_action", args={"video_id": VIDEO_ID, "action": "$item"}, for_each=("clip it", "cut it"))
    assert told("?", each, a=CLIPPED)[1] == "“cut it” is seen at 12.0-16.5 s and 30.0-34.0 s."
    assert told("?", each, step("n", op="count", spans="$a[*].spans"), a=CLIPPED)[-1] == "“clip it” or “cut it” is found 4 times."


def test_what_a_run_tells_beside_its_outcomes_is_said() -> None:
    ledger = Ledger(Plan(steps=(LOCALIZE,)), calls={"a": {"0": {"content": CLIPPED}}}, counts={"a": 1})
    made = compose("?", ledger, [listing()], told=Told(reused={"a": "r1"}, limits=["a bound"], unused=("robot", "left")))
    assert made.unused == ("robot", "left")
    assert made.text.splitlines()[:3] == [
        "From an earlier turn: “clip the cystic duct” is seen at 12.0-16.5 s and 30.0-34.0 s. [a]",
        "Limit: a bound.",
        "Not used of the question: robot, left.",
    ]
    assert made.text.count(RESEARCH_USE) == 1
