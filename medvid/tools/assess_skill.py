"""Skill assessment (`skill_assessment`): six scores from 1 to 5.

Answers read `Respect for tissue: 2/5, Suture/needle handling: 1/5, ...`. Source: docs/formats.md, "The eight tasks".
"""

from medvid.core.vocabulary import STORED
from medvid.tools.base import Args
from medvid.tools.scores import ScoringTool

ASPECTS: tuple[str, ...] = tuple(STORED["JIGSAWS"]["aspects"])


class AssessSkill(ScoringTool[Args]):
    name = "assess_skill"
    description = (
        "Scores surgical skill in six aspects, 1 (lowest) to 5 each: respect for tissue, suture and needle handling, time and motion, flow "
        "of operation, overall performance, quality of final product. "
        "Use it on a whole bench-top suturing, knot-tying or needle-passing task; span in seconds of the video. "
        "Do not use it on other procedures, on a part of a task, or to judge a person: it is for research only. "
        'Example: {"video_id": "0123456789abcdef"}'
    )
    qa_types = ("skill_assessment",)
    long = "whole"
    tokens = 128
    procedures = ("suturing", "knot", "needle")
    min_frames = 4
    args_type = Args
    names = ASPECTS
    low, high = 1, 5
    of = "/5"
