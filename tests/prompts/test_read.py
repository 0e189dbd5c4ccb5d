"""Forms that a user has read: kept as data, filled as they stand, chosen by what is declared, and ours where a value is missing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medvid.core.case import Case
from medvid.core.errors import ConfigError
from medvid.prompts import all_words, wording
from medvid.prompts.read import ReadForm, Slot, forms_file, read_forms, write_forms

BRACES = "Say {action} and {0} of 100 %: {{"
OPEN = ReadForm(tool="localize_action", style=None, source="AVOS", records=9, parts=(BRACES, Slot(value="action", write="capital"), "?"))
NURSING = ReadForm(
    tool="localize_action", style=None, source="NurViD", records=3,
    parts=(
        "In ", Slot(value="procedure"), " of ", Slot(value="actions", write="lower", between=(", ", " or ")), ", when is ",
        Slot(value="action"),
    ),
)  # fmt: skip


@pytest.fixture
def mine(own_folders: Path) -> Iterator[str]:
    write_forms("mine", (OPEN, NURSING))
    yield "mine"
    forms_file("mine").unlink()


def test_text_is_data_and_braces_in_it_survive(mine: str) -> None:
    assert wording(mine).ask("localize_action", Case(), {"action": "{wave}"}) == BRACES + "{wave}?"


@given(st.lists(st.text(), min_size=1), st.text(min_size=1))
def test_any_text_is_stored_and_given_back(texts: list[str], action: str) -> None:
    form = OPEN.model_copy(update={"parts": (*texts, Slot(value="action"), *texts)})
    assert ReadForm.model_validate_json(form.model_dump_json()).fill({"action": action}) == "".join((*texts, action, *texts))


@pytest.mark.parametrize(
    ("write", "value", "text"),
    [
        ("verbatim", "Wash face", "Wash face"), ("lower", "Wash face", "wash face"), ("capital", "PICC in", "PICC in"),
        ("capital", "tie", "Tie"),
        ("short", "66.0", "66"), ("short", 0.25, "0.25"), ("short", 100.0, "100"), ("decimal", 66, "66.0"), ("short", 0.0, "0"),
    ],
)  # fmt: skip
def test_a_value_is_written_as_the_questions_had_it(write: str, value: object, text: str) -> None:
    assert Slot.model_validate({"value": "action", "write": write}).text(value) == text


def test_the_form_is_that_of_the_declared_source_else_the_most_frequent(mine: str) -> None:
    nursing = Case(procedure="bed shampoo", actions=("Comb hair", "Dry hair", "Wet hair"))  # type: ignore[arg-type]
    asked = wording(mine).ask("localize_action", nursing, {"action": "Dry hair"})
    assert asked == "In Bed Shampoo of comb hair, dry hair or wet hair, when is Dry hair"
    assert wording(mine).ask("localize_action", Case(procedure="hernia repair"), {"action": "tie"}).startswith(BRACES)
    assert wording(mine).remark("localize_action", Case(procedure="hernia repair")) == (
        "asked in the form of AVOS, which is not told to be this video's"
    )
    assert wording(mine).ask("localize_action", Case(source="AVOS", procedure="bed shampoo"), {"action": "tie"}).startswith(BRACES)


def test_ours_is_asked_where_the_form_needs_what_is_not_declared_and_that_is_said(mine: str) -> None:
    case = Case(source="NurViD")
    assert wording(mine).ask("localize_action", case, {"action": "tie"}) == wording("plain").ask("localize_action", case, {"action": "tie"})
    assert wording(mine).remark("localize_action", case) == (
        "asked in medvid's own words: the form of NurViD names actions and procedure, not declared"
    )
    assert wording(mine).remark("localize_action", Case(source="AVOS")) is None


def test_ours_is_asked_where_no_form_of_the_tool_was_read(mine: str) -> None:
    assert wording(mine).ask("assess_cvs", Case(), {"names": "a, b"}) == wording("plain").ask("assess_cvs", Case(), {"names": "a, b"})
    assert wording(mine).remark("assess_cvs", Case()) == "asked in medvid's own words: mine has no form of assess_cvs"
    assert wording("plain").remark("assess_cvs", Case()) is None


def test_the_words_of_the_data_are_no_words_of_ours(mine: str) -> None:
    assert wording(mine).read and not {"Say", "100"} & all_words()


def test_an_unknown_name_is_refused_with_those_there_are(mine: str) -> None:
    with pytest.raises(ConfigError, match=r"there is no wording 'yours', but plain, .*mine.*; `medvid bench forms"):
        wording("yours")


@pytest.mark.parametrize("name", ["plain", "../mine", "", ".mine", "a b", "mine\n"])
def test_a_name_that_is_no_plain_word_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="cannot name question forms"):
        write_forms(name, (OPEN,))


@pytest.mark.parametrize(
    "change", [{"version": 2}, {"forms": []}, {"more": 1}, {"forms": [{**OPEN.model_dump(), "parts": [{"value": "id"}]}]}, None]
)
def test_a_file_that_is_none_of_ours_is_named(mine: str, change: dict[str, object] | None) -> None:
    said = json.loads(forms_file(mine).read_text())
    forms_file(mine).write_text("nothing" if change is None else json.dumps({**said, **change}))
    with pytest.raises(ConfigError, match=r"forms/mine\.json cannot be used"):
        read_forms(mine)


def test_nothing_is_written_where_no_form_was_found() -> None:
    with pytest.raises(ConfigError, match="no question form was found"):
        write_forms("none", ())
    assert not forms_file("none").exists()
