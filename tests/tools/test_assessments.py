from __future__ import annotations

import re

import pytest

from medvid.core.errors import ParseError
from medvid.prompts import wording
from medvid.tools.assess_cvs import CRITERIA, AssessCvs
from medvid.tools.assess_skill import ASPECTS, AssessSkill
from medvid.tools.base import Args
from medvid.tools.scores import Scores
from tests.tools.clips import CASE, VIDEO_ID, clip

CVS, SKILL = AssessCvs(), AssessSkill()
SIX = "Respect for tissue: 2/5, Suture/needle handling: 1/5, Time and motion: 1/5, Flow of operation: 2/5, Overall performance: 1/5, "


def test_the_benchmarks_own_answers_are_read() -> None:
    cvs = CVS.parse("Two structures: 2, Cystic plate: 1, Hepatocystic triangle: 0", clip(), CASE).result
    assert cvs == Scores(scores=dict(zip(CRITERIA, (2, 1, 0), strict=True)))
    skill = SKILL.parse(SIX + "Quality of final product: 3/5", clip(), CASE).result
    assert skill == Scores(scores=dict(zip(ASPECTS, (2, 1, 1, 2, 1, 3), strict=True)))


@pytest.mark.parametrize(
    "text",
    [
        "two structures - 2/2\n**Cystic plate**: 1\nHepatocystic triangle is 0",
        '{"Two structures": 2, "Cystic plate": 1, "Hepatocystic triangle": 0}',
        "- Two structures: 2.0\n- Cystic plate: 1 out of 2\n- Hepatocystic triangle = 0.",
        "I score Hepatocystic triangle: 0, two_structures: 2 and cystic plate: 1",
    ],
)
def test_scores_are_read_in_the_ways_models_write_them(text: str) -> None:
    assert CVS.parse(text, clip(), CASE).result == Scores(scores=dict(zip(CRITERIA, (2, 1, 0), strict=True)))


@pytest.mark.parametrize("first", ["3", "-1", "1.5", "1-2", "1/5", "12", "two", "", "2, Two structures: 1"])
def test_a_score_off_the_scale_or_unclear_refuses_the_whole_set(first: str) -> None:
    with pytest.raises(ParseError, match="Two structures"):
        CVS.parse(f"Two structures: {first}, Cystic plate: 1, Hepatocystic triangle: 0", clip(), CASE)


@pytest.mark.parametrize("text", ["2, 1, 0", "good", "Two structures: 2", "Two structures: 2, Cystic plate: 1, Hepatocystic"])
def test_a_set_that_lacks_a_name_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        CVS.parse(text, clip(), CASE)


@pytest.mark.parametrize("last", ["", "Quality of final product: 0/5", "Quality of final product: 6/5", "Quality of final product: 3/10"])
def test_one_bad_skill_score_refuses_all_six(last: str) -> None:
    with pytest.raises(ParseError, match="Quality of final product"):
        SKILL.parse(SIX + last, clip(), CASE)


def test_spaces_around_a_slash_do_not_matter() -> None:
    text = (SIX + "Quality of final product: 3/5").replace("/", " / ")
    assert SKILL.parse(text, clip(), CASE).result == SKILL.parse(SIX + "Quality of final product: 3/5", clip(), CASE).result


def test_the_score_is_the_share_of_exact_ones() -> None:
    truth, near = (Scores(scores=dict(zip(CRITERIA, values, strict=True))) for values in ((2, 1, 0), (2, 0, 0)))
    assert CVS.score(near, truth) == pytest.approx(2 / 3)


def test_the_questions_name_every_score_and_the_scale() -> None:
    skill = SKILL.question(Args(video_id=VIDEO_ID), CASE, wording("plain"))
    assert all(name in skill for name in ASPECTS)
    assert "1 to 5" in skill
    cvs = CVS.question(Args(video_id=VIDEO_ID), CASE, wording("plain"))
    assert all(name in cvs for name in CRITERIA)
    assert "0 to 2" in cvs


def test_the_patterns_match_what_is_written() -> None:
    skill, cvs = SKILL.pattern(Args(video_id=VIDEO_ID), CASE), CVS.pattern(Args(video_id=VIDEO_ID), CASE)
    assert skill is not None
    assert cvs is not None
    assert re.fullmatch(skill, SIX + "Quality of final product: 3/5")
    assert not re.fullmatch(skill, SIX + "Quality of final product: 6/5")
    assert re.fullmatch(cvs, "Two structures: 2, Cystic plate: 1, Hepatocystic triangle: 0")
