"""Clauses: a question cut into what is asked, each with the words that restrict it in time, and the thing in the picture that it names.

`When is the cystic duct clipped, and was the critical view achieved before that?` gives two clauses: `when` about `is the cystic duct
clipped`, and `cvs`, restricted by `before` and `that`. What is said in figures becomes a span: `at 1:20`, `between 10 and 20 s`, `in the
first minute`, `before 0:45`. Rules over tidy English (questions.toml); what no rule places has the kind None.
"""

import re
import tomllib
from collections.abc import Sequence, Set
from functools import reduce
from pathlib import Path
from typing import Any, NamedTuple

from medvid.agent.words import PERSONS, STOP, find_instruments, mended, tidy, words_of

_FORMS = tomllib.loads((Path(__file__).parent / "questions.toml").read_text(encoding="utf-8"))
KINDS: dict[str, list[str]] = _FORMS["kinds"]
OUTSIDE: dict[str, list[str]] = _FORMS["outside"]
FOLLOW: dict[str, Any] = _FORMS["follow"]
LOOKS: dict[str, str] = _FORMS["looks"]
_WORDS_OF = {kind: set(re.findall(r"[a-z]{3,}", re.sub(r"\\[a-z]|[a-z]\?", " ", " ".join(forms)))) for kind, forms in KINDS.items()}
FORM_WORDS = {word for words in _WORDS_OF.values() for word in words if len(word) > 3}
_RELATION: dict[str, str] = {word: relation for relation, words in _FORMS["relations"].items() for word in words}


def _form(text: str) -> str:
    """A form with the parts that it is made of, `<name>`, written out."""
    return re.sub(r"<([a-z]+)>", lambda match: f"(?:{_form(_FORMS['parts'][match[1]])})", text)


_STARTS, _STARTS_AFTER_AND, _RESTRICTS, _AUXILIARY, _PRONOUN, _CONNECTOR = (
    re.compile(_form(_FORMS["parts"][name])) for name in ("starts", "follows", "restricts", "auxiliary", "pronoun", "connector")
)
_FACTORS = {"s": 1.0, "m": 60.0, "h": 3600.0}
AROUND_S = 4.0
"""An instant is looked at with this much on both sides: a model needs to see something move."""
_SHARE_OF_EDGE, _EDGE_AT_LEAST_S = 5, 10.0


class Anchor(NamedTuple):
    """relation: before, after, during, between. text: what it hangs on; None for `that`, `there`."""

    relation: str
    text: str | None


class Clause(NamedTuple):
    """text: what is asked, without restrictions, tidy. kinds: the forms that it meets, the one that counts first. span: a restriction
    given in figures. turn: see `turn_of`. An `idle` one is no question, but tells the planner what to do with itself."""

    text: str
    kinds: tuple[str, ...] = ()
    anchors: tuple[Anchor, ...] = ()
    span: dict[str, float] | None = None
    turn: str | None = None

    @property
    def kind(self) -> str | None:
        return next((kind for kind in self.kinds if kind != "together"), None)


def rewritten(question: str, own: Set[str] = frozenset(), *, follows: bool = False) -> str:
    """Tidy, with slips mended and in the forms that the rules know. own: words of the video's actions. follows: on an earlier turn."""
    text = mended(tidy(question), own - STOP, FORM_WORDS)
    parts = re.split(r"[?;!\n]|\.(?!\d)", re.sub(r":(?!\d)", ",", text))
    for form, instead in [*_FORMS["rewrites"], *(FOLLOW["rewrites"] if follows else ())]:
        parts = [re.sub(_form(form), instead, part.strip(" ,")) for part in parts]
    return "; ".join(part.strip(" ,") for part in parts if part.strip(" ,"))


def clauses_of(question: str, duration_s: float) -> list[Clause]:
    """question: rewritten."""
    found: list[Clause] = []
    for sentence in question.split("; "):
        before = Clause("")  # a piece that only restricts goes with the next
        for i, piece in enumerate(pieces := _pieces(sentence.strip(" ,"))):
            clause = _clause(piece, duration_s, alone=i == len(pieces) - 1)
            before = clause._replace(anchors=(*before.anchors, *clause.anchors), span=clause.span or before.span)
            if clause.text or i == len(pieces) - 1:
                found.append(before)
                before = Clause("")
    return [clause for clause in found if clause.text or clause.anchors or clause.span]


def _pieces(sentence: str) -> list[str]:
    pieces: list[str] = []
    for part in sentence.split(", "):
        for j, half in enumerate(re.split(r" and (?=" + _STARTS_AFTER_AND.pattern + ")", part)):
            if j > 0 or not pieces or _STARTS.match(half) or _RESTRICTS.match(pieces[-1]):
                pieces.append(re.sub(_form("^<link>"), "", half))
            else:
                pieces[-1] += ", " + half
    return [piece for piece in pieces if piece]


def _clause(piece: str, duration_s: float, *, alone: bool) -> Clause:
    text, span = take_span(piece, duration_s)
    text, anchors = _take_anchors(text, alone=alone)
    kinds = tuple(kind for kind, forms in KINDS.items() if any(re.search(form, text) for form in forms))
    turn = "each" if re.search(r"\b(?:each|every) (?:single )?time\b|\bwhenever\b", piece) else turn_of(text)
    return Clause(text, kinds, tuple(anchors), span, turn)


