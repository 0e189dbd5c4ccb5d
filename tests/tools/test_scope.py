from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from medvid.core.case import Case
from medvid.engine.profiles import EMBEDDED, MEDVLM_1_0A_RL
from medvid.engine.scripted import ScriptedEngine
from medvid.tools.registry import TOOLS
from medvid.tools.scope import named_as_listed, out_of_scope
from tests.tools.clips import CASE, VIDEO_ID

SIMULATED = CASE.model_copy(update={"simulated": True})


class WordyEngine(ScriptedEngine):
    """Knows only the words of the case's list."""

    def unknown_words(self, text: str) -> tuple[str, ...]:
        known = {word for name in CASE.action_names for word in name.split()}
        return tuple(word for word in text.split() if word not in known)


def args(name: str, **own: Any) -> Any:
    return TOOLS[name].args_type.model_validate({"video_id": VIDEO_ID, **own})


def test_a_synonym_is_asked_by_the_lists_name_and_said() -> None:
    named, notes = named_as_listed(args("localize_action", action="Duct  Clipping."), CASE)
    assert named.action == "clip the cystic duct"  # type: ignore[attr-defined]
    assert notes == ("'Duct Clipping.' is 'clip the cystic duct' in the procedure's list",)


@pytest.mark.parametrize(
    ("phrase", "case", "asked", "notes"),
    [
        ("wave", SIMULATED, "wave", ()),
        ("divide the cystic artery", SIMULATED, "divide the cystic artery", ()),
        ("wave", Case(procedure="hernia repair"), "wave", ()),
        ("wave", CASE, "wave", ("'wave' is no class name of CholecT50; asked as it stands",)),
        (
            "divide the  cystic artery", CASE, "cut cystic artery",
            ("'divide the cystic artery' is 'cut cystic artery' among the class names of CholecT50",),
        ),
        ("comb hair", Case(procedure="bed shampoo"), "Comb hair", ("'comb hair' is 'Comb hair' among the class names of NurViD",)),
        ("Comb hair", Case(procedure="bed shampoo"), "Comb hair", ()),
    ],
)  # fmt: skip
def test_a_phrase_that_the_list_lacks_is_looked_for_among_the_class_names_of_a_real_procedure(
    phrase: str, case: Case, asked: str, notes: tuple[str, ...]
) -> None:
    named, said = named_as_listed(args("localize_action", action=phrase), case)
    assert (named.action, said) == (asked, notes)  # type: ignore[attr-defined]


def test_what_the_list_has_goes_before_the_class_names() -> None:
    assert named_as_listed(args("localize_action", action="cut the cystic duct"), CASE)[0].action == "cut the cystic duct"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("thing", "procedure", "asked", "notes"),
    [
        ("the clip applier", "cholecystectomy", "clipper", ("'clip applier' is 'clipper' among the class names of CholecT50",)),
        ("spleen", "cholecystectomy", "spleen", ("'spleen' is no class name of CholecT50; asked as it stands",)),
        ("the bowl", "bed shampoo", "bowl", ()),
    ],
)
def test_an_object_goes_by_its_class_name_where_its_source_names_objects(
    thing: str, procedure: str, asked: str, notes: tuple[str, ...]
) -> None:
    named, said = named_as_listed(args("ground_object", object=thing), Case(procedure=procedure))
    assert (named.object, said) == (asked, notes)  # type: ignore[attr-defined]


@pytest.mark.parametrize("phrase", ["the clipper", "a clipper", "clipper", " The  clipper "])
def test_an_object_is_asked_for_without_its_article(phrase: str) -> None:
    assert named_as_listed(args("ground_object", object=phrase), CASE)[0].object == "clipper"  # type: ignore[attr-defined]


def test_the_embedded_model_does_not_speak_of_real_video() -> None:
    engine = ScriptedEngine(EMBEDDED, "")
    objection = out_of_scope(TOOLS["predict_next"], args("predict_next"), CASE, engine)
    assert objection is not None
    assert "--model" in objection.reason
    assert "insist" in objection.reason
    assert out_of_scope(TOOLS["predict_next"], args("predict_next"), SIMULATED, engine) is None


def test_a_tool_trained_on_one_procedure_does_not_speak_of_another() -> None:
    engine = ScriptedEngine(MEDVLM_1_0A_RL, "")
    assert out_of_scope(TOOLS["assess_cvs"], args("assess_cvs"), CASE, engine) is None
    objection = out_of_scope(TOOLS["assess_skill"], args("assess_skill"), CASE, engine)
    assert objection is not None
    assert "laparoscopic cholecystectomy" in objection.reason


def test_an_undeclared_procedure_is_not_held_against_a_tool() -> None:
    engine = ScriptedEngine(MEDVLM_1_0A_RL, "")
    assert out_of_scope(TOOLS["assess_skill"], args("assess_skill"), Case(), engine) is None


def test_a_word_that_the_model_lacks_is_named_with_the_words_it_has() -> None:
    engine = WordyEngine(EMBEDDED, "")
    objection = out_of_scope(TOOLS["localize_action"], args("localize_action", action="clip the spleen"), SIMULATED, engine)
    assert objection is not None
    assert "'spleen'" in objection.reason
    assert "irrigate" in objection.reason
    assert out_of_scope(TOOLS["localize_action"], args("localize_action", action="cut the cystic duct"), SIMULATED, engine) is None


def test_a_general_model_is_in_scope_for_any_procedure() -> None:
    engine = ScriptedEngine(replace(MEDVLM_1_0A_RL, domain=None), "")
    assert out_of_scope(TOOLS["localize_action"], args("localize_action", action="wave"), Case(), engine) is None
