"""Skill assessment (`skill_assessment`): six scores from 1 to 5.

Answers read `Respect for tissue: 2/5, Suture/needle handling: 1/5, ...`. Source: docs/formats.md, "The eight tasks".
"""

from medvid.core.vocabulary import STORED
from medvid.tools.base import Args
from medvid.tools.scores import ScoringTool

ASPECTS: tuple[str, ...] = tuple(STORED["JIGSAWS"]["aspects"])


class AssessSkill(ScoringTool[Args]):
    name = "assess_skill"
    qa_types = ("skill_assessment",)
    long = "whole"
    tokens = 128
    procedures = ("suturing", "knot", "needle")
    min_frames = 4
    args_type = Args
    names = ASPECTS
    low, high = 1, 5
    of = "/5"
