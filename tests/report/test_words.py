"""Results in a few words."""

from __future__ import annotations

from typing import Any

import pytest

from medvid.report.tables import LONGEST, in_words


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"start_s": 12.0, "end_s": 14.55}, "12.0-14.6 s"),
        ({"spans": [{"start_s": 1.0, "end_s": 2.0}, {"start_s": 3.0, "end_s": 4.0}]}, "1.0-2.0 s, 3.0-4.0 s"),
        ({"track": [{"time_s": 3.0, "box_px": [1, 2, 30, 40]}]}, "1 box, 3.0-3.0 s, first [1.0, 2.0, 30.0, 40.0]"),
        (
            {"track": [{"time_s": 3.0, "box_px": [1, 2, 30, 40]}, {"time_s": 5.0, "box_px": [2, 2, 30, 40]}]},
            "2 boxes, 3.0-5.0 s, first [1.0, 2.0, 30.0, 40.0]",
        ),
        ({"time_s": 3.0, "box_px": [1, 2, 30, 40]}, "[1.0, 2.0, 30.0, 40.0] at 3.0 s"),
        ({"events": [{"span": {"start_s": 0, "end_s": 2}, "action": None, "caption": "A knot is tied."}]}, "0.0-2.0 s: A knot is tied."),
        ({"events": []}, "no event"),
        ({"scores": {"Two structures": 2, "Cystic plate": 0}}, "Two structures 2, Cystic plate 0"),
        ({"text": "The hook cuts."}, "The hook cuts."),
        ({"action": "tie the knot"}, "tie the knot"),
        ([], "none"),
        (None, "none"),
        (True, "yes"),
        (3, "3"),
        (12.25, "12.2"),
        ({"other": 1}, '{"other": 1}'),
    ],
)
def test_each_kind_of_result_reads_as_words(value: Any, words: str) -> None:
    assert in_words(value) == words


def test_many_items_are_counted_and_not_listed() -> None:
    assert in_words(list(range(9))) == "0, 1, 2, 3, 4, 5, and 3 more"


def test_a_long_text_is_cut() -> None:
    assert in_words({"text": "a" * 1000}) == "a" * (LONGEST - 1) + "…"
