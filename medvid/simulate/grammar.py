"""What can happen in a simulated procedure: the steps in their order, who does them on what, and the words for them.

The steps of a kind always follow in this order, so the next one can be told from what was seen; a step may be done in several goes.
"""

from __future__ import annotations

from dataclasses import dataclass

from medvid.core.case import Action, Case
from medvid.core.vocabulary import STORED
from medvid.simulate.truth import Kind

SKILL_ASPECTS: tuple[str, ...] = tuple(STORED["JIGSAWS"]["aspects"])
CVS_CRITERIA: tuple[str, ...] = tuple(STORED["Cholec80-CVS"]["criteria"])


@dataclass(frozen=True, slots=True)
class StepForm:
    """verb: as in the action's name; verb_s: as in `the clipper clips`; target: what follows the verb; object: the target in a word
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


CHOLECYSTECTOMY = (
    StepForm(
        "dissect",
        "dissects",
        "the hepatocystic triangle",
        "hepatocystic triangle",
        "hook",
        (1, 3),
        ("dissect Calot's triangle", "clear the triangle"),
    ),
    StepForm("clip", "clips", "the cystic duct", "cystic duct", "clipper", (1, 2), ("apply clips to the cystic duct", "duct clipping")),
    StepForm(
        "clip", "clips", "the cystic artery", "cystic artery", "clipper", (1, 2), ("apply clips to the cystic artery", "artery clipping")
    ),
    StepForm("cut", "cuts", "the cystic duct", "cystic duct", "scissors", (1, 1), ("divide the cystic duct", "transect the cystic duct")),
    StepForm(
        "cut", "cuts", "the cystic artery", "cystic artery", "scissors", (1, 1), ("divide the cystic artery", "transect the cystic artery")
    ),
    StepForm(
        "dissect",
        "dissects",
        "the gallbladder from the liver",
        "gallbladder",
        "hook",
        (1, 2),
        ("take the gallbladder off the liver", "gallbladder dissection"),
    ),
    StepForm("coagulate", "coagulates", "the liver bed", "liver bed", "bipolar", (1, 2), ("cauterise the liver bed", "haemostasis")),
    StepForm("irrigate", "irrigates", "the liver bed", "liver bed", "irrigator", (1, 2), ("rinse the liver bed", "wash the liver bed")),
    StepForm(
        "pack", "packs", "the gallbladder", "gallbladder", "grasper", (1, 1), ("bag the gallbladder", "put the gallbladder into the bag")
    ),
)
SUTURING = (
    StepForm("pick up", "picks up", "the needle", "needle", "needle driver", (1, 1), ("grasp the needle",)),
    StepForm("position", "positions", "the needle", "needle", "needle driver", (1, 1), ("orient the needle",)),
    StepForm(
        "drive",
        "drives",
        "the needle through the tissue",
        "tissue",
        "needle driver",
        (1, 2),
        ("push the needle through the tissue", "pass the needle"),
    ),
    StepForm("pull", "pulls", "the thread", "thread", "needle driver", (1, 2), ("pull the suture through",)),
    StepForm("tie", "ties", "the knot", "knot", "needle driver", (1, 1), ("knot tying", "make the knot")),
    StepForm("cut", "cuts", "the thread", "thread", "scissors", (1, 1), ("cut the suture",)),
)
STEPS: dict[Kind, tuple[StepForm, ...]] = {"cholecystectomy": CHOLECYSTECTOMY, "suturing": SUTURING}

INSTRUMENTS: dict[Kind, tuple[str, ...]] = {
    "cholecystectomy": ("grasper", "hook", "clipper", "scissors", "bipolar", "irrigator"),
    "suturing": ("needle driver", "forceps", "scissors"),
}

HOLDING = {"grasper": "The grasper retracts the gallbladder.", "forceps": "The forceps holds the tissue."}
"""What an instrument does while it is in view and no step of its own is going on; any other instrument is idle."""

_NAMES: dict[Kind, tuple[str, str]] = {
    "cholecystectomy": ("laparoscopic cholecystectomy", "laparoscopic surgery"),
    "suturing": ("bench-top suturing", "robotic bench-top training"),
}
CASES: dict[Kind, Case] = {
    kind: Case(
        procedure=procedure,
        scene=scene,
        simulated=True,
        actions=tuple(Action(name=form.action, synonyms=form.synonyms) for form in STEPS[kind]),
    )
    for kind, (procedure, scene) in _NAMES.items()
}


def step_form(action: str) -> StepForm:
    """The form of this action of either kind. Raises KeyError where there is none."""
    return _FORMS[action]


_FORMS = {form.action: form for forms in STEPS.values() for form in forms}
