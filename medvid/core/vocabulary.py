"""Class names of the benchmark's data sources, and which of them a phrase means: what its checkpoints were trained to be asked by.

vocabulary.json has them verbatim, misspellings included, because metrics compare them as text; synonyms.json, ours, the procedures of each
source and other ways to say a name. A `vocabulary.json` of the latter's form in the user's configuration folder adds to it.
Source: docs/formats.md, "Class names".
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medvid.core.case import Action, Case
from medvid.core.errors import ConfigError
from medvid.core.settings import config_file
from medvid.core.span import Value

NURSING = "NurViD"  # the source whose lists go by procedure
_PLURAL = ((r"(?<=\w\w)ies$", "y"), (r"(?<=\w\w[^sui])s$", ""))
_ENDINGS = (*_PLURAL, (r"(?<=\w\w\w)(?:ing|ed|e)$", ""), (r"([^aeiou])\1$", r"\1"), ("is$", "iz"))
_HERE = Path(__file__).parent
STORED: dict[str, Any] = json.loads((_HERE / "vocabulary.json").read_text(encoding="utf-8"))
Actions = tuple[Action, ...]


class Synonyms(Value):
    """procedures: how those of a source, or a nursing procedure, are called. names: of a source or a nursing procedure, class names and
    other ways to say each; a name that its list lacks is one more of its steps."""

    note: str = ""
    procedures: dict[str, tuple[str, ...]] = {}
    names: dict[str, dict[str, tuple[str, ...]]] = {}


@dataclass(frozen=True, slots=True)
class ClassNames:
    """Of one source, for one procedure. steps: what a question lists. things: instruments and structures."""

    source: str
    steps: Actions
    verbs: Actions
    things: Actions

    def action(self, phrase: str) -> str | None:
        """The step that a phrase means, or the verb with or without a thing: `divide the cystic duct` is `cut cystic duct`."""
        words = _key(phrase).split()
        pairs = ((_named(words[:i], self.verbs), _named(words[i:], self.things), i) for i in range(len(words), 0, -1))
        composed = (f"{verb} {thing or ''}".strip() for verb, thing, i in pairs if verb and (thing or i == len(words)))
        return _named(words, self.steps) or next(composed, None)

    def thing(self, phrase: str) -> str | None:
        return _named(_key(phrase).split(), self.things)


def class_names(case: Case) -> ClassNames | None:
    """Those of the declared procedure. None where it tells no source that has any, and for simulated video."""
    found = (_class_names(*place) for place in _places(case) if not case.simulated)
    return next((names for names in found if names.steps), None)


def listed(case: Case) -> tuple[Case, str | None]:
    """The case with its own list of actions; without one, with the class names of its procedure, and whose they are."""
    names = None if case.actions else class_names(case)
    return (case, None) if names is None else (case.model_copy(update={"actions": names.steps}), names.source)


def sources_of(case: Case) -> tuple[str, ...]:
    """The data sources that a declared case can be of."""
    return tuple(dict.fromkeys(source for source, _ in _places(case)))


def procedure_of(case: Case) -> str | None:
    """The declared procedure, as its source calls it."""
    return next((name for _, name in _places(case) if name), case.procedure)


def steps_of(source: str, procedure: str = "") -> list[str]:
    """The class names of a source's steps, for nursing those of a procedure; empty where it has none."""
    said = STORED.get(source, {})
    found: list[str] = said if isinstance(said, list) else said.get("phases") or said.get("actions") or said.get(procedure, [])
    return found


def _places(case: Case) -> list[tuple[str, str]]:
    """Sources, and for nursing the procedure. Nursing procedures are named as a whole, for one may hold another's name."""
    told = [_key(text) for text in (case.procedure, case.scene) if text]
    called = {name: [name] for name in STORED[NURSING]}
    for name, phrases in (item for synonyms in _synonyms() for item in synonyms.procedures.items()):
        called[name] = [*called.get(name, ()), *phrases]
    keys = {name: [_key(phrase) for phrase in phrases] for name, phrases in called.items()}
    places = [(NURSING, name) for name in STORED[NURSING] if set(keys[name]) & set(told)]
    held = [name for name in keys if any(f" {key} " in f" {text} " for text in told for key in keys[name])]
    places += [(name, "") for name in held if name not in STORED[NURSING]]
    return places if case.source is None else [place for place in places if place[0] == case.source] or [(case.source, "")]


def _synonyms() -> list[Synonyms]:
    """Ours, and the user's. Raises ConfigError where the latter cannot be used."""
    found = (_HERE / "synonyms.json", config_file().with_name("vocabulary.json"))
    try:
        return [Synonyms.model_validate_json(file.read_bytes()) for file in found if file.is_file()]
    except (OSError, ValueError) as error:
        raise ConfigError(f"your vocabulary.json cannot be used: {error}; it may hold procedures and names") from error


def _class_names(source: str, procedure: str) -> ClassNames:
    given = [synonyms.names.get(of, {}) for synonyms in _synonyms() for of in (procedure or source, source)]
    parts = STORED[source] if source == "CholecT50" else {}
    verbs, things = parts.get("verbs", []), parts.get("instruments", []) + parts.get("targets", [])
    more = [name for names in given[::2] for name in names if name not in verbs + things and (procedure or source) != NURSING]

    def actions(names: list[str]) -> Actions:
        others = {name: dict.fromkeys(other for ways in given for other in ways.get(name, ())) for name in names}
        return tuple(Action(name=name, synonyms=tuple(others[name])) for name in others)

    return ClassNames(source, actions(steps_of(source, procedure) + more), actions(verbs), actions(things))


def _named(words: list[str], names: Actions) -> str | None:
    return next((action.name for action in names if " ".join(words) in map(_key, (action.name, *action.synonyms))), None)


def _key(phrase: str) -> str:
    """The words that count, without endings, in one spelling: `Clipping of the cystic ducts` is `clip cystic duct`."""
    words = re.findall(r"[^\W_]+", re.sub(r"['’]", "", phrase.casefold()).replace("ae", "e").replace("oe", "e"))
    for ending, instead in _ENDINGS:
        words = [re.sub(ending, instead, word) for word in words]
    return " ".join(word for word in words if word not in ("the", "a", "an", "of"))
