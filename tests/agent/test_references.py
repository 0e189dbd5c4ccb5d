"""References: what they read, and that whatever is not there is null."""

from __future__ import annotations

from typing import Any

import pytest

from medvid.agent.references import holds_null, references_in, resolve
from medvid.core.errors import PlanError

GIVEN: dict[str, Any] = {
    "s1": {"spans": [{"start_s": 1.0, "end_s": 2.0}, {"start_s": 5.0, "end_s": 9.0}]},
    "s2": None,
    "s3": [{"spans": [1, 2]}, None, {"spans": [3]}],
    "s4": {"scores": {"Two structures": 2}},
    "s5": [{"text": "a"}, {"text": "b"}],
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$s1.spans[1].end_s", 9.0),
        ("$s1.spans[-1].start_s", 5.0),
        ("$s2", None),
        ("$s2.spans[0].start_s", None),
        ("$s1.spans[7]", None),
        ("$s1.track", None),
        ("$s3[*].spans", [1, 2, 3]),
        ("$s5[*].text", ["a", "b"]),
        ('$s4.scores["Two structures"]', 2),
        ("$$5 and more", "$5 and more"),
        ("plain", "plain"),
    ],
)
def test_a_reference_reads_what_stands_at_its_path_and_null_where_nothing_does(text: str, value: Any) -> None:
    assert resolve(text, GIVEN.__getitem__) == value


def test_references_stand_anywhere_inside_an_argument() -> None:
    args = {"span": {"start_s": 0, "end_s": "$s1.spans[0].end_s"}, "list": ["$s4.scores", 1]}
    assert resolve(args, GIVEN.__getitem__) == {"span": {"start_s": 0, "end_s": 2.0}, "list": [{"Two structures": 2}, 1]}
    assert {reference.root for reference in references_in(args)} == {"s1", "s4"}


def test_the_reference_that_read_nothing_is_named() -> None:
    args = {"a": "$s1.spans", "b": {"c": ["$s2"]}}
    assert holds_null(args, resolve(args, GIVEN.__getitem__)) == "$s2"
    assert holds_null({"a": None}, {"a": None}) is None, "a null that was written is meant"


@pytest.mark.parametrize("text", ["$", "$S1", "$s1.", "$s1[x]", "$s1 spans", "$5"])
def test_what_starts_like_a_reference_and_is_none_is_refused_with_the_way_out(text: str) -> None:
    with pytest.raises(PlanError, match=r"write \$step\.field"):
        list(references_in(text))
