"""Scope: whether a model was trained for what is asked of it, and what a phrase is called in the procedure's own list."""

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from medvid.core import Case
from medvid.core.vocabulary import ClassNames, class_names
from medvid.engine.base import Engine
from medvid.tools.base import Args, Tool
from medvid.tools.ground_object import GroundObjectArgs
from medvid.tools.localize_action import LocalizeActionArgs


@dataclass(frozen=True, slots=True)
class Objection:
    """Why a model was not trained for what is asked, and what would help."""

    fact: str
    way_out: str

    @property
    def reason(self) -> str:
        return f"{self.fact}; {self.way_out}, or set insist and take the answer as a guess"


@runtime_checkable
class KnowsWords(Protocol):
    """An engine whose model has a closed vocabulary."""

    def unknown_words(self, text: str) -> tuple[str, ...]: ...


def named_as_listed(args: Args, case: Case) -> tuple[Args, tuple[str, ...]]:
    """`args` with the phrase as the procedure's own list or its class names have it; and a note where that changed it, or it means none."""
    names = class_names(case)
    if isinstance(args, LocalizeActionArgs):
        phrase = " ".join(args.action.split())
        for action in case.actions:
            if phrase.rstrip(".").casefold() in (name.casefold() for name in (action.name, *action.synonyms)):
                notes = (f"{phrase!r} is {action.name!r} in the procedure's list",) if phrase != action.name else ()
                return args.model_copy(update={"action": action.name}), notes
        called = names.action(phrase) if names else phrase
        return args.model_copy(update={"action": called or phrase}), _as_class(phrase, called, names)
    if isinstance(args, GroundObjectArgs):
        words = args.object.split()
        phrase = " ".join(words[words[0].casefold() in ("the", "a", "an") and len(words) > 1 :])
        called = names.thing(phrase) if names and names.things else phrase
        return args.model_copy(update={"object": called or phrase}), _as_class(phrase, called, names)
    return args, ()


def _as_class(phrase: str, called: str | None, names: ClassNames | None) -> tuple[str, ...]:
    if names is None or called == phrase:
        return ()
    means = "no class name of" if called is None else f"{called!r} among the class names of"
    return (f"{phrase!r} is {means} {names.source}" + ("; asked as it stands" if called is None else ""),)


def out_of_scope(tool: Tool[Any, Any], args: Args, case: Case, engine: Engine) -> Objection | None:
    """None where the model was trained for this, or where nothing is known against it."""
    profile = engine.profile
    if profile.domain == "simulated" and not case.simulated:
        fact = f"{profile.name} was trained on simulated procedures only, and this video is not one"
        return Objection(fact, "name a model for real video (--model, or MEDVID_MODEL)")
    if tool.procedures is not None and case.procedure is not None:
        declared = case.procedure.casefold()
        if not any(word in declared for word in tool.procedures):
            fact = f"{tool.name} was trained on {', '.join(tool.procedures)}, and the declared procedure is {case.procedure!r}"
            return Objection(fact, "correct what is declared")
    phrase = asked_phrase(args)
    if phrase is not None and isinstance(engine, KnowsWords) and (unknown := engine.unknown_words(phrase)):
        listed = f" ({', '.join(case.action_names)})" if case.actions else ""
        fact = f"{profile.name} does not know the word {', '.join(repr(word) for word in unknown)}"
        return Objection(fact, f"ask in the words of the procedure's list{listed}")
    return None


def asked_phrase(args: Args) -> str | None:
    """What the caller named in words of their own."""
    return getattr(args, "action", None) or getattr(args, "object", None)

