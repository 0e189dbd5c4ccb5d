"""Words: how a question's words meet a video's own list of actions, and the names of instruments: tables (words.json) and a small stemmer.

`is the cystic duct clipped` meets `clip the cystic duct`: every form of a verb counts as its base form, a synonym as the verb it stands
for, plurals as singulars, British spelling as American, and one mistyped letter is forgiven where nothing else is meant.
"""

import json
import re
from collections.abc import Set as AbstractSet
from pathlib import Path

_TABLES = json.loads((Path(__file__).parent / "words.json").read_text(encoding="utf-8"))
_NOUNS: dict[str, str] = _TABLES["nouns"]
_MEANS: dict[str, str] = _TABLES["means"]
NOT_SINGULAR = {"forceps", "scissors", "pancreas", "process", "mass", "gas", "pelvis", "plus"}
INSTRUMENTS: dict[str, tuple[str, ...]] = {name: tuple(others) for name, others in _TABLES["instruments"].items()}
ORDINALS: dict[str, int] = _TABLES["ordinals"]
PERSONS = {"surgeon", "nurse", "doctor", "operator", "assistant", "clinician", "trainee", "person", "he", "she", "they", "team", "staff"}
VERBS: dict[str, str] = {form: verb for verb, forms in _TABLES["verbs"].items() for form in (*forms.split(), verb)}
STOP = frozenset(_TABLES["stop"]) | ORDINALS.keys()
_PREPOSITIONS = {"from", "through", "into", "with", "to", "of", "onto", "off", "out", "in", "on"}
_WORD = re.compile(r"[a-z0-9][a-z0-9/-]*")
_WRITTEN = {written: name for name, others in INSTRUMENTS.items() for written in (name, *others)}
_INSTRUMENT = re.compile(rf"\b(?:{'|'.join(sorted(_WRITTEN, key=len, reverse=True))})\b")
_INSTRUMENT_WORDS = {word for written in _WRITTEN for word in written.split()}
_NO_SLIPS = STOP | set(_TABLES["known"]) | _INSTRUMENT_WORDS


def tidy(text: str) -> str:
    """Lower case, plain quotes, no contractions, markup or hyphens, one space between words; `gall bladder` is one word."""
    text = text.lower()
    for form, instead in _TABLES["tidy"]:
        text = re.sub(form, instead, text)
    return text.strip()


def words_of(text: str) -> list[str]:
    return _WORD.findall(text)


def base(word: str) -> str:
    """The verb that a word is a form of, in the sense most lists use; else the singular noun in one spelling."""
    if verb := VERBS.get(word):
        return _MEANS.get(verb, verb)
    noun = word
    if word not in NOT_SINGULAR and len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        noun = word[:-3] + "y" if word.endswith("ies") else word[:-1]
    return _NOUNS.get(noun, re.sub(r"our$", "or", re.sub(r"[ao]e(?=[a-z]{2})", "e", noun)))


def target(phrase: str) -> str:
    """The first noun phrase, without its article: `gallbladder` in `dissect the gallbladder from the liver`."""
    named: list[str] = []
    before = ""
    for word in words_of(tidy(phrase)):
        if word in _PREPOSITIONS and named:
            break
        if word not in STOP and (word not in VERBS or (before in ("the", "a", "an") and VERBS[word] == word)):
            named.append(word)
        before = word
    return " ".join(named)


def mended(text: str, own: AbstractSet[str], forms: AbstractSet[str] = frozenset()) -> str:
    """A tidy text with slips of one letter, but the first, put right where one known word is meant. own: words of the video's actions,
    forms: of the forms of questions. A word that is known, short, or close to several stays as it is; `stapler` is no slip of `staple`."""
    own, bases = own | {word[:-1] + "ies" for word in own if word.endswith("y")}, set(map(base, own))

    def one(match: re.Match[str]) -> str:
        word = match[0]
        if len(word) < 3 or word in _NO_SLIPS | forms or word in VERBS or base(word) in bases:
            return word
        for known, letters in ((own, 4), (_INSTRUMENT_WORDS, 5), (forms | STOP | VERBS.keys(), 6)):
            if letters > 5 and re.search("[eo]rs?$", word):
                continue
            near = {k for k in known if k[0] == word[0] and _is_slip(word, k) and (len(word) >= letters or sorted(word) == sorted(k))}
            if near:
                return min(near) if len(set(map(base, near))) == 1 else word
        return word

    return _WORD.sub(one, text)


def _is_slip(word: str, known: str) -> bool:
    i = next((i for i, (one, other) in enumerate(zip(word, known, strict=False)) if one != other), min(len(word), len(known)))
    rest, other = word[i:], known[i:]
    return rest[1:] in (other, other[1:]) or rest == other[1:] or (rest[:2], rest[2:]) == (other[1::-1], other[2:])


def find_instruments(text: str) -> list[tuple[str, str]]:
    """Instruments named in a tidy text: (name, as written), in order of appearance; of two names the longer."""
    return [(_WRITTEN[match[0]], match[0]) for match in _INSTRUMENT.finditer(text)]
