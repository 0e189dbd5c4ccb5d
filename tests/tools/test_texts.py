from __future__ import annotations

import pytest

from medvid.core.errors import ParseError
from medvid.core.span import Box, Span
from medvid.prompts import wording
from medvid.tools.caption_region import CaptionRegion, CaptionRegionArgs
from medvid.tools.summarize_video import SummarizeVideo
from medvid.tools.texts import Description, token_f1
from tests.tools.clips import CASE, VIDEO_ID, clip


@pytest.mark.parametrize("text", ["", "   \n", "...", "12.0-14.0", "1, 2, 3", "12.0-14.0, 15 to 16 seconds.", "3 s"])
def test_a_text_without_a_word_is_no_description(text: str) -> None:
    with pytest.raises(ParseError):
        SummarizeVideo().parse(text, clip(), CASE)


def test_a_text_that_does_not_stop_is_no_description() -> None:
    with pytest.raises(ParseError, match="4000"):
        SummarizeVideo().parse("clip " * 1000, clip(), CASE)


def test_a_word_beyond_all_words_is_no_description() -> None:
    with pytest.raises(ParseError, match="61 characters"):
        SummarizeVideo().parse("The " + "S" * 61, clip(), CASE)


def test_a_description_is_kept_on_one_line() -> None:
    assert SummarizeVideo().parse(" The duct\nis clipped. ", clip(), CASE).result == Description(text="The duct is clipped.")


def test_words_are_compared_as_bags_without_case() -> None:
    # 2 shared of 3 and 2 words: 2 * 2 / 5.
    assert token_f1("The duct clipped.", "the DUCT") == pytest.approx(0.8)
    assert token_f1("a", "") == 0
    assert token_f1("", "") == 1


def test_the_box_is_never_written_but_its_time_and_interval_are() -> None:
    args = CaptionRegionArgs(video_id=VIDEO_ID, span=Span.of(0, 16), box_px=Box.of(11, 22, 133, 144), time_s=3.2)
    text = CaptionRegion().question(args, CASE, wording("plain"))
    assert all(part in text for part in ("green box", "3.2 seconds", "from 0.0 to 16.0 seconds"))
    assert not any(number in text for number in ("11", "22", "133", "144"))
