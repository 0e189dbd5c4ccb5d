"""Actions: which of a video's own actions a piece of a question names; else the phrase itself, put as an action.

A declared action is met by its verb and the head of its noun phrase, in its name or in a synonym. Words that no variant holds speak against
an inexact meeting: `the common bile duct is clipped` is not `clip the cystic duct`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from medvid.agent.words import STOP, base, find_instruments, head_noun, is_verb, mended, tidy, verb_forms, words_of


@dataclass(frozen=True, slots=True)
class Variant:
    """A name or synonym of an action, as base words."""

    verbs: frozenset[str]
    nouns: frozenset[str]
    head: str | None

    @classmethod
    def of(cls, phrase: str) -> "Variant":
        words = [word for word in words_of(tidy(phrase)) if word not in STOP]
        verbs = frozenset(base(word) for word in words if is_verb(word))
        return cls(verbs, frozenset(base(word) for word in words) - verbs, head_noun(phrase))


@dataclass(frozen=True, slots=True)
class Declared:
    """A declared action: the name that tools take, and every way it is called."""

    name: str
    variants: tuple[Variant, ...]

    @classmethod
    def of(cls, action: Mapping[str, Any] | str) -> "Declared":
        name, synonyms = (action, ()) if isinstance(action, str) else (action["name"], action.get("synonyms", ()))
        return cls(name, tuple(Variant.of(phrase) for phrase in (name, *synonyms)))


def meet(text: str, actions: tuple[Declared, ...]) -> list[str]:
    """The declared actions that a tidy piece of a question names, in the order of the list; empty where it names none."""
    parts = re.split(r",? (?:and|or) ", text)
    if len(parts) > 1 and all(any(map(is_verb, words_of(part))) for part in parts):
        # `the duct clipped and cut`, `clip and cut the duct`: a part without a noun means the one before, else the first that is named.
        each, nouns = [], next((" ".join(named) for part in parts if (named := nouns_of(part))), "")
        for part in parts:
            nouns = " ".join(nouns_of(part)) or nouns
            each.append(_meet(f"{part} {nouns}", actions))
        if all(each):
            return list(dict.fromkeys(name for names in each for name in names))
    return _meet(text, actions)


def _meet(text: str, actions: tuple[Declared, ...]) -> list[str]:
    # Of the words that may name an action: no instruments, no small words, slips mended.
    known = {word for action in actions for word in words_of(tidy(action.name))} - STOP
    for _, written in find_instruments(text):
        text = text if written in known else text.replace(written, " ")
    words = [mended(word, known) for word in words_of(text) if word not in STOP and not re.fullmatch(r"\w{3,}ly", word)]
    verbs, nouns = {base(word) for word in words if is_verb(word)}, {base(word) for word in words if not is_verb(word)}
    both = verbs | nouns
    own = {action.name: frozenset().union(*(variant.nouns for variant in action.variants)) for action in actions}
    exact, by_head, by_noun = [], [], []
    for action in actions:
        for variant in action.variants:
            if not variant.verbs <= verbs or not (variant.verbs or variant.nouns):
                continue
            # A word both noun and verb (`suture`, `clip`) may stand as either.
            shared = variant.nouns & both
            if shared == variant.nouns and (variant.nouns or not nouns) and (len(shared) > 1 or nouns <= own[action.name]):
                exact.append(action.name)
            elif variant.verbs and nouns <= variant.nouns and variant.head in shared:
                by_head.append(action.name)
            elif variant.verbs and nouns <= variant.nouns and (shared or not nouns):
                by_noun.append(action.name)
    # An action whose words are a part of another's that was met in full too is dropped.
    held = {action.name: action.variants[0].verbs | action.variants[0].nouns for action in actions}
    whole = [name for name in exact if not any(held[name] < held[other] for other in exact)]
    return list(dict.fromkeys(whole or by_head or by_noun))


def phrase(text: str) -> str | None:
    """A piece of a question as an action: `the spleen removed` and `removing the spleen` give `remove the spleen`; None without a verb."""
    bare = text
    for _, written in find_instruments(text):
        bare = re.sub(rf"\b(?:(?:with|by|using) )?(?:the |a )?{re.escape(written)}\b", " ", bare)
    verb, rest = _verb_and_rest(bare)
    if not rest:  # the instrument is what something is done to: `the catheter inserted`
        verb, rest = _verb_and_rest(text)
    if verb is None:
        return None
    return " ".join([verb_forms()[verb], "the", *rest]) if rest else verb_forms()[verb]


def _verb_and_rest(text: str) -> tuple[str | None, list[str]]:
    """The verb, and what is left of the words that name something. What follows an article is a noun, whatever else it may be."""
    words = words_of(text)
    verb = next((word for i, word in enumerate(words) if is_verb(word) and words[i - 1 : i] not in (["the"], ["a"], ["an"])), None)
    rest = [word for word in words if word != verb and (word not in STOP or word in _LINKS)]
    named = [i for i, word in enumerate(rest) if word not in _LINKS]
    return verb, rest[named[0] : named[-1] + 1] if named else []


_LINKS = ("from", "into", "through")


def nouns_of(text: str) -> list[str]:
    return [word for word in words_of(tidy(text)) if word not in STOP and not is_verb(word)]


def nearest(text: str, actions: tuple[Declared, ...], most: int) -> list[str]:
    """The declared actions most like a text, for proposals."""
    said = " ".join(word for word in words_of(tidy(text)) if word not in STOP)
    shared = set(map(base, words_of(said)))

    def likeness(action: Declared) -> tuple[int, float]:
        words = set().union(*(variant.verbs | variant.nouns for variant in action.variants))
        return len(shared & words), SequenceMatcher(None, said, action.name).ratio()

    return [action.name for action in sorted(actions, key=likeness, reverse=True)[:most]]
