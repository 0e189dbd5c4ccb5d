"""A pattern and a reader are two sides of one form: what matches is read, what is written matches, and engines of any kind can use it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medvid.core.case import Case
from medvid.core.errors import ParseError
from medvid.core.frames import Frames
from medvid.core.span import Box, Span, TimedBox, Track
from medvid.engine.base import Profile, Request
from medvid.engine.profiles import EMBEDDED, KNOWN, MEDVLM_1_0A_RL
from medvid.tools import feeding
from medvid.tools.caption_events import CaptionedEvent, Events
from medvid.tools.ground_object import Grounding, times_asked
from medvid.tools.predict_next import NextAction
from medvid.tools.registry import TOOLS
from tests.tools.clips import CASE, VIDEO_ID, clip
from tests.tools.test_round_trips import RESULTS, boxes

OWN = {
    "localize_action": {"action": "irrigate"}, "ground_object": {"object": "hook", "every_s": 2.5},
    "caption_region": {"box_px": [1, 2, 3, 4], "time_s": 1},
}  # fmt: skip
PATTERNED = ("localize_action", "ground_object", "predict_next", "caption_events", "assess_skill", "assess_cvs")
UNTUNED = next(profile for _, profile in KNOWN if profile.name == "Qwen2.5-VL-7B")
LINE = re.compile(r"(?:^|\n)(\d+\.\d)-(\d+\.\d) seconds: ")


def args(name: str) -> Any:
    return TOOLS[name].args_type.model_validate({"video_id": VIDEO_ID, "span": {"start_s": 0, "end_s": 40}, **OWN.get(name, {})})


def pattern(name: str, case: Case = CASE) -> str:
    found = TOOLS[name].pattern(args(name), case)
    assert found is not None
    return found


def is_readable(name: str, text: str) -> bool:
    """Whether one of a text's items says what can be: a span or box that runs forwards, within the clip of 100 s, 320 x 240 px."""
    if name in ("localize_action", "caption_events"):
        spans = LINE.findall(text) if name == "caption_events" else re.findall(r"(\d+\.\d)-(\d+\.\d)", text)
        return any(float(start) <= float(end) <= 101 and float(start) <= 100 for start, end in spans)
    if name == "ground_object":
        found = [[float(side) for side in box.split(",")] for box in re.findall(r"\[(.*?)\]", text)]
        return any(x1 < min(x2, 320) and y1 < min(y2, 240) for x1, y1, x2, y2 in found)
    return True


@pytest.mark.parametrize("name", PATTERNED)
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_text_that_matches_is_read_unless_all_it_says_is_impossible(name: str, data: st.DataObject) -> None:
    # Shorter repetitions of the same pattern, so that texts of several items come up.
    text = data.draw(st.from_regex(pattern(name).replace("{0,400}", "{0,30}").replace("{0,31}", "{0,3}"), fullmatch=True))
    try:
        reading = TOOLS[name].parse(text, clip(), CASE)
    except ParseError as error:
        assert not is_readable(name, text), error
    else:
        assert reading.result is not None


GRID = times_asked(args("ground_object"))
WRITTEN: dict[str, st.SearchStrategy[Any]] = {
    **{name: RESULTS[name] for name in ("localize_action", "predict_next", "caption_events", "assess_skill", "assess_cvs")},
    "ground_object": st.lists(st.sampled_from(GRID), min_size=1, max_size=9, unique=True).flatmap(
        lambda times: st.tuples(*[boxes()] * len(times)).map(
            lambda made: Grounding(track=Track(tuple(TimedBox(time_s=at, box_px=box) for at, box in zip(sorted(times), made, strict=True))))
        )
    ),
}


@pytest.mark.parametrize("name", PATTERNED)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_what_is_written_matches(name: str, data: st.DataObject) -> None:
    assert re.fullmatch(pattern(name), TOOLS[name].render(data.draw(WRITTEN[name])))


@given(
    st.lists(
        st.text(min_size=1, max_size=20).filter(lambda name: not re.fullmatch(r"\W*not\s+observed\W*", name, re.I)), min_size=1, unique=True
    )
)
def test_any_listed_step_is_offered_as_it_is_and_read(names: list[str]) -> None:
    case = Case(actions=tuple(names))  # type: ignore[arg-type]
    for name in names:
        assert re.fullmatch(pattern("predict_next", case), name)
        assert TOOLS["predict_next"].parse(name, clip(), case).result == NextAction(action=name)


