"""Forms are found in records of invented questions: values become slots, and a form counts by what it gives back to the letter."""

from __future__ import annotations

from medvid.medvidbench.forms import Found, find_forms
from medvid.medvidbench.records import Record
from medvid.prompts.read import Slot
from tests.medvidbench.questions import OPEN, flap_stg, nursing_next, open_tal, record, region


def the_one(*records: Record) -> Found:
    (found,) = find_forms(records)
    return found


def shape(found: Found) -> str:
    """The form that is kept, its slots as <value:writing>."""
    return "".join(part if isinstance(part, str) else f"<{part.value}:{part.write}>" for part in found.forms[0].parts)


def test_an_action_and_its_list_become_slots_and_other_mentions_stay() -> None:
    """`cutting` stands in the text of every question too: only what the other records have in its place tells that apart."""
    found = the_one(*(open_tal(action) for action in OPEN))
    assert shape(found) == (
        "Role: an expert. {<procedure:capital>} surgery with cutting. Steps: [<actions:verbatim>]. Name all seconds of "
        '"<action:verbatim>", as in 1.0-2.0.'
    )
    assert (found.forms[0].tool, found.forms[0].source, found.forms[0].records, found.unplaced) == ("localize_action", "AVOS", 3, 0)


def test_numbers_keep_the_way_they_are_written_also_where_two_are_equal() -> None:
    # In the second the stride equals the start, and the third has a start that reads the same both ways.
    found = the_one(
        flap_stg("forceps", 4, 8, 40), flap_stg("knife", 4, 4, 8), flap_stg("knife", 2.5, 10.5, 20.5), flap_stg("hook", 2, 6, 9)
    )
    assert shape(found) == (
        "An endoscopist asks: every <every_s:short> seconds, where is the <object:verbatim>? Begin at <start_s:decimal> s, stop at "
        "<end_s:decimal> s. Use 4 values."
    )
    assert (found.forms[0].records, found.unplaced) == (4, 0)


def test_a_procedure_and_its_list_are_known_by_their_class_names_without_struc_info() -> None:
    # `Check` and `Check and secure the tubing` begin alike; `Use of Restraints` has one step only.
    names = ("Bed Shampoo", "Logrolling with Draw Sheet", "Subcutaneous Injection Insulin", "Use of Restraints")
    found = the_one(*map(nursing_next, names))
    assert shape(found) == "A ward. <procedure:verbatim> is under way, of these steps: <actions:lower>. What follows?"
    (slot,) = (part for part in found.forms[0].parts if isinstance(part, Slot) and part.value == "actions")
    assert slot.between == ("; ", "; ")
    assert (found.forms[0].records, found.unplaced) == (4, 0)


def test_the_time_of_a_box_is_that_of_its_frame_and_the_interval_that_of_the_clip_or_as_stated() -> None:
    # Frame 5 of a list at 0.5 frames a second is at 10 s; 40 frames last 80 s.
    found = the_one(region(5), region(8), region(9, 4.0, 30.0))
    assert shape(found) == "At <time_s:decimal> s a thing is framed. What does it do between <start_s:decimal> and <end_s:decimal> seconds?"
    assert (found.forms[0].style, found.forms[0].records) == ("gpt", 3)


def test_the_most_frequent_of_several_forms_comes_first() -> None:
    short = [record("video_summary_gemini", "CoPESD", "Tell it in short.")] * 2
    found = the_one(record("video_summary_gemini", "CoPESD", "Sum it up: {}."), *short)
    assert [(form.parts, form.records) for form in found.forms] == [(("Tell it in short.",), 2), (("Sum it up: {}.",), 1)]


def test_a_question_whose_values_are_not_stated_is_counted_and_gives_no_form() -> None:
    hidden = [record("stg", "CoPESD", f"Every 4 seconds, where is the knife, from {at} s on?") for at in (3, 9)]
    found = the_one(*hidden)
    assert (found.records, found.forms, found.unplaced) == (2, [], 2)
    absent = the_one(record("tal", "CoPESD", "When does it happen?", {"action": "lift"}))
    assert (absent.forms, absent.unplaced) == ([], 1)


def test_numbers_that_differ_where_all_else_is_alike_are_values_that_were_not_found() -> None:
    found = the_one(*(record("dense_captioning_gpt", "AVOS", f"Tell all of the {length} seconds.") for length in (80, 96, 96)))
    assert (found.forms, found.unplaced) == ([], 3)
    alone = the_one(record("dense_captioning_gpt", "AVOS", "Tell all of the 80 seconds."))
    assert (alone.forms, alone.unplaced) == ([], 1), "one question alone cannot tell"


def test_a_number_that_every_question_has_is_a_part_of_the_form() -> None:
    found = the_one(*[record("cvs_assessment", "Cholec80-CVS", "Score from 0 to 2.")] * 2)
    assert (shape(found), found.unplaced) == ("Score from 0 to 2.", 0)


def test_a_list_that_cannot_be_told_apart_is_not_left_in_the_text() -> None:
    numbered = "Steps: " + " ".join(f"{i}) {name}." for i, name in enumerate(OPEN, 1))
    found = the_one(record("next_action", "AVOS", numbered + " Next?", {"steps": list(OPEN)}))
    assert (found.forms, found.unplaced) == ([], 1)


def test_tasks_and_sources_are_kept_apart_and_an_unknown_task_is_counted() -> None:
    found = find_forms([*(open_tal(action) for action in OPEN), nursing_next("Bed Shampoo"), record("riddle", "AVOS", "Who?")])
    assert [(of.qa_type, of.source, of.records, len(of.forms), of.unplaced) for of in found] == [
        ("next_action", "NurViD", 1, 1, 0), ("riddle", "AVOS", 1, 0, 1), ("tal", "AVOS", 3, 1, 0),
    ]  # fmt: skip
