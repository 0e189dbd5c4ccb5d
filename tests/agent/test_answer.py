"""The answer: each statement rests on a step, says no more than it holds, and holds no number that nothing holds."""

from __future__ import annotations

from typing import Any

import pytest

from medvid.agent.answer import compose
from medvid.agent.ledger import Ledger
from medvid.agent.sentences import check_sentence, numbers_in, numbers_of
from medvid.core.errors import MedVidError
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


def test_a_number_that_nothing_holds_is_refused() -> None:
    sources = [outcome({"spans": [SPAN]})]
    check_sentence("It is seen at 12.0-16.5 s.", "a", sources)
    for wrong in ("It is seen at 12.0-16.6 s.", "It is seen 17 times.", "At [12, 3.75] px."):
        with pytest.raises(MedVidError, match="which nothing in step a holds"):
            check_sentence(wrong, "a", sources)


def test_names_that_hold_digits_are_no_numbers() -> None:
    assert numbers_in("s1 and T50 at 3.5 s, 1,637 tests [12, 13.25].") == {"3.5", "1,637", "12", "13.25"}


def test_a_number_may_be_written_in_the_forms_of_times_boxes_and_counts_only() -> None:
    assert numbers_of(12.0) == {"12.0", "12", "12.000"}
    assert numbers_of(1637) >= {"1,637", "1637"}
    assert numbers_of({"a": [True, None, "3 of 255"]}) == {"3", "255"}
