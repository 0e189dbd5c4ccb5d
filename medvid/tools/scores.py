"""Sets of named scores in texts, and the tools that give them: all of them, once each, within their scale; or no answer at all."""

import re
from typing import ClassVar

from pydantic import Field

from medvid.core import Case, ParseError, Value
from medvid.core.clip import Clip
from medvid.tools.base import A, Reading, Tool

_SCORE = r"(?P<score>\d+(?:\.\d+)?)(?:\s*(?:/|out\s+of)\s*(?P<of>\d+))?(?!\s*(?:[-–—/]|to\b)\s*\d)(?![\d.]*\d)"


class Scores(Value):
    """A score for each name, in the benchmark's spelling and order."""

    scores: dict[str, int] = Field(min_length=1)


def _read_score(text: str, name: str, low: int, high: int) -> int:
    """Raises ParseError where `name` has no score, two different ones, or one off the scale of `low` to `high`."""
    spelled = r"\s*".join(re.escape(part) for part in re.split(r"\s*(/)\s*", name)).replace(r"\ ", r"[\s_]+")
    matches = list(re.finditer(rf"\b{spelled}\b(?P<between>(?:[^\w,;\n]|is\b|score\b|rating\b){{0,12}}?){_SCORE}", text, re.IGNORECASE))
    if not matches:
        raise ParseError(f"{name!r} has no score that can be read; all of them are needed", text=text)
    values = {_value(match, name, low, high) for match in matches}
    if len(values) > 1:
        raise ParseError(f"{name!r} has several scores: {', '.join(map(str, sorted(values)))}", text=text)
    return values.pop()


def _value(match: re.Match[str], name: str, low: int, high: int) -> int:
    value, of = float(match["score"]), match["of"]
    negative = re.search(r"[:=]\s*[-−]$", match["between"])
    if negative or not value.is_integer() or not low <= value <= high or (of is not None and int(of) != high):
        written = match.group(0).removeprefix(name).strip(" :=*_\"'")
        raise ParseError(f"{name!r} has the score {written}, which is not on the scale of {low} to {high}", text=match.string)
    return int(value)


class ScoringTool(Tool[A, Scores]):
    """names: of its scores, each from `low` to `high`. of: what follows a score in an answer."""

    names: ClassVar[tuple[str, ...]]
    low: ClassVar[int]
    high: ClassVar[int]
    of: ClassVar[str] = ""
    result_type = Scores

    def values(self, args: A) -> dict[str, str]:
        return {"names": ", ".join(self.names)}

    def pattern(self, args: A, case: Case) -> str | None:
        return ", ".join(f"{name}: [{self.low}-{self.high}]{self.of}" for name in self.names)

    def read(self, text: str, clip: Clip, case: Case) -> Reading[Scores]:
        return Reading(Scores(scores={name: _read_score(text, name, self.low, self.high) for name in self.names}))

    def write(self, result: Scores) -> str:
        return ", ".join(f"{name}: {result.scores[name]}{self.of}" for name in self.names)

    def compare(self, predicted: Scores, truth: Scores) -> float:
        """The share of the truth's scores that are met exactly."""
        return sum(predicted.scores.get(name) == score for name, score in truth.scores.items()) / len(truth.scores)
