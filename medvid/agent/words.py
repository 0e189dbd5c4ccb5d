"""Words: how a question's words meet a video's own list of actions, and the names of instruments: tables (words.json) and a small stemmer.

`is the cystic duct clipped` meets `clip the cystic duct`: every form of a verb counts as its base form, a synonym as the verb it stands
for, plurals as singulars, and one mistyped letter is forgiven where nothing else is meant.
"""

import json
import re
from collections.abc import Set as AbstractSet
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path

_TABLES = json.loads((Path(__file__).parent / "words.json").read_text(encoding="utf-8"))
_NOUNS: dict[str, str] = _TABLES["nouns"]
_MEANS: dict[str, str] = _TABLES["means"]
"""A verb and the one that declared actions mostly use for it. Both sides of a comparison go through it, so none is lost."""
NOT_SINGULAR = {"forceps", "scissors", "pancreas", "process", "mass", "gas", "pelvis", "plus"}
INSTRUMENTS: dict[str, tuple[str, ...]] = {name: tuple(others) for name, others in _TABLES["instruments"].items()}
PERSONS = {"surgeon", "nurse", "doctor", "operator", "assistant", "clinician", "trainee", "person", "he", "she", "they", "team", "staff"}
STOP = frozenset(_TABLES["stop"])
_PREPOSITIONS = {"from", "through", "into", "with", "to", "of", "onto", "off", "out", "in", "on"}
_WORD = re.compile(r"[a-z0-9][a-z0-9/-]*")


def tidy(text: str) -> str:
    """Lower case, plain quotes, no contractions, one space between words; `gall bladder` is one word."""
    text = text.lower().replace("’", "'").replace("“", '"').replace("”", '"')
    text = re.sub(r"\b(what|where|when|who|how|that|there)'s\b", r"\1 is", text)
    text = re.sub(r"n't\b", " not", text)
    text = re.sub(r"\b(?:take|takes|took|taking|taken) place\b", "happen", re.sub(r"\b(this|the video|video) clip\b", "video", text))
    text = re.sub(r"'s\b|'", "", text).replace("gall bladder", "gallbladder").replace("gall-bladder", "gallbladder")
    return re.sub(r"\s+", " ", text).strip()


@lru_cache(maxsize=1)
def verb_forms() -> dict[str, str]:
    """Every form of every known verb, and its base form."""
    forms: dict[str, str] = {}
    for verb in _TABLES["verbs"]:
        stem = verb[:-1] if verb.endswith("e") else verb
        doubled = verb + verb[-1] if re.fullmatch(r"[^aeiou]*[aeiou][bdgmnprt]", verb) else stem
        plain = {verb, verb + "s", stem + "ed", stem + "ing", doubled + "ed", doubled + "ing"}
        if verb.endswith(("s", "sh", "ch", "ss", "x")):
            plain.add(verb + "es")
        if re.search(r"[^aeiou]y$", verb):
            plain |= {verb[:-1] + "ies", verb[:-1] + "ied"}
        for form in plain | set(_TABLES["irregular"].get(verb, "").split()):
            forms.setdefault(form, verb)
    return forms


def words_of(text: str) -> list[str]:
    return _WORD.findall(text)


def base(word: str) -> str:
    """The verb that a word is a form of, in the sense most lists use; else the singular noun."""
    verb = verb_forms().get(word)
    if verb is not None:
        return _MEANS.get(verb, verb)
    noun = word
    if word not in NOT_SINGULAR and len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        noun = word[:-1]
    return _NOUNS.get(noun, noun)


def is_verb(word: str) -> bool:
    return word in verb_forms()


def head_noun(phrase: str) -> str | None:
    """The noun that the first noun phrase ends in: `gallbladder` in `dissect the gallbladder from the liver`."""
    head = None
    for word in words_of(tidy(phrase)):
        if word in _PREPOSITIONS and head is not None:
            break
        if word not in STOP and not is_verb(word):
            head = word
    return base(head) if head else None


def mended(word: str, known: AbstractSet[str]) -> str:
    """The known word that this one is a slip of; itself where it is known, short, or like none."""
    if len(word) < 5 or word in known or word in STOP or is_verb(word):
        return word
    near = get_close_matches(word, sorted(known), n=1, cutoff=0.84)
    return near[0] if near else word


def find_instruments(text: str) -> list[tuple[str, str]]:
    """Instruments named in a tidy text: (name, as written), in order of appearance."""
    found: list[tuple[int, str, str]] = []
    taken = text
    for written, name in _INSTRUMENT_NAMES:
        for match in re.finditer(rf"\b{re.escape(written)}\b", taken):
            found.append((match.start(), name, written))
        taken = re.sub(rf"\b{re.escape(written)}\b", lambda match: "#" * len(match[0]), taken)
    return [(name, written) for _, name, written in sorted(found)]


_INSTRUMENT_NAMES = sorted(
    ((written, name) for name, others in INSTRUMENTS.items() for written in (name, *others)), key=lambda item: -len(item[0])
)
