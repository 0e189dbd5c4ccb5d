"""Critical view of safety (`cvs_assessment`): three scores from 0 to 2, by Strasberg's criteria.

Answers read `Two structures: 2, Cystic plate: 1, Hepatocystic triangle: 0`. Source: docs/formats.md, "The eight tasks".
"""

from medvid.core.vocabulary import STORED
from medvid.tools.base import Args
from medvid.tools.scores import ScoringTool

CRITERIA: tuple[str, ...] = tuple(STORED["Cholec80-CVS"]["criteria"])


class AssessCvs(ScoringTool[Args]):
    name = "assess_cvs"
    qa_types = ("cvs_assessment",)
    long = "whole"
    tokens = 64
    procedures = ("cholecystectomy",)
    args_type = Args
    names = CRITERIA
    low, high = 0, 2