def turn_of(text: str) -> str | None:
    """Which of several times a text means: `first`, `last`, `longest`, `each`, or a number such as `2`."""
    return next((turn for turn, form in _FORMS["turns"].items() if re.search(form, text)), None)


def content(text: str, kinds: Sequence[str] = ()) -> list[str]:
    """The words that name something: no small ones, and none that the forms of these kinds are made of."""
    forms = {word for kind in kinds if "idle" not in kinds for word in _WORDS_OF[kind]}
    stems = tuple(word for word in forms if len(word) > 4)
    return [word for word in words_of(text) if word not in STOP | forms and not word.startswith(stems)]


def _take_anchors(text: str, *, alone: bool) -> tuple[str, list[Anchor]]:
    """The text without its restrictions. alone: nothing follows, so a text that starts with `when` is itself the question."""
    anchors: list[Anchor] = []
    while match := _PRONOUN.search(text):
        word = next(group for group in match.groups() if group)
        anchors.append(Anchor(_RELATION.get(word, "during"), None))
        text = re.sub(r"\s+", " ", text[: match.start()] + " " + text[match.end() :]).strip(" ,")
    for match in _CONNECTOR.finditer(text):
        asks_when = match[1] == "when" and (_AUXILIARY.match(text, match.end() + 1) or (alone and match.start() == 0))
        verb_tie = match[1] == "following" and re.search(r"\bthe $", text[: match.start()])
        if asks_when or verb_tie or (match[0].endswith("the ") and not content(text[: match.start()])):
            continue
        main, rest = text[: match.start()].strip(" ,"), text[match.end() :].strip(" ,")
        if not main and (later := re.search(r" (?=(?:what|where|which|how)\b)", rest)):
            rest, main = rest[: later.start()], rest[later.end() :]
        return main, anchors + _anchors(match[1], rest)
    return text, anchors


def _anchors(connector: str, rest: str) -> list[Anchor]:
    relation = _RELATION.get(connector, "during")
    if relation == "between":
        return [Anchor("between", None if part in ("that", "this", "it", "then") else part) for part in rest.split(" and ")]
    if second := re.search(r"\b(?:and |but )?(before|after|during|while|until)\b", rest):
        head = rest[: second.start()].strip(" ,")
        return [*([Anchor(relation, head)] if head else []), *_anchors(second[1], rest[second.end() :].strip(" ,"))]
    return [Anchor(relation, rest)]


def seconds(text: str) -> float:
    """`1:20`, `80 s`, `1 min 20 s`, `minute 2`, `minute` (one of them)."""
    if ":" in text:
        return reduce(lambda total, part: total * 60 + float(part), text.split(":"), 0.0)
    parts = re.findall(r"(\d+(?:\.\d+)?)\s?([a-z]*)", re.sub(r"^(second|minute)\s(.+)", r"\2 \1", text))
    return sum(float(number) * _FACTORS.get(unit[:1], 1.0) for number, unit in parts) if parts else _FACTORS[text.strip()[0]]


def take_span(text: str, duration_s: float) -> tuple[str, dict[str, Any] | None]:
    """The text without its first stretch given in figures, and that stretch, cut to the video; None where there is none."""
    edge_s = max(_EDGE_AT_LEAST_S, duration_s / _SHARE_OF_EDGE)
    for form, start, end in _FORMS["stretches"]:
        if match := re.search(_form(form), text):
            at = sorted(map(seconds, match.groups())) or [0.0]
            means = {"0": 0.0, "low": at[0], "high": at[-1], "from": at[0] - AROUND_S, "to": at[0] + AROUND_S, "late": duration_s - at[0]}
            means |= {"edge": edge_s, "late edge": duration_s - edge_s, "half": duration_s / 2, "end": max(duration_s, at[0])}
            span = {"start_s": round(max(0.0, means[start]), 3), "end_s": round(min(duration_s, means[end]), 3)}
            rest = re.sub(r"\s+", " ", text[: match.start()] + " " + text[match.end() :]).strip(" ,")
            # A stretch past the end is asked for as it stands: the tool names the video's length in its refusal.
            return rest, span if span["start_s"] <= span["end_s"] else {"start_s": means[start], "end_s": means[end]}
    return text, None


def named_objects(text: str, kind: str) -> list[str]:
    """The things' names; `it` where the text only points back; empty where it names none. Instruments go by their usual name."""
    phrases = [match[1] for form in _FORMS["objects"].get(kind, ()) if (match := re.search(form, text))]
    for phrase in phrases:
        if found := find_instruments(phrase):
            return list(dict.fromkeys(name for name, _ in found))
        words = words_of(phrase)
        if persons := PERSONS & set(words) - {"they"}:
            return sorted(persons)[:1] if kind == "doing" or not content(phrase) else []
        if things := [" ".join(named) for part in phrase.split(" and ") if (named := content(part))]:
            return things
        if {"it", "they", "them", "this", "that"} & set(words):
            return ["it"]
    return list(dict.fromkeys(name for name, _ in find_instruments(text)))
