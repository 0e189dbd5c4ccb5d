"""What the leaderboard's readers take from an answer: the traps of docs/formats.md, one by one."""

from __future__ import annotations

from typing import Any

import pytest

from medvid.medvidbench.reading import seen
from medvid.medvidbench.records import Result

TWICE = "1.0 seconds: [1, 2, 30, 40] 1.0 seconds: [2, 2, 30, 40]"


@pytest.mark.parametrize(
    ("task", "text", "read", "faults"),
    [
        ("tal", "22.0-78.0, 89.0-94.0 seconds.", "22-78, 89-94", []),
        ("tal", "00:10-00:20", "10-0", ["a span that runs backwards overlaps nothing", "m:ss is read in pieces"]),
        ("tal", "00:10-12:20", "10-12", ["m:ss is read in pieces"]),
        ("tal", "1.0-2.0, then 5 to 6", "1-2", ["numbers belong to no span"]),
        ("tal", "near the beginning", "", ["nothing is read"]),
        ("tal", " ", "", ["the answer is empty"]),
        ("dense_captioning_gpt", "1.0-2.5 seconds: cut", "1-2.5", []),
        ("dense_captioning_gpt", "1.0 - 2.5 seconds: cut", "", [
            "nothing is read", "a line is no event: it needs `A-B seconds: TEXT`, without spaces at the dash",
        ]),
        ("dense_captioning_gemini", "0.0-4.0 seconds: a\n0.0-4.0 seconds: b", "0-4", ["equal events count once"]),
        ("dense_captioning_gemini", "0.0-4.0 seconds: a\n2.0-6.0 seconds: b", "0-2, 2-4, 4-6", ["events that overlap are cut apart"]),
        ("dense_captioning_gemini", "5.0-2.0 seconds: a", "5-2", ["an event runs backwards"]),
        ("stg", "1.0 seconds: [1, 2, 30, 40]", "1.0: [1.0, 2.0, 30.0, 40.0]", []),
        ("stg", "1.0 seconds: [1, 2, 30, 40] 2.0 seconds: [1, x]", "1.0: [1.0, 2.0, 30.0, 40.0]; 2.0: [1.0, 2.0, 30.0, 40.0]", [
            "an unreadable box repeats the one before",
        ]),
        ("stg", TWICE, "1.0: [2.0, 2.0, 30.0, 40.0]", ["a time that comes twice keeps its last box"]),
        ("stg", "1.0 seconds: [30, 2, 1, 40]", "1.0: [30.0, 2.0, 1.0, 40.0]", ["a box has no area"]),
        ("stg", "[[1, 2, 30, 40]]", "0.0: [1.0, 2.0, 30.0, 40.0]", ["no box has a time; they are taken in order"]),
        ("cvs_assessment", "Two structures: 2, Cystic plate: 1, Hepatocystic triangle: 0", None, []),
        ("cvs_assessment", "Two structures: 3, Cystic plate: 1", "Two structures: 3, Cystic plate: 1", [
            "a score is missing", "a score lies outside 0-2",
        ]),
        ("cvs_assessment", "fine", "", ["nothing is read"]),
        ("skill_assessment", "respect for tissue: 7/5", "respect for tissue: 7", [
            "a score is missing", "a score has another name", "a score lies outside 1-5",
        ]),
        ("video_summary_gpt", "They cut.", "They cut.", []),
        ("riddle", "x", "x", ["'riddle' is no task of the leaderboard"]),
    ],
)  # fmt: skip
def test_an_answer_is_read_as_the_leaderboard_reads_it(task: str, text: str, read: str | None, faults: list[str]) -> None:
    said, found = seen(Result(qa_type=task, answer=text))
    assert said == (text if read is None else read)
    assert found == faults


@pytest.mark.parametrize(
    "facts", [{"bbox_dict": {"1": [1, 2, 3, 4], "3": [1, 2, 3, 4]}}, {"start": 1, "end": 3, "stride": 2, "bbox_dict": {}}]
)
def test_times_that_the_record_asks_and_the_answer_lacks_are_told(facts: Any) -> None:
    read, faults = seen(Result(qa_type="stg", answer="1.0 seconds: [1, 2, 30, 40]", struc_info=[facts]))
    assert read == "1.0: [1.0, 2.0, 30.0, 40.0]; 3.0: [1.0, 2.0, 30.0, 40.0]"
    assert faults == ["a time that is asked has no box; the one before is repeated"]


def test_a_next_step_is_looked_up_among_the_class_names_of_its_source() -> None:
    assert seen(Result(qa_type="next_action", answer="tying", data_source="AVOS")) == ("tying", [])
    assert seen(Result(qa_type="next_action", answer="Tie it", data_source="AVOS"))[1] == ["no class name; the nearest is taken"]
    assert seen(Result(qa_type="next_action", answer="Tie it"))[1] == []
