"""Facts: a text may hold no time, duration, count, score, box, instrument or action that its step was not asked, told or given.

`12:04`, `12 min 4 s` and 724 s are the same fact. A time may be rounded to the resolution of the frames that were looked at, further only
in words (`about 12 minutes`). Whoever writes freely (writer.py) may claim none finer either.
"""

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

from medvid.agent.words import INSTRUMENTS, STOP, base, tidy, words_of
from medvid.core import MedVidError

_N = r"\d+(?:,\d{3})*(?:\.\d+)?"
_WORDS = {"two": 2.0, "three": 3.0, "four": 4.0, "five": 5.0, "six": 6.0, "seven": 7.0, "eight": 8.0, "nine": 9.0, "twice": 2.0}
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "%": 0.01, "p": 0.01}
_SAID = re.compile(
    rf"(?P<box>\[{_N}(?:, ?{_N}){{3}}\])|\b(?:\d+:)?\d{{1,3}}:\d\d(?:\.\d+)?|\b\d+ ?min(?:utes?)?(?: and)? {_N} ?s(?:ec(?:onds?)?)?\b"
    rf"|(?:(?<![\w.])(?P<number>{_N})|\b(?P<word>{'|'.join(_WORDS)})\b)"
    r"(?:[ -]?(?P<unit>%|(?:per ?cent|s|sec|seconds?|min|minutes?|h|hours?)\b))?",
    re.IGNORECASE,
)
_JOINED = re.compile(r" ?(?:-|–|—|,|,? ?and|to|or|until) ?")
_ABOUT = re.compile(r"\b(?:about|around|roughly|nearly|almost|approximately|some|over|under)(?: (?:the|a))?\s*$|~\s*$", re.IGNORECASE)


class Said(NamedTuple):
    """A number or box of a text. kind: `time` (seconds), `number`, `box`. grain: of the last digit. about: rounded to it, as clocks are."""

    text: str
    kind: str
    values: tuple[float, ...]
    grain: float
    about: bool


@dataclass(slots=True)
class Facts:
    """What a step holds. held: by kind. words: base forms. grain_s: between two frames that were looked at, 0 where none were."""

    held: dict[str, set[tuple[float, ...]]] = field(default_factory=lambda: defaultdict(set))
    scores: dict[str, set[float]] = field(default_factory=lambda: defaultdict(set))
    words: set[str] = field(default_factory=set)
    grain_s: float = 0.0

    def add(self, value: Any, key: str = "") -> "Facts":
        """Whatever stands in a JSON value. A number is a time by its key, `..._s`; a number of its own may be one."""
        match value:
            case str():
                self.words |= words_in(value)
                for said in said_in(value):
                    self.held[said.kind].add(said.values)
            case dict():
                for name, inner in value.items():
                    if name != "raw":  # seconds and pixels as the model saw them, not as they are
                        self.add(name).add(inner, name)
                    if key == "scores":
                        self.scores[name.lower()].add(inner)
                if value.get("fps") and "frames" in value:
                    self.grain_s = max(self.grain_s, 1 / value["fps"])
            case [int() | float(), int() | float(), int() | float(), int() | float()]:
                self.held["box"].add(tuple(value))
            case list() | tuple():
                self.held["number"] |= {(len(value),)} if key in ("spans", "track", "events") else set()
                for inner in value:
                    self.add(inner, key)
            case int() | float():
                for kind in ("time",) if key.endswith("_s") else ("number",) if key else ("number", "time"):
                    self.held[kind].add((value,))
        return self

    def complaints(self, text: str, names: Iterable[str] = (), *, strict: bool = False) -> Iterator[str]:
        """What the text holds and this does not. names: of every action there is. strict: for a text that is not our template's,
        whose spelled numbers (`from one to five`) are its own, and whose times are no finer than the frames."""
        for said in said_in(text):
            if not self._holds(said) and (strict or not said.text[0].isalpha()):
                yield f"{said.text} stands in nothing that the step holds"
            elif strict and said.kind == "time" and self.grain_s and said.grain < 10 ** -math.ceil(-math.log10(self.grain_s) - 1e-9):
                yield f"{said.text} is finer than frames every {self.grain_s:.2g} s can tell"
        for name, scores in self.scores.items():
            for found in re.finditer(rf"{re.escape(name)}\W+(?:(?:is|was|at|of|scores?|scored|got)\W+)*({_N})", text.lower()):
                if float(found[1]) not in scores:
                    yield f"{found[0]} is not the score given"
        for name in (*names, *INSTRUMENTS):
            if (wanted := words_in(name)) and wanted <= words_in(text) and not wanted <= self.words:
                yield f"{name!r} stands in nothing that the step holds"

    def _holds(self, said: Said) -> bool:
        exact = said.kind == "time" and not said.about
        grain = min(said.grain, max(self.grain_s or 1.0, 0.1)) if exact else said.grain  # a tenth is what every time is written to
        known = self.held[said.kind] | (self.held["time"] if said.kind == "number" and "." in said.text else set())
        return any(all(abs(a - b) <= grain / 2 + 1e-9 for a, b in zip(said.values, held, strict=True)) for held in known)


@lru_cache(maxsize=4096)
def words_in(text: str) -> frozenset[str]:
    return frozenset(base(word) for word in words_of(tidy(text)) if word not in STOP and not word.isdigit())


def said_in(text: str) -> list[Said]:
    """The numbers of a text in order. A list or a range takes its last one's unit: `12.0-14.5 s`."""
    found: list[Said] = []
    unit, following = "", len(text)
    for match in reversed(list(_SAID.finditer(text))):
        joined = match["number"] and _JOINED.fullmatch(text[match.end() : following])
        unit, following = (match["unit"] or (unit if joined else ""))[:1].lower(), match.start()
        digits = re.findall(_N, match[0])
        values = [float(part.replace(",", "")) for part in digits] or [_WORDS[match["word"].lower()]]
        grain = 10.0 ** -max((len(part.partition(".")[2]) for part in digits), default=0)
        kind, size, about = "time" if unit in ("h", "m", "s") else "number", _UNITS.get(unit, 1.0), bool(_ABOUT.search(text[:following]))
        if match["box"]:
            kind = "box"
        elif len(values) > 1:  # 1:02:03, 12 min 4 s
            values, kind, size, about = [sum(part * 60**i for i, part in enumerate(reversed(values)))], "time", 1.0, True
        found.append(Said(match[0], kind, tuple(value * size for value in values), grain * size, about))
    return found[::-1]


def check_sentence(text: str, step: str, sources: Iterable[Any]) -> None:
    """Raises MedVidError where a sentence of ours holds what no source of its step holds: a bug of ours, not of the model's."""
    if unknown := list(Facts().add(["", *sources]).complaints(text)):
        raise MedVidError(f"the sentence {text!r} may not stand: in step {step} {'; '.join(unknown)}; please report this bug of medvid")
