from __future__ import annotations

from typing import Any

import pytest

from medvid.medvidbench.baselines import majority
from medvid.medvidbench.records import Result
from tests.medvidbench.metrics.results import result


def of(video: str, *args: Any, **more: Any) -> Result:
    return result(*args, **more).model_copy(update={"metadata": {"video_id": video, "fps": "1.0"}})


def answers(results: list[Result], train: list[Result] | None = None, length_s: float | None = None) -> dict[int, str]:
    told = {at: (one, length_s) for at, one in enumerate(results)}
    return {at: one.answer for at, one in majority(told, [(one, length_s) for one in train or ()]).items()}


def cvs(video: str, score: int) -> Result:
    return of(video, "cvs_assessment", f"Two structures: {score}, Cystic plate: 0", "")


def test_the_commonest_scores_are_those_of_the_other_videos() -> None:
    # Of v1's own two the commonest would be 2; the other videos say 1.
    said = answers([cvs("v1", 2), cvs("v1", 2), cvs("v2", 1), cvs("v3", 1), cvs("v4", 0)])
    assert said[0] == said[1] == "Two structures: 1, Cystic plate: 0"
    assert said[4] == "Two structures: 2, Cystic plate: 0"  # two of v1, two of v2 and v3: the first met


def test_a_source_with_one_video_takes_from_the_others_and_alone_there_is_none() -> None:
    steps = [of("v1", "next_action", "tying", "", source="AVOS"), of("v2", "next_action", "dissection", "", source="EgoSurgery")]
    assert answers(steps) == {0: "dissection", 1: "tying"}
    assert answers(steps[:1]) == {}


def test_training_records_are_chosen_from_instead() -> None:
    assert answers([cvs("v1", 2)], [cvs("v1", 1), cvs("v1", 1), cvs("v2", 0)]) == {0: "Two structures: 1, Cystic plate: 0"}


def test_the_stretch_is_the_one_that_fits_best_in_shares_of_the_clip() -> None:
    train = [of(f"t{i}", "tal", "10.0-20.0 seconds.", "") for i in range(3)] + [of("t9", "tal", "0.0-40.0 seconds.", "")]
    asked = of("v1", "tal", "1.0-2.0 seconds.", "")
    assert answers([asked], train) == {0: "10.0-20.0 seconds."}
    shares = majority({0: (asked, 80.0)}, [(one, 40.0) for one in train])
    assert shares[0].answer == "20.0-40.0 seconds."  # a quarter to a half, of a clip that is twice as long


def test_the_box_stands_at_each_of_the_truths_times() -> None:
    train = [of(f"t{i}", "stg", "1.0 seconds: [0, 0, 10, 10]", "") for i in range(2)]
    train.append(of("t9", "stg", "1.0 seconds: [50, 50, 60, 60]", ""))
    asked = of("v1", "stg", "3.0 seconds: [1, 1, 2, 2] 4.0 seconds: [1, 1, 2, 2]", "")
    assert answers([asked], train) == {0: "3.0 seconds: [0.0, 0.0, 10.0, 10.0] 4.0 seconds: [0.0, 0.0, 10.0, 10.0]"}


def test_one_event_stands_for_a_dense_caption_and_free_text_has_none() -> None:
    train = [of(f"t{i}", "dense_captioning_gpt", "2.0-8.0 seconds: cut", "") for i in range(2)]
    asked = [of("v1", "dense_captioning_gemini", "0.0-4.0 seconds: cut", ""), of("v1", "video_summary_gpt", "He cuts.", "")]
    assert answers(asked, train) == {0: "2.0-8.0 seconds: an event"}


@pytest.mark.parametrize("task", ["tal", "stg", "dense_captioning_gpt", "cvs_assessment", "skill_assessment", "next_action", "riddle"])
def test_what_has_no_truth_has_no_majority(task: str) -> None:
    assert answers([of("v1", task, "", ""), of("v2", task, "", "")]) == {}
