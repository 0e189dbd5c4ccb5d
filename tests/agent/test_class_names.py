"""The planner meets the class names that `list_videos` gives a real procedure, by their synonyms; what it does not meet the tool maps."""

from __future__ import annotations

import pytest

from medvid.core.case import Case
from medvid.core.plan import Plan
from medvid.core.vocabulary import class_names
from tests.agent.fake import TOOLS, listing, make_plan


@pytest.mark.parametrize(
    ("procedure", "question", "asked", "called"),
    [
        ("cholecystectomy", "When is Calot's triangle dissected?", "carlot-triangle-dissection", "carlot-triangle-dissection"),
        ("cholecystectomy", "Was the gallbladder extracted?", "gallbladder-extraction", "gallbladder-extraction"),
        ("cholecystectomy", "When is the cystic duct clipped?", "clip the cystic duct", "clip cystic duct"),
        ("cholecystectomy", "Is the liver coagulated?", "coagulate the liver", "coagulate liver"),
        ("bed shampoo", "When is the shampoo rinsed off?", "Rinse shampoo", "Rinse shampoo"),
        ("ESD", "When is the flap lifted?", "lift flap with forceps", "lift flap with forceps"),
        ("open surgery", "When is the knot tied?", "tying", "tying"),
    ],
)
def test_a_question_reaches_the_class_name(procedure: str, question: str, asked: str, called: str) -> None:
    names = class_names(Case(procedure=procedure))
    assert names is not None
    actions = tuple((step.name, step.synonyms) for step in names.steps)
    plan = make_plan(question, [listing(actions, procedure=procedure, simulated=False)], TOOLS)
    assert isinstance(plan, Plan)
    assert plan.steps[0].args["action"] == asked
    assert names.action(asked) == called
