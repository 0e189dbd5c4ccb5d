"""What can happen in a simulated procedure: the steps in their order, who does them on what, and the words for them.

The steps of a kind always follow in this order, so the next one can be told from what was seen; a step may be done in several goes. The
words stand in grammar.json.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files

from pydantic import BaseModel

from medvid.core.case import Action, Case
from medvid.core.span import FROZEN
from medvid.simulate.truth import Kind


@dataclass(frozen=True, slots=True)
class StepForm:
    """verb: as in the action's name; verb_s: as in `the clipper clips`; phrase: what follows the verb; target: the same in a word
    or two."""

    verb: str
    verb_s: str
    phrase: str
    target: str
    instrument: str
    goes: tuple[int, int] = (1, 1)
    synonyms: tuple[str, ...] = ()

    @property
    def action(self) -> str:
        return f"{self.verb} {self.phrase}"

    @property
    def caption(self) -> str:
        """One sentence: who does it."""
        return f"The {self.instrument} {self.verb_s} {self.phrase}."


class _Grammar(BaseModel):
    """names: procedure and scene of each kind."""

    model_config = FROZEN

    skill_aspects: tuple[str, ...]
    cvs_criteria: tuple[str, ...]
    names: dict[Kind, tuple[str, str]]
    instruments: dict[Kind, tuple[str, ...]]
    holding: dict[str, str]
    steps: dict[Kind, tuple[StepForm, ...]]


_GRAMMAR = _Grammar.model_validate_json((files("medvid.simulate") / "grammar.json").read_bytes())
SKILL_ASPECTS, CVS_CRITERIA, INSTRUMENTS, STEPS = _GRAMMAR.skill_aspects, _GRAMMAR.cvs_criteria, _GRAMMAR.instruments, _GRAMMAR.steps
HOLDING = _GRAMMAR.holding
"""What an instrument does while it is in view and no step of its own is going on; any other instrument is idle."""
CASES: dict[Kind, Case] = {
    kind: Case(procedure=name, scene=scene, simulated=True, actions=tuple(Action(name=f.action, synonyms=f.synonyms) for f in STEPS[kind]))
    for kind, (name, scene) in _GRAMMAR.names.items()
}
_FORMS = {form.action: form for forms in STEPS.values() for form in forms}


def step_form(action: str) -> StepForm:
    """The form of this action of either kind. Raises KeyError where there is none."""
    return _FORMS[action]
