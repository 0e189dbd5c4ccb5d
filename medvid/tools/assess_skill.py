"""Skill assessment (`skill_assessment`): six scores from 1 to 5.

Answers read `Respect for tissue: 2/5, Suture/needle handling: 1/5, ...`. Source: docs/formats.md, "The eight tasks".
"""

from __future__ import annotations

from medvid.core.case import Case
from medvid.core.clip import Clip
from medvid.core.vocabulary import stored
from medvid.prompts import Wording
from medvid.tools.base import NOT_OBSERVED, Args, Reading, Tool
from medvid.tools.scores import Scores, read_scores, score_shares
from medvid.tools.texts import is_not_observed

ASPECTS: tuple[str, ...] = tuple(stored()["JIGSAWS"]["aspects"])
LOWEST, HIGHEST = 1, 5


class AssessSkillArgs(Args):
    pass


class AssessSkill(Tool[AssessSkillArgs, Scores]):
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
    procedures = ("suturing", "knot", "needle")
    min_frames = 4
    args_type = AssessSkillArgs
    result_type = Scores

    def question(self, args: AssessSkillArgs, case: Case, wording: Wording) -> str:
        return wording.ask(self.name, case, {"names": ", ".join(ASPECTS)})

    def pattern(self, args: AssessSkillArgs, case: Case) -> str | None:
        return ", ".join(f"{name}: [{LOWEST}-{HIGHEST}]/{HIGHEST}" for name in ASPECTS)

    def max_tokens(self, args: AssessSkillArgs) -> int:
        return 128

    def parse(self, text: str, clip: Clip, case: Case) -> Reading[Scores]:
        return Reading(None if is_not_observed(text) else read_scores(text, ASPECTS, LOWEST, HIGHEST))

    def render(self, result: Scores | None) -> str:
        if result is None:
            return NOT_OBSERVED
        return ", ".join(f"{name}: {result.scores[name]}/{HIGHEST}" for name in ASPECTS)

    def score(self, predicted: Scores | None, truth: Scores | None) -> float:
        if predicted is None or truth is None:
            return float(predicted is truth)
        return score_shares(predicted.scores, truth.scores)
