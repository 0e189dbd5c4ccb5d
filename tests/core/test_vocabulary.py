"""Which class name of which source a phrase means; the package's own list, and the user's additions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from medvid.core.case import Case
from medvid.core.errors import ConfigError
from medvid.core.settings import config_file
from medvid.core.vocabulary import STORED, class_names, listed, procedure_of, sources_of, steps_of

CHOLECYSTECTOMY = Case(procedure="Laparoscopic cholecystectomy")


@pytest.fixture
def user_file(own_folders: Path) -> Iterator[Path]:
    path = config_file().with_name("vocabulary.json")
    path.parent.mkdir(parents=True, exist_ok=True)
    yield path
    path.unlink(missing_ok=True)


@pytest.mark.parametrize(
    ("case", "sources"),
    [
        (CHOLECYSTECTOMY, ("CholecT50", "CholecTrack20", "Cholec80-CVS")),
        (Case(procedure="endoscopic submucosal dissection (ESD)"), ("CoPESD",)),
        (Case(procedure="appendectomy", scene="open surgery"), ("AVOS",)),
        (Case(procedure="robotic needle passing"), ("JIGSAWS",)),
        (Case(procedure="bed shampoo"), ("NurViD",)),
        (Case(procedure="bed shampoo", source="EgoSurgery"), ("EgoSurgery",)),
        (Case(procedure="hernia repair"), ()),
        (Case(), ()),
    ],
)
def test_the_source_is_told_by_what_is_declared(case: Case, sources: tuple[str, ...]) -> None:
    assert sources_of(case) == sources


@pytest.mark.parametrize(
    ("phrase", "name"),
    [
        ("clip the cystic duct", "clip cystic duct"),
        ("Applying clips to the cystic duct", "clip cystic duct"),
        ("divide the cystic arteries", "cut cystic artery"),
        ("clipping", "clip"),
        ("dissect Calot's triangle", "carlot-triangle-dissection"),
        ("Calot’s triangle dissection", "carlot-triangle-dissection"),
        ("clipping and cutting", "clipping-and-cutting"),
        ("cauterising the liver", "coagulate liver"),
        ("clip the common bile duct", None),
        ("wave", None),
        ("", None),
    ],
)
def test_an_action_is_a_step_or_a_verb_with_its_target(phrase: str, name: str | None) -> None:
    names = class_names(CHOLECYSTECTOMY)
    assert names is not None and names.source == "CholecT50"
    assert names.action(phrase) == name


@pytest.mark.parametrize(
    ("phrase", "name"), [("clip applier", "clipper"), ("graspers", "grasper"), ("the gall bladder", "gallbladder"), ("spleen", None)]
)
def test_a_thing_is_an_instrument_or_a_target(phrase: str, name: str | None) -> None:
    names = class_names(CHOLECYSTECTOMY)
    assert names is not None and names.thing(phrase) == name


def test_older_names_of_a_source_mean_the_present_ones() -> None:
    names = class_names(Case(procedure="ESD"))
    assert names is not None
    for old, new in STORED["CoPESD"]["older_names"].items():
        assert names.action(old) == new


def test_a_nursing_procedure_is_named_as_a_whole() -> None:
    """One name may hold another: `Subcutaneous Injection Insulin`."""
    insulin = Case(procedure="subcutaneous injection insulin")
    names = class_names(insulin)
    assert procedure_of(insulin) == "Subcutaneous Injection Insulin"
    assert names is not None and [step.name for step in names.steps] == steps_of("NurViD", "Subcutaneous Injection Insulin")
    assert class_names(Case(procedure="subcutaneous injection of something")) is None


def test_every_list_tells_its_names_apart() -> None:
    """A wrong synonym is worse than none: each name and each synonym of a list means that name only."""
    places = [(source, None) for source in ("AVOS", "CholecT50", "CoPESD")] + [("NurViD", name) for name in STORED["NurViD"]]
    for source, procedure in places:
        names = class_names(Case(source=source, procedure=procedure))
        assert names is not None
        for action in (*names.steps, *names.verbs):
            assert [names.action(phrase) for phrase in (action.name, *action.synonyms)] == [action.name] * (1 + len(action.synonyms))
        for thing in names.things:
            assert [names.thing(phrase) for phrase in (thing.name, *thing.synonyms)] == [thing.name] * (1 + len(thing.synonyms))


def test_every_entry_of_ours_belongs_to_a_name_that_there_is() -> None:
    ours = json.loads((Path(class_names.__code__.co_filename).parent / "synonyms.json").read_text(encoding="utf-8"))
    assert set(ours["procedures"]) <= {*STORED, *STORED["NurViD"], "CholecTrack20", "EgoSurgery"}
    cholec = STORED["CholecT50"]
    known = {
        "AVOS": STORED["AVOS"],
        "CoPESD": STORED["CoPESD"]["actions"],
        "CholecT50": [name for names in cholec.values() for name in names],
    }
    known["NurViD"] = [name for names in STORED["NurViD"].values() for name in names]
    for key, names in ours["names"].items():
        assert set(names) <= set(known[key]), key


def test_a_declared_list_stays_and_a_missing_one_is_the_class_names() -> None:
    own = CHOLECYSTECTOMY.model_copy(update={"actions": Case(actions=("wash",)).actions})  # type: ignore[arg-type]
    assert listed(own) == (own, None)
    full, source = listed(CHOLECYSTECTOMY)
    assert (list(full.action_names), source) == (STORED["CholecT50"]["phases"], "CholecT50")
    assert listed(Case(procedure="hernia repair")) == (Case(procedure="hernia repair"), None)


def test_simulated_video_has_no_class_names() -> None:
    assert class_names(CHOLECYSTECTOMY.model_copy(update={"simulated": True})) is None


def test_the_user_adds_synonyms_steps_and_procedures_in_a_file(user_file: Path) -> None:
    user_file.write_text(json.dumps({
        "procedures": {"Our theatre": ["hip replacement"], "Bed Shampoo": ["washing hair in bed"]},
        "names": {"Our theatre": {"reaming": ["ream the acetabulum"]}, "CholecT50": {"clip": ["staple"], "port placement": []}},
    }))  # fmt: skip
    hip, chole = class_names(Case(procedure="total hip replacement")), class_names(CHOLECYSTECTOMY)
    assert hip is not None and (hip.source, hip.action("ream the acetabulum")) == ("Our theatre", "reaming")
    assert chole is not None and (chole.action("staple the cystic duct"), chole.steps[-1].name) == ("clip cystic duct", "port placement")
    assert procedure_of(Case(procedure="washing hair in bed")) == "Bed Shampoo"


@pytest.mark.parametrize("text", ["nothing", '{"words": {}}', '{"names": ["clip"]}'])
def test_a_file_of_the_users_that_cannot_be_used_is_named(user_file: Path, text: str) -> None:
    user_file.write_text(text)
    with pytest.raises(ConfigError, match=r"vocabulary\.json cannot be used"):
        class_names(CHOLECYSTECTOMY)
