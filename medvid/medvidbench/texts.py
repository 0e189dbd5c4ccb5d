"""The free texts of a simulated truth: captions of events and regions, and summaries, in fixed forms of few words; and how to read them.

The words of a step come from simulate/grammar.py; the sentences stand here and nowhere else.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from medvid.simulate.grammar import HOLDING, INSTRUMENTS, STEPS, step_form
from medvid.simulate.truth import Event

NO_STEP = "No step is seen."


def event_caption(event: Event) -> str:
    """`The clipper clips the cystic duct.`"""
    return step_form(event.action).caption


def summary_text(events: Iterable[Event]) -> str:
    """`Steps seen: clip the cystic duct with the clipper, cut the cystic duct with the scissors.` In time order, each step once."""
    steps = dict.fromkeys(f"{event.action} with the {event.instrument}" for event in events)
    return f"Steps seen: {', '.join(steps)}." if steps else NO_STEP


def region_text(instrument: str, events: Sequence[Event]) -> str:
    """What an instrument in view does: its own steps in time order, each once, else what it holds, else that it is idle.

    `The clipper clips the cystic duct, then clips the cystic artery.`; `The grasper retracts the gallbladder.`; `The hook is idle.`
    """
    forms = [step_form(action) for action in dict.fromkeys(event.action for event in events)]
    if forms:
        return f"The {instrument} {', then '.join(f'{form.verb_s} {form.phrase}' for form in forms)}."
    return HOLDING.get(instrument, f"The {instrument} is idle.")


@dataclass(frozen=True, slots=True)
class Deed:
    """What a text says that somebody does. instrument: None where it names none. doings: actions of the grammar, or `hold`, or `idle`."""

    instrument: str | None
    doings: frozenset[str]


def read_deed(text: str) -> Deed:
    """The instrument a caption speaks of first, and all that it says is done; words outside the grammar say nothing."""
    said = re.sub(r"\s+", " ", text.strip().lower())
    named = sorted((said.find(name), -len(name), name) for names in INSTRUMENTS.values() for name in names if name in said)
    doings = {form.action for forms in STEPS.values() for form in forms if f"{form.verb_s} {form.phrase}" in said or form.action in said}
    doings |= {"hold" for sentence in HOLDING.values() if sentence.lower().split(" ", 2)[2].rstrip(".") in said}
    doings |= {"idle"} if re.search(r"\bidle\b", said) else set()
    return Deed(named[0][2] if named else None, frozenset(doings))


def same_deed(said: str, truth: str) -> bool:
    """Whether a text names the right instrument and says that it does just what it does."""
    return read_deed(said) == read_deed(truth)
