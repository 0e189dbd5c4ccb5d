from __future__ import annotations

import pytest

from medvid.core.span import Span
from medvid.medvidbench.texts import Deed, event_caption, read_deed, region_text, same_deed, summary_text
from medvid.simulate import Event
from medvid.simulate.grammar import STEPS, StepForm


def event(start_s: float, action: str, instrument: str) -> Event:
    return Event(Span.of(start_s, start_s + 4), action, instrument, "")


CLIP_DUCT = event(0, "clip the cystic duct", "clipper")
CLIP_ARTERY = event(5, "clip the cystic artery", "clipper")
CUT_DUCT = event(10, "cut the cystic duct", "scissors")


def test_a_caption_says_who_does_what() -> None:
    assert event_caption(CLIP_DUCT) == "The clipper clips the cystic duct."
    assert event_caption(event(0, "drive the needle through the tissue", "needle driver")) == (
        "The needle driver drives the needle through the tissue."
    )


def test_a_summary_lists_each_step_once_in_time_order() -> None:
    again = event(20, "clip the cystic duct", "clipper")
    assert summary_text([CLIP_DUCT, CUT_DUCT, again]) == (
        "Steps seen: clip the cystic duct with the clipper, cut the cystic duct with the scissors."
    )
    assert summary_text([]) == "No step is seen."


def test_a_region_lists_the_instruments_steps_or_what_it_holds_or_that_it_is_idle() -> None:
    assert region_text("clipper", [CLIP_DUCT, CLIP_DUCT]) == "The clipper clips the cystic duct."
    assert region_text("clipper", [CLIP_DUCT, CLIP_ARTERY]) == "The clipper clips the cystic duct, then clips the cystic artery."
    assert region_text("grasper", []) == "The grasper retracts the gallbladder."
    assert region_text("forceps", []) == "The forceps holds the tissue."
    assert region_text("hook", []) == "The hook is idle."


@pytest.mark.parametrize("form", [form for forms in STEPS.values() for form in forms], ids=lambda form: form.action)
def test_every_caption_is_read_back(form: StepForm) -> None:
    assert read_deed(form.caption) == Deed(form.instrument, frozenset({form.action}))


def test_free_words_are_read_for_instrument_and_action() -> None:
    said = "A scissors is seen; it cuts the cystic artery and rests."
    assert read_deed(said) == Deed("scissors", frozenset({"cut the cystic artery"}))
    assert read_deed("Something shiny moves.") == Deed(None, frozenset())


def test_a_deed_is_right_only_with_the_right_instrument_and_all_it_does() -> None:
    truth = "The clipper clips the cystic duct, then clips the cystic artery."
    assert same_deed("the  clipper clips the cystic artery, then clips the cystic duct", truth)
    assert not same_deed("The clipper clips the cystic duct.", truth)
    assert not same_deed("The scissors clips the cystic duct, then clips the cystic artery.", truth)
    assert not same_deed("The clipper is idle.", truth)
    assert not same_deed("The hook is idle.", "The hook dissects the hepatocystic triangle.")
    assert same_deed("The grasper retracts the gallbladder.", "The grasper retracts the gallbladder.")
