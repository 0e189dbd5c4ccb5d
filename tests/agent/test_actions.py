"""Which declared actions a piece of a question names, and what it becomes where it names none."""

from __future__ import annotations

import pytest

from medvid.agent.actions import Ambiguous, Declared, meet, phrase
from medvid.agent.words import base, find_instruments, mended, target, tidy
from tests.agent.fake import CHOLECYSTECTOMY, SUTURING

CHOLE = tuple(Declared.of({"name": name, "synonyms": synonyms}) for name, synonyms in CHOLECYSTECTOMY)
SUTURE = tuple(Declared.of({"name": name, "synonyms": synonyms}) for name, synonyms in SUTURING)


@pytest.mark.parametrize("action", CHOLE, ids=lambda action: action.name)
def test_every_action_meets_its_own_name_and_nothing_else(action: Declared) -> None:
    assert meet(tidy(action.name), CHOLE) == [action.name]


@pytest.mark.parametrize(("name", "synonyms"), [*CHOLECYSTECTOMY, *SUTURING])
def test_every_synonym_meets_its_action(name: str, synonyms: tuple[str, ...]) -> None:
    for synonym in synonyms:
        assert name in meet(tidy(synonym), CHOLE + SUTURE)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("the cystic artery being divided", ["cut the cystic artery"]),
        ("does the clipper clip the artery", ["clip the cystic artery"]),
        ("the liver coagulated", ["coagulate the liver bed"]),
        ("carefully packing the gallbladder", ["pack the gallbladder"]),
        ("the gallbladder", []),
        ("the common bile duct clipped", []),
        ("the cystic duct ligated", []),
        ("", []),
    ],
)
def test_the_verb_and_the_noun_have_to_fit(text: str, names: list[str]) -> None:
    assert meet(text, CHOLE) == names


@pytest.mark.parametrize(
    ("text", "action"),
    [
        ("is the spleen removed", "remove the spleen"),
        ("removing the spleen", "remove the spleen"),
        ("the suture cut", "cut the suture"),
        ("the knot tied", "tie the knot"),
        ("is the wound cleaned with the forceps", "clean the wound"),
        ("the catheter inserted", "insert the catheter"),
        ("the needle passed through the skin", "pass the needle through skin"),
        ("the spleen", None),
    ],
)
def test_an_undeclared_action_is_put_with_its_verb_first(text: str, action: str | None) -> None:
    assert phrase(text) == action


@pytest.mark.parametrize(
    ("words", "one"),
    [
        ("clip clips clipped clipping", "clip"),
        ("cut cuts cutting divided transecting", "cut"),
        ("ties tied tying knotted", "tie"),
        ("carry carries carried", "carry"),
        ("haemostasis hemostasis", "hemostasis"),
        ("cauterise cauterized cauterising cauterization", "coagulate"),
        ("artery arteries", "artery"),
        ("dissection dissecting dissected", "dissect"),
        ("ducts duct", "duct"),
        ("forceps", "forceps"),
        ("applied applies apply", "apply"),
    ],
)
def test_every_form_of_a_word_counts_as_one(words: str, one: str) -> None:
    assert {base(word) for word in words.split()} == {one}


def test_the_longer_name_of_an_instrument_wins() -> None:
    assert [name for name, _ in find_instruments("the grasping forceps and the needle holder beside the clip applier")] == [
        "grasper", "needle driver", "clipper",
    ]  # fmt: skip


def test_a_text_that_fits_two_actions_by_the_same_words_is_ambiguous_unless_it_says_all() -> None:
    with pytest.raises(Ambiguous) as raised:
        meet("the clipping", CHOLE)
    assert raised.value.args == ("the clipping", ["clip the cystic duct", "clip the cystic artery"])
    assert meet("all the clipping", CHOLE) == ["clip the cystic duct", "clip the cystic artery"]
    assert meet("the cystic artery and the cystic duct clipped", CHOLE) == ["clip the cystic artery", "clip the cystic duct"]


@pytest.mark.parametrize(
    ("slip", "meant"),
    [
        ("dukt", "duct"),
        ("arterie", "arteries"),
        ("galbladder", "gallbladder"),
        ("graspr", "grasper"),
        ("teh", "the"),
        ("summerise", "summarise"),
        ("irigation", "irrigation"),
        # What is a word of its own, or two letters off, stays.
        ("bile", "bile"),
        ("stapler", "stapler"),
        ("dressing", "dressing"),
        ("dose", "dose"),
        ("lips", "lips"),
        ("dkt", "dkt"),
        ("gllbldder", "gllbldder"),
    ],
)
def test_one_wrong_letter_is_forgiven_where_nothing_else_is_meant(slip: str, meant: str) -> None:
    own = frozenset().union(*(action.words for action in CHOLE))
    assert mended(slip, own, {"summarise", "where"}) == meant


@pytest.mark.parametrize(
    ("action", "thing"),
    [
        ("clip the cystic duct", "cystic duct"),
        ("dissect the gallbladder from the liver", "gallbladder"),
        ("tie the knot", "knot"),
        ("haemostasis", "haemostasis"),
        ("duct clipping", "duct"),
    ],
)
def test_what_an_action_is_done_to(action: str, thing: str) -> None:
    assert target(action) == thing
