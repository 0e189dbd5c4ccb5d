"""Critical view of safety (`cvs_assessment`): three scores from 0 to 2, by Strasberg's criteria.

Answers read `Two structures: 2, Cystic plate: 1, Hepatocystic triangle: 0`. Source: docs/formats.md, "The eight tasks".
"""

from medvid.core.vocabulary import STORED
from medvid.tools.base import Args
from medvid.tools.scores import ScoringTool

CRITERIA: tuple[str, ...] = tuple(STORED["Cholec80-CVS"]["criteria"])


class AssessCvs(ScoringTool[Args]):
    name = "assess_cvs"
    description = (
        "Scores the critical view of safety in a laparoscopic cholecystectomy: two structures, cystic plate, hepatocystic triangle, 0 (not "
        "shown) to 2 (shown well) each. "
        "Use it on the seconds before the first clip or cut, which localize_action finds. "
        "Do not use it on other procedures, nor as clinical advice. "
        'Example: {"video_id": "0123456789abcdef", "span": {"start_s": 20.0, "end_s": 33.0}}'
    )
    qa_types = ("cvs_assessment",)
    long = "whole"
    tokens = 64
    procedures = ("cholecystectomy",)
    args_type = Args
    names = CRITERIA
    low, high = 0, 2
