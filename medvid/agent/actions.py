"""Actions: which of a video's own actions a piece of a question names; else the phrase itself, put as an action.

A declared action is met by its verb and the head of its noun phrase, in its name or in a synonym. Words that no variant holds speak against
an inexact meeting: `the common bile duct is clipped` is not `clip the cystic duct`.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any, NamedTuple

from medvid.agent.words import STOP, VERBS, base, find_instruments, target, tidy, words_of


class Variant(NamedTuple):
    """A name or synonym of an action, as base words; the head of its noun phrase, empty where it has none."""

    verbs: frozenset[str]
    nouns: frozenset[str]
    head: str

    @classmethod
    @lru_cache(4096)  # a list is declared once and met by every question
    def of(cls, phrase: str) -> "Variant":
        words = [word for word in words_of(tidy(phrase)) if word not in STOP]
        verbs = frozenset(base(word) for word in words if word in VERBS)
        return cls(verbs, frozenset(map(base, words)) - verbs, base(target(phrase).split(" ")[-1]))


class Declared(NamedTuple):
    """A declared action: the name that tools take, every way it is called, and the words of these."""

    name: str
    variants: tuple[Variant, ...]
    words: frozenset[str]

    @classmethod
    def of(cls, action: Mapping[str, Any] | str) -> "Declared":
        names = [action] if isinstance(action, str) else [action["name"], *action.get("synonyms", ())]
        return cls(names[0], tuple(map(Variant.of, names)), frozenset(words_of(tidy(" ".join(names)))))


class Unplaced(Exception):
    """A part of a question that no rule places, and a sentence that says why, where there is one."""


class Ambiguous(Exception):
    """A phrase that means several things equally: as it stands in the question, and what it may mean."""


def named(text: str, actions: tuple[Declared, ...], *, own: bool = True) -> list[str]:
    """The actions that a tidy piece of a question names, as they come: declared ones, else (own) its own phrases, where these have a verb
    and something that it is done to. Raises Ambiguous."""
    parts = [part for part in re.split(r",? (?:and then|and|or|than|versus|vs)\b ?|, ", text) if _names_in(part)]
    verbs, nouns = [[word for word in _names_in(part) if word in VERBS] for part in parts], list(map(nouns_of, parts))
    if len(parts) > 1 and (all(verbs) or not meet(text, actions)):
        # `the duct clipped and cut`, `clip the duct or the artery`: a part takes what it lacks from the one before, else from the next.
        found = []
        for i, part in enumerate(parts):
            near = [next(filter(None, (*reversed(words[:i]), *words[i:])), []) for words in (verbs, nouns) if not words[i]]
            full = f"{part} {' '.join(chain.from_iterable(near))}"
            found.append(meet(full, actions) or meet(part, actions) or (_own(full) if own else []))
        if all(names for i, names in enumerate(found) if verbs[i]) and any(found):
            return list(dict.fromkeys(chain.from_iterable(found)))
    return meet(text, actions) or (_own(text) if own else [])


def _own(text: str) -> list[str]:
    said = phrase(text)
    return [said] if said and " the " in said else []


def meet(text: str, actions: tuple[Declared, ...]) -> list[str]:
    """The declared actions that a tidy text names; empty where it names none. Raises Ambiguous where it fits several by the same words."""
    # Of the words that may name an action: no instruments, no small words.
    known = {word for action in actions for word in words_of(tidy(action.name))} - STOP
    for _, written in find_instruments(text):
        text = text if written in known else text.replace(written, " ")
    words = _names_in(text)
    verbs, nouns = {base(word) for word in words if word in VERBS}, {base(word) for word in words if word not in VERBS}
    rank: dict[str, int] = {}
    held = {action.name: frozenset().union(*(variant.nouns for variant in action.variants)) for action in actions}
    for action in actions:
        for variant in action.variants:
            shared = variant.nouns & (verbs | nouns)  # a word both noun and verb (`suture`, `clip`) may stand as either
            if not variant.verbs <= verbs or not (variant.verbs or variant.nouns):
                continue
            if shared == variant.nouns and (variant.nouns or not nouns) and (len(shared) > 1 or nouns <= held[action.name]):
                rank[action.name] = 0
            elif variant.verbs and nouns <= variant.nouns and (shared or not nouns):
                rank[action.name] = min(rank.get(action.name, 2), 1 if variant.head in shared else 2)
    own = {action.name: action.variants[0].verbs | action.variants[0].nouns for action in actions}
    met = [name for name in rank if rank[name] == min(rank.values())]
    # An action whose words are a part of another's that was met in full too is dropped.
    met = [name for name in met if rank[name] or not any(own[name] < own[other] for other in met)]
    said = {name: (own[name] | held[name]) & (verbs | nouns) for name in met}
    if len(met) > 1 and len(set(said.values())) == 1 and not {"all", "any", "every", "both"} & set(words_of(text)):
        raise Ambiguous(text, met)
    place = {base(word): i for i, word in reversed(list(enumerate(words)))}
    common = frozenset.intersection(*said.values()) if met else frozenset()
    return sorted(met, key=lambda name: min((place[word] for word in said[name] - common), default=0))


def _names_in(text: str) -> list[str]:
    """The words that may name an action: no small ones, no adverbs."""
    return [word for word in words_of(text) if word not in STOP and not re.fullmatch(r"\w{3,}ly", word)]


def done(text: str, actions: tuple[Declared, ...]) -> list[str]:
    """The declared actions that a text names by a verb, where it names no instrument: not by `the knot`, but by `the knot tied`."""
    pairs = zip(["", *words_of(text)], words_of(text), strict=False)
    verbs = [word for before, word in pairs if word in VERBS and word[-1] != "s" and (VERBS[word] != word or before not in ("the", "a"))]
    return meet(text, actions) if verbs and not find_instruments(text) else []


def completed(text: str, beside: Sequence[str], actions: tuple[Declared, ...]) -> list[str]:
    """The declared actions that a text means by what stands beside it: `is the artery cut after the duct`."""
    verbs = next(filter(None, ([word for word in words_of(other) if word in VERBS] for other in beside)), [])
    nouns = next(filter(None, map(nouns_of, reversed(beside))), [])
    more = [*([] if VERBS.keys() & set(words_of(text)) else verbs), *([] if nouns_of(text) else nouns)]
    return meet(f"{text} {' '.join(more)}", actions) if more and len(beside) > 1 and not find_instruments(text) else []


def phrase(text: str) -> str | None:
    """A piece of a question as an action: `the spleen removed` and `removing the spleen` give `remove the spleen`; None without a verb."""
    instruments = "|".join(re.escape(written) for _, written in find_instruments(text)) or "$^"
    bare, links, verb = re.sub(rf"\b(?:(?:with|by|using) )?(?:the |a )?(?:{instruments})\b", " ", text), ("from", "into", "through"), None
    for said in (bare, text):  # the instrument may be what something is done to: `the catheter inserted`
        words = words_of(said)
        # What follows an article is a noun, whatever else it may be; `sutures placed` has its verb at the end.
        verbs = [word for i, word in enumerate(words) if word in VERBS and words[i - 1 : i] not in (["the"], ["a"], ["an"])]
        verb = min(verbs, key=lambda word: word.endswith("s"), default=None)
        rest = [word for word in words if word != verb and (word not in STOP or word in links)]
        if verb and (named := [i for i, word in enumerate(rest) if word not in links]):
            return " ".join([VERBS[verb], "the", *rest[named[0] : named[-1] + 1]])
    return VERBS[verb] if verb else None


def nouns_of(text: str) -> list[str]:
    return [word for word in words_of(tidy(text)) if word not in STOP and word not in VERBS]