def test_only_the_times_asked_for_are_offered() -> None:
    # Every 2.5 s from 0 to before 40 s are 16 times.
    assert len(GRID) == 16
    at = lambda time: f"{time} seconds: [1, 2, 30.25, 4]"  # noqa: E731
    assert re.fullmatch(pattern("ground_object"), " ".join(map(at, ("2.5", "37.5"))))
    for wrong in (at("3.0"), at("40.0"), " ".join([at("2.5")] * 17), at("2.5") + " "):
        assert not re.fullmatch(pattern("ground_object"), wrong)


@pytest.mark.parametrize("name", TOOLS)
def test_a_pattern_keeps_to_what_every_engine_knows(name: str) -> None:
    """Nothing unbounded, no look-around, no reference back, no class but of ranges, no escape but of what has a meaning."""
    case = Case(actions=("carlot-triangle-dissection", "abdominal wall/cavity", "a (b) [c] {d} e+f?", "50 % | more"))  # type: ignore[arg-type]
    found = TOOLS[name].pattern(args(name), case)
    if name in ("summarize_video", "caption_region"):
        assert found is None
    else:
        assert found is not None
        bare = re.sub(r"\\[\\.^$*+?{}()|\[\]n]", "", found)
        assert "\\" not in bare and not re.search(r"[*+]|\{\d+,\}|\(\?", bare)


def asked(name: str, profile: Profile) -> Request:
    frames = Frames(np.zeros((40, 96, 128, 3), np.uint8), np.arange(40.0), 1.0)
    return feeding.make_request(TOOLS[name], args(name), CASE, frames, (128, 96), profile)


def test_a_model_that_was_trained_on_the_forms_is_held_to_none() -> None:
    for profile in (EMBEDDED, MEDVLM_1_0A_RL):
        assert all(asked(name, profile).pattern is None for name in TOOLS)


def test_only_a_model_that_was_trained_to_abstain_is_offered_an_absence() -> None:
    for name in PATTERNED:
        held, abstaining = asked(name, UNTUNED).pattern, asked(name, replace(UNTUNED, abstains=True)).pattern
        assert held is not None and not re.fullmatch(held, "Not observed.")
        assert abstaining is not None and re.fullmatch(abstaining, "Not observed.") and not re.fullmatch(abstaining, "Not observed!")


def test_an_untuned_model_is_told_the_form_in_a_system_message_beside_its_own() -> None:
    told = asked("assess_cvs", UNTUNED).system
    assert told is not None and told.startswith("You are a helpful assistant. Answer with nothing but `Two structures: N")
    assert asked("summarize_video", UNTUNED).system == "You are a helpful assistant."


def test_a_tuned_model_has_the_system_message_of_its_training_and_one_that_heeds_none_gets_none() -> None:
    assert {asked(name, MEDVLM_1_0A_RL).system for name in TOOLS} == {"You are a helpful assistant."}
    assert {asked(name, EMBEDDED).system for name in TOOLS} == {None}
    assert asked("assess_cvs", replace(UNTUNED, heeds_system=False)).system is None


@pytest.mark.parametrize("name", PATTERNED)
def test_the_form_that_is_told_is_the_one_that_is_written(name: str) -> None:
    """The words of the pattern's fixed text stand in the message."""
    told = asked(name, UNTUNED).system or ""
    fixed = {"localize_action": " seconds.", "ground_object": " seconds: [", "predict_next": "name", "caption_events": " seconds: "}
    for part in [fixed[name]] if name in fixed else re.findall(r"[A-Z][a-z/ ]+: ", pattern(name)):
        assert part in told


def test_events_of_a_constrained_model_are_read_with_their_action() -> None:
    text = "1.0-3.0 seconds: irrigate: Water flows.\n4.0-5.5 seconds: The hook rests."
    assert re.fullmatch(pattern("caption_events"), text)
    assert TOOLS["caption_events"].parse(text, clip(), CASE).result == Events(
        events=(
            CaptionedEvent(span=Span.of(1, 3), action="irrigate", caption="Water flows."),
            CaptionedEvent(span=Span.of(4, 5.5), caption="The hook rests."),
        )
    )


def test_a_box_beyond_the_frame_is_cut_and_not_refused() -> None:
    reading = TOOLS["ground_object"].parse("0.0 seconds: [300, 200, 400.5, 300]", clip(), CASE)
    assert reading.result.track.root[0].box_px == Box.of(300, 200, 320, 240)
