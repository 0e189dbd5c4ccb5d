"""Facts: a text may hold no time, duration, count, score, box, instrument or action that its step was not asked, told or given.

`12:04`, `12 min 4 s` and 724 s are the same fact. A time may be rounded to the resolution of the frames that were looked at, further only
in words (`about 12 minutes`). Whoever writes freely (writer.py) may claim none finer either.
"""

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from medvid.agent.words import INSTRUMENTS, STOP, base, tidy, words_of
from medvid.core import MedVidError

_N = r"\d+(?:,\d{3})*(?:\.\d+)?"
_WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
_ADVERBS = {"twice": 2, "thrice": 3}
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "%": 0.01, "p": 0.01}
_SAID = re.compile(
    rf"(?P<box>\[{_N}(?:, ?{_N}){{3}}\])|(?P<clock>\b(?:\d+:)?\d{{1,3}}:\d\d(?:\.\d+)?)|\b(?P<minutes>\d+) ?min(?:utes?)?(?: and)? "
    rf"(?P<seconds>{_N}) ?s(?:ec(?:onds?)?)?\b|(?:(?<![\w.])(?P<number>{_N})|\b(?P<word>{'|'.join([*_WORDS[2:], *_ADVERBS])})\b)"
    r"(?:[ -]?(?P<unit>%|(?:per ?cent|s|sec|seconds?|min|minutes?|h|hours?)\b))?",
    re.IGNORECASE,
)
_JOINED = re.compile(r" ?(?:-|–|—|,|,? ?and|to|or|until) ?")
_ABOUT = re.compile(r"\b(?:about|around|roughly|nearly|almost|approximately|some|over|under)(?: (?:the|a))?\s*$|~\s*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Said:
    """One number or box of a text. kind: `time` (seconds), `number` or `box`. grain: of the last digit written. about: rounded
    to that, by its words or as a clock is."""

    text: str
    kind: str
    values: tuple[float, ...]
    grain: float
    about: bool = False


@dataclass(slots=True)
class Facts:
    """What a step holds. times: seconds. words: base forms. grain_s: between two frames that were looked at, 0 where none were."""

    times: list[float] = field(default_factory=list)
    numbers: list[float] = field(default_factory=list)
    boxes: list[tuple[float, ...]] = field(default_factory=list)
    scores: dict[str, set[float]] = field(default_factory=dict)
    words: set[str] = field(default_factory=set)
    grain_s: float = 0.0

    def add(self, value: Any, key: str = "") -> "Facts":
        """Whatever stands in a JSON value. A number is a time by its key, `..._s`; a number of its own may be one."""
        if isinstance(value, str):
            self.words |= words_in(value)
            for said in said_in(value):
                {"time": self.times, "box": self.boxes}.get(said.kind, self.numbers).extend(  # type: ignore[attr-defined]
                    [said.values] if said.kind == "box" else said.values
                )
        elif isinstance(value, dict):
            for name, inner in value.items():
                if name != "raw":  # seconds and pixels as the model saw them, not as they are
                    self.add(name).add(inner, name)
                if key == "scores":
                    self.scores.setdefault(name.lower(), set()).add(inner)
            if value.get("fps") and "frames" in value:
                self.grain_s = max(self.grain_s, 1 / value["fps"])
        elif isinstance(value, list | tuple):
            if len(value) == 4 and all(isinstance(side, int | float) for side in value):
                self.boxes.append(tuple(value))
                return self
            self.numbers += [len(value)] if key in ("spans", "track", "events") else []
            for inner in value:
                self.add(inner, key)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            self.times += [value] if key.endswith("_s") or key == "" else []
            self.numbers += [] if key.endswith("_s") else [value]
        return self

    def complaints(self, text: str, names: Iterable[str] = (), *, strict: bool = False) -> Iterator[str]:
        """What the text holds and this does not. names: of every action there is. strict: a time finer than the frames is one too."""
        for said in said_in(text):
            if not self._holds(said):
                yield f"{said.text} stands in nothing that the step holds"
            elif strict and said.kind == "time" and self.grain_s and said.grain < 10 ** -math.ceil(-math.log10(self.grain_s) - 1e-9):
                yield f"{said.text} is finer than frames every {self.grain_s:.2g} s can tell"
        for name, scores in self.scores.items():
            for found in re.finditer(rf"{re.escape(name)}\W+(?:(?:is|was|at|of|scores?|scored|got)\W+)*({_N})", text.lower()):
                if float(found[1]) not in scores:
                    yield f"{found[0]} is not the score given"
        heard = words_in(text)
        for name in (*names, *INSTRUMENTS):
            if (wanted := words_in(name)) and wanted <= heard and not wanted <= self.words:
                yield f"{name!r} stands in nothing that the step holds"

    def _holds(self, said: Said) -> bool:
        if said.kind == "box":
            near = (zip(said.values, box, strict=True) for box in self.boxes)
            return any(all(abs(a - b) <= said.grain / 2 + 1e-9 for a, b in pairs) for pairs in near)
        plain = said.kind == "number"
        finest = max(self.grain_s or 1.0, 0.1)  # a tenth is what every time is written to
        coarse = said.grain if plain or said.about else min(said.grain, finest)
        known = [*self.numbers, *(self.times if "." in said.text else ())] if plain else self.times
        return any(abs(said.values[0] - value) <= coarse / 2 + 1e-9 for value in known)


@lru_cache(maxsize=4096)
def words_in(text: str) -> frozenset[str]:
    return frozenset(base(word) for word in words_of(tidy(text)) if word not in STOP and not word.isdigit())


def said_in(text: str) -> list[Said]:
    """The numbers of a text in order. A list or a range takes its last one's unit: `12.0-14.5 s`."""
    found: list[Said] = []
    unit, following = "", len(text)
    for match in reversed(list(_SAID.finditer(text))):
        if match["unit"]:
            unit = match["unit"][0].lower()
        elif not _JOINED.fullmatch(text[match.end() : following]):
            unit = ""
        following = match.start()
        found.append(_said(match, unit, bool(_ABOUT.search(text[: match.start()]))))
    return found[::-1]


def _said(match: re.Match[str], unit: str, about: bool) -> Said:
    text = match[0]
    grain = 10.0 ** -max((len(part) for part in re.findall(r"\.(\d+)", text)), default=0)
    if match["box"]:
        return Said(text, "box", tuple(map(float, re.findall(_N, text))), grain)
    if match["clock"] or match["minutes"]:
        parts = map(float, (match["clock"] or f"{match['minutes']}:{match['seconds']}").split(":"))
        seconds = 0.0
        for part in parts:
            seconds = seconds * 60 + part
        return Said(text, "time", (seconds,), grain, about=True)
    word = (match["word"] or "").lower()
    value = float(match["number"].replace(",", "")) if match["number"] else float(_ADVERBS.get(word) or _WORDS.index(word))
    unit = unit if match["number"] else (match["unit"] or "")[:1].lower()
    size = _UNITS.get(unit, 1.0)
    return Said(text, "time" if unit in ("s", "m", "h") else "number", (value * size,), grain * size, about)


def check_sentence(text: str, step: str, sources: Iterable[Any]) -> None:
    """Raises MedVidError where a sentence of ours holds what no source of its step holds: a bug of ours, not of the model's."""
    if unknown := list(Facts().add(tuple(sources)).complaints(text)):
        raise MedVidError(f"the sentence {text!r} may not stand: in step {step} {'; '.join(unknown)}; please report this bug of medvid")
