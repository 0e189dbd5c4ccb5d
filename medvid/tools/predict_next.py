"""Next action (`next_action`): which step of a listed procedure follows the clip.

Answers are the step's name, `tying`. Source: docs/formats.md, "The eight tasks".
"""

import re

from pydantic import Field

from medvid.core import Case, ParseError, Value
from medvid.core.clip import Clip
from medvid.tools.base import Args, Reading, Tool, verbatim
from medvid.tools.texts import read_text

_LEAD = re.compile(r"^(?:(?:the\s+)?(?:next|following)\s+(?:step|action)\s*(?:is|:|=)|(?:answer|step|action)\s*:)\s*", re.IGNORECASE)
_AROUND = " \t.\"'`*[]()•-"
LONGEST_NAME = 100  # Characters; the longest class name of the benchmark's sources has 56.


class NextAction(Value):
    """The step that follows, in the spelling of the procedure's own list where it has one."""

    action: str = Field(min_length=1)


class PredictNext(Tool[Args, NextAction]):
    name = "predict_next"
    qa_types = ("next_action",)
    long = "last"
    tokens = 48
    args_type = Args
    result_type = NextAction

    def pattern(self, args: Args, case: Case) -> str | None:
        return f"({'|'.join(map(verbatim, case.action_names))})" if case.actions else None

    def read(self, text: str, clip: Clip, case: Case) -> Reading[NextAction]:
        if text in case.action_names:
            return Reading(NextAction(action=text))
        said = _LEAD.sub("", read_text(text).strip(_AROUND)).strip(_AROUND)
        if not case.actions:
            if not said or len(said) > LONGEST_NAME:
                raise ParseError(f"{said[:40]!r} is no name of a step: it has {len(said)} characters, of at most {LONGEST_NAME}", text=text)
            return Reading(NextAction(action=said))
        for action in case.actions:
            if said.casefold() in (name.strip(_AROUND).casefold() for name in (action.name, *action.synonyms)):
                return Reading(NextAction(action=action.name))
        raise ParseError(f"{said[:LONGEST_NAME]!r} is none of the {len(case.actions)} steps of the procedure's list", text=text)

    def write(self, result: NextAction) -> str:
        return result.action

    def compare(self, predicted: NextAction, truth: NextAction) -> float:
        return float(predicted.action.casefold() == truth.action.casefold())
