"""How long a call will take, by the calls before it."""

from __future__ import annotations

import math

import pytest

from medvid.tools.pace import Pace


def measured(*calls: tuple[str, int, float, float]) -> Pace:
    """A pace that has heard these calls: tool, looks, budgets, seconds. The one before them loaded the weights."""
    pace = Pace()
    pace.note("loading", 1, 1.0, 600.0)
    for call in calls:
        pace.note(*call)
    return pace


def test_before_anything_was_measured_nothing_is_known() -> None:
    assert Pace().expected_s("localize_action", 100, 100.0) is None
    assert measured().expected_s("localize_action", 100, 100.0) is None


def test_full_looks_take_as_long_as_those_before() -> None:
    # 10 s for 2 full looks are 5 s for each.
    assert measured(("localize_action", 2, 2.0, 10.0)).expected_s("localize_action", 12, 12.0) == pytest.approx(60.0)


def test_what_is_not_known_to_go_by_looks_or_by_frames_goes_half_by_each() -> None:
    # One look of a quarter of a budget took 2 s. A full one: the same look, four times the frames: between 2 s and 8 s, sqrt(4) * 2 = 4 s.
    pace = measured(("localize_action", 1, 0.25, 2.0))
    assert pace.expected_s("localize_action", 1, 1.0) == pytest.approx(4.0)
    assert pace.expected_s("localize_action", 3, 3.0) == pytest.approx(2.0 * math.sqrt(3 * 12))


def test_a_tool_goes_by_its_own_calls_and_by_the_others_until_it_has_some() -> None:
    pace = measured(("assess_cvs", 1, 1.0, 1.0), ("caption_events", 1, 1.0, 9.0))
    assert pace.expected_s("assess_cvs", 2, 2.0) == pytest.approx(2.0)
    assert pace.expected_s("caption_events", 2, 2.0) == pytest.approx(18.0)
    # The later call weighs 1, the one before it 0.8: (0.8 * 1 + 9) / 1.8 s a look.
    assert pace.expected_s("summarize_video", 1, 1.0) == pytest.approx(9.8 / 1.8)


def test_a_machine_that_became_slow_is_soon_known() -> None:
    pace = measured(*[("assess_cvs", 1, 1.0, 1.0)] * 10, *[("assess_cvs", 1, 1.0, 10.0)] * 10)
    # Ten calls fade what was before to 0.8**10 = 0.107 of it.
    assert 8.9 < pace.expected_s("assess_cvs", 1, 1.0) < 10.0  # type: ignore[operator]


def test_nothing_to_look_at_takes_no_known_time() -> None:
    assert measured(("assess_cvs", 1, 1.0, 1.0)).expected_s("assess_cvs", 0, 0.0) is None
