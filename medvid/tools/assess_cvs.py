"""Critical view of safety (`cvs_assessment`): three scores from 0 to 2, by Strasberg's criteria.

Answers read `Two structures: 2, Cystic plate: 1, Hepatocystic triangle: 0`. Source: docs/formats.md, "The eight tasks".
"""

from __future__ import annotations

from medvid.core.case import Case
from medvid.core.clip import Clip
from medvid.core.vocabulary import stored
from medvid.prompts import Wording
from medvid.tools.base import NOT_OBSERVED, Args, Reading, Tool
from medvid.tools.scores import Scores, read_scores, score_shares
from medvid.tools.texts import is_not_observed

CRITERIA: tuple[str, ...] = tuple(stored()["Cholec80-CVS"]["criteria"])
LOWEST, HIGHEST = 0, 2


class AssessCvsArgs(Args):
    pass


class AssessCvs(Tool[AssessCvsArgs, Scores]):
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
    procedures = ("cholecystectomy",)
    args_type = AssessCvsArgs
    result_type = Scores

    def question(self, args: AssessCvsArgs, case: Case, wording: Wording) -> str:
        return wording.ask(self.name, case, {"names": ", ".join(CRITERIA)})

    def pattern(self, args: AssessCvsArgs, case: Case) -> str | None:
        return ", ".join(f"{name}: [{LOWEST}-{HIGHEST}]" for name in CRITERIA)

    def max_tokens(self, args: AssessCvsArgs) -> int:
        return 64

    def parse(self, text: str, clip: Clip, case: Case) -> Reading[Scores]:
        return Reading(None if is_not_observed(text) else read_scores(text, CRITERIA, LOWEST, HIGHEST))

    def render(self, result: Scores | None) -> str:
        if result is None:
            return NOT_OBSERVED
        return ", ".join(f"{name}: {result.scores[name]}" for name in CRITERIA)

    def score(self, predicted: Scores | None, truth: Scores | None) -> float:
        if predicted is None or truth is None:
            return float(predicted is truth)
        return score_shares(predicted.scores, truth.scores)
