from __future__ import annotations

import pytest

from medvid.core.case import Case
from medvid.core.errors import ParseError
from medvid.tools.predict_next import NextAction, PredictNext
from tests.tools.clips import CASE, clip

TOOL = PredictNext()


@pytest.mark.parametrize(
    "text",
    [
        "clip the cystic duct",
        "Clip the cystic duct.",
        '"clip the cystic duct"',
        "- clip the cystic duct\n",
        "Next step: clip the cystic duct",
        "The next step is clip the cystic duct.",
        "duct clipping",
    ],
)
def test_a_step_of_the_list_is_read_in_the_lists_spelling(text: str) -> None:
    assert TOOL.parse(text, clip(), CASE).result == NextAction(action="clip the cystic duct")


@pytest.mark.parametrize("text", ["clip the cystic artery", "clip", "clip the cystic duct or cut the cystic duct", "", "3.0-4.0 seconds."])
def test_what_is_no_step_of_the_list_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        TOOL.parse(text, clip(), CASE)


def test_without_a_list_a_short_text_is_kept() -> None:
    assert TOOL.parse("tying.", clip(), Case()).result == NextAction(action="tying")
    with pytest.raises(ParseError, match="100"):
        TOOL.parse("tie " * 30, clip(), Case())
    with pytest.raises(ParseError, match="no word"):
        TOOL.parse("2.0-5.0 seconds.", clip(), Case())


def test_only_the_right_step_scores() -> None:
    assert TOOL.score(NextAction(action="Irrigate"), NextAction(action="irrigate")) == 1
    assert TOOL.score(NextAction(action="irrigate"), NextAction(action="cut the cystic duct")) == 0


def test_the_pattern_allows_the_lists_steps_only() -> None:
    import re

    from tests.tools.clips import VIDEO_ID

    pattern = TOOL.pattern(TOOL.args_type(video_id=VIDEO_ID), CASE)  # type: ignore[arg-type]
    assert pattern is not None
    assert re.fullmatch(pattern, "irrigate")
    assert not re.fullmatch(pattern, "irrigates")
