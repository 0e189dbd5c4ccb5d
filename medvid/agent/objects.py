"""Objects: what a piece of a question is about, where it asks for a thing in the picture: an instrument, an organ, a person, or `it`."""

from __future__ import annotations

import re

from medvid.agent.words import INSTRUMENTS as _INSTRUMENTS
from medvid.agent.words import PERSONS, STOP, find_instruments, mended, tidy, words_of

_BE = r"(?:is|are|was|were|does|do|did|has|have|can|could)"
_FORMS = {
    "doing": (
        rf"\bwhat {_BE} (.+?) (?:doing|do|used for|up to)\b",
        r"\b(?:happens|happened|happening|done) (?:to|with) (.+)$",
        r"\b(?:describe|explain|tell me|say) (?:what )?(.+?) (?:does|is doing|did|do|doing)$",
    ),
    "where": (
        rf"\bwhere (?:exactly )?{_BE} (.+)$",
        r"\b(?:point (?:to|at)|track|ground|positions? of|box(?:es)? (?:of|for|around)|coordinates of) (.+)$",
        r"\bwhere (.+?) (?:is|are|was|were)\b",
    ),
    "visible": (
        rf"\b{_BE} (.+?) (?:be )?(?:visible|in view|on screen|in the picture|appears?|appeared|present|seen)$",
        r"\bsee (.+)$",
        r"\bis (.+?) (?:visible|seen|in view)",
    ),
    "when": (r"\b(.+?) (?:appears?|appeared|is visible|is in view|is seen|is used|enters|leaves|comes in)\b",),
}
_PRONOUNS = {"it", "they", "them", "this", "that"}


def named_object(text: str, kind: str) -> str | None:
    """The thing's name; `it` where the text only points back; None where it names none. Instruments go by their usual name."""
    text = _mended(text)
    phrases = [match[1] for form in _FORMS.get(kind, ()) if (match := re.search(form, text))]
    for phrase in phrases:
        if found := find_instruments(phrase):
            return found[0][0]
        words = words_of(phrase)
        if persons := PERSONS & set(words) - {"they"}:
            return sorted(persons)[0]
        named = [word for word in words if word not in STOP]
        if named:
            return " ".join(named)
        if _PRONOUNS & set(words):
            return "it"
    found = find_instruments(text)
    return found[0][0] if found else None


def _mended(text: str) -> str:
    """Slips in the names of instruments."""
    known = {word for name, others in _INSTRUMENTS.items() for written in (name, *others) for word in written.split()}
    return " ".join(mended(word, known) for word in tidy(text).split(" "))
