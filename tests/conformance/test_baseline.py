"""The baselines of the conformance suite say why each of their lines is there."""

from __future__ import annotations

import re

import pytest

from tests.conformance.run import SCORED, baseline

LINE = re.compile(r"  - [\w-]+:[\w-]+  # \w.{15,}")


@pytest.mark.parametrize("revision", SCORED)
def test_every_line_names_one_check_and_gives_its_reason(revision: str) -> None:
    head, _, listed = baseline(revision).read_text(encoding="utf-8").partition("server:\n")
    assert all(line.startswith("# ") for line in head.splitlines())
    lines = listed.splitlines()
    assert lines
    assert [line for line in lines if not LINE.fullmatch(line)] == []
    assert len(set(lines)) == len(lines)
