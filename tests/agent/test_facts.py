"""The checker of texts: a fact may be written in every honest way, and nothing that no step holds passes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medvid.agent.facts import Facts, check_sentence
from medvid.core.errors import MedVidError
from tests.agent.fake import CHOLECYSTECTOMY, outcome

SPAN = {"start_s": 724.0, "end_s": 765.5}
NAMES = [name for name, synonyms in CHOLECYSTECTOMY for name in (name, *synonyms)]


def facts(*sources: Any) -> Facts:
    """Of a localisation at 1 frame a second, unless told otherwise."""
    return Facts().add(sources or (outcome({"spans": [SPAN]}), {"action": "clip the cystic duct"}))


def complaints(text: str, *sources: Any, strict: bool = False) -> list[str]:
    return list(facts(*sources).complaints(text, NAMES, strict=strict))


@pytest.mark.parametrize(
    "text",
    [
        "at 724.0-765.5 s",
        "at 12:04",
        "from 0:12:04 on",
        "at 724 seconds",
        "at 12 min 4 s",
        "after 12 minutes and 4 seconds",
        "about 12 minutes in",
        "roughly 13 min",
        "between 724 and 765.5 s",
        "from 724 to 766 s",
        "1 span",
        "frames at 1 fps",
        "The cystic duct is clipped at 12:04.",
    ],
)
def test_a_fact_passes_in_every_honest_form(text: str) -> None:
    assert complaints(text) == []


def test_a_template_may_spell_a_scale_out_and_a_model_may_not_spell_a_count() -> None:
    assert complaints("each from one to five") == []
    assert complaints("each from one to five", strict=True) == ["five stands in nothing that the step holds"]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("at 725.2-765.5 s", "725.2"),
        ("at 12:06", "12:06"),
        ("12 minutes in", "12 minutes"),  # 4 s off without saying so
        ("at 13 min 4 s", "13 min 4 s"),
        ("about 14 minutes in", "14 minutes"),
        ("clipped 17 times", "17"),
        ("clipped three times", "three"),
        ("clipped twice", "twice"),
        ("a score of 4", "4"),
        ("in 34 % of the video", "34 %"),
        ("at [1, 2, 3, 4] px", "[1, 2, 3, 4]"),
        ("the hook is used at 12:04", "'hook'"),
        ("the cystic duct is divided at 12:04", "'cut the cystic duct'"),
        ("the gallbladder is bagged", "'pack the gallbladder'"),
    ],
)
def test_what_no_step_holds_is_named(text: str, named: str) -> None:
    said = complaints(text, strict=text.startswith("clipped t"))
    assert any(named in complaint for complaint in said), said


def test_a_time_finer_than_the_frames_is_refused_of_who_writes_freely() -> None:
    assert complaints("at 724.0 s", strict=True) == ["724.0 s is finer than frames every 1 s can tell"]
    assert complaints("at 724 s, or 12:04", strict=True) == []
    fine = outcome({"spans": [SPAN]}, looks=[{"start_s": 700.0, "end_s": 800.0, "fps": 2.0, "frames": 200}])
    assert complaints("at 765.5 s", fine, strict=True) == []
    assert complaints("at 765.50 s", fine, strict=True) == ["765.50 s is finer than frames every 0.5 s can tell"]


def test_what_the_model_wrote_in_its_own_seconds_is_no_fact() -> None:
    given = outcome({"spans": [SPAN]}, raw=[{"text": "3.0-44.5 seconds.", "mean_logprob": None}])
    assert complaints("at 44.5 s", given) == ["44.5 s stands in nothing that the step holds"]


def test_a_score_belongs_to_its_criterion() -> None:
    scored = outcome({"scores": {"Two structures": 2, "Cystic plate": 1}})
    assert complaints("Two structures scored 2, Cystic plate: 1.", scored) == []
    assert complaints("Two structures scored 1.", scored) == ["two structures scored 1 is not the score given"]


def test_a_box_is_held_as_a_whole() -> None:
    track = outcome({"track": [{"time_s": 3.0, "box_px": [10.0, 20.25, 30.0, 40.0]}]})
    assert complaints("at [10, 20.2, 30, 40] px", track) == []
    assert complaints("at [10, 20.2, 30, 41] px", track) != []


def test_a_time_is_no_count_and_a_count_no_time() -> None:
    assert complaints("724 times") != []
    assert complaints("after 1 s", outcome({"spans": [SPAN]}, looks=[]), {"n": 1}) != []


TIMES = st.integers(0, 200_000).map(lambda tenths: tenths / 10)


@given(TIMES, TIMES, st.sampled_from([0.1, 0.5, 1.0, 2.0, 10.0]))
def test_a_changed_time_is_refused_and_the_true_one_never(true_s: float, other_s: float, fps: float) -> None:
    held = Facts().add({"span": {"start_s": true_s}, "looks": [{"fps": fps, "frames": 9}]})
    minutes, seconds = divmod(round(true_s), 60)
    for text in (f"{true_s} s", f"{minutes:02d}:{seconds:02d}", f"{minutes} min {seconds} s", f"about {true_s / 60:.0f} minutes"):
        if abs(true_s * 10 % 10 - 5) > 0.01 and abs(true_s % 60 - 30) > 0.6:  # halves round either way
            assert list(held.complaints(f"It is seen at {text}.")) == []
    if abs(true_s - other_s) > max(0.5 / fps, 0.5):
        assert list(held.complaints(f"It is seen at {other_s} s.")) != []
        assert list(held.complaints(f"It is seen at {other_s:.0f} seconds.")) != [] or abs(true_s - round(other_s)) <= max(0.5 / fps, 0.5)


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_a_changed_count_is_refused(true: int, other: int) -> None:
    held = Facts().add({"count": true})
    assert list(held.complaints(f"found {true:,} times")) == []
    assert (list(held.complaints(f"found {other} times")) == []) == (true == other)


def test_our_own_sentence_with_what_nothing_holds_is_a_bug_that_is_seen() -> None:
    check_sentence("It is seen at 724.0-765.5 s.", "a", [outcome({"spans": [SPAN]})])
    with pytest.raises(MedVidError, match=r"in step a 17 stands in nothing that the step holds; please report this bug"):
        check_sentence("It is seen 17 times.", "a", [outcome({"spans": [SPAN]})])


def test_names_that_hold_digits_are_no_numbers() -> None:
    assert complaints("s1 and T50 at 724.0 s") == []
