"""What can happen in a simulated procedure: the steps in their order, who does them on what, and the words for them.

The steps of a kind always follow in this order, so the next one can be told from what was seen; a step may be done in several goes. The
words stand in grammar.json.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from medvid.core import Action, Case
from medvid.core.vocabulary import STORED
from medvid.simulate.truth import Kind

SKILL_ASPECTS: tuple[str, ...] = tuple(STORED["JIGSAWS"]["aspects"])
CVS_CRITERIA: tuple[str, ...] = tuple(STORED["Cholec80-CVS"]["criteria"])


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


_SAID: dict[str, Any] = json.loads((Path(__file__).parent / "grammar.json").read_text(encoding="utf-8"))
STEPS = TypeAdapter(dict[Kind, tuple[StepForm, ...]]).validate_python(_SAID["steps"])
INSTRUMENTS = TypeAdapter(dict[Kind, tuple[str, ...]]).validate_python(_SAID["instruments"])
HOLDING: dict[str, str] = _SAID["holding"]
"""What an instrument does while it is in view and no step of its own is going on; any other instrument is idle."""
CASES: dict[Kind, Case] = {
    kind: Case(procedure=name, scene=scene, simulated=True, actions=tuple(Action(name=f.action, synonyms=f.synonyms) for f in STEPS[kind]))
    for kind, (name, scene) in TypeAdapter(dict[Kind, tuple[str, str]]).validate_python(_SAID["names"]).items()
}
_FORMS = {form.action: form for forms in STEPS.values() for form in forms}


def step_form(action: str) -> StepForm:
    """The form of this action of either kind. Raises KeyError where there is none."""
    return _FORMS[action]
