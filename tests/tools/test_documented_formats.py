"""The examples in docs/formats.md are what the code reads and writes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from medvid.core.case import Case
from medvid.core.outcome import Outcome
from medvid.core.plan import Plan
from medvid.core.run import Run
from medvid.core.vocabulary import Synonyms
from medvid.prompts.read import FormsFile
from medvid.tools.localize_action import Spans
from medvid.tools.registry import BY_QA_TYPE, TOOLS
from tests.tools.clips import CASE, clip

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "formats.md").read_text(encoding="utf-8")


def example(section: str, number: int = 0) -> Any:
    """The JSON block of this number under a heading."""
    body = TEXT.split(f"\n## {section}\n")[1].split("\n## ")[0]
    return json.loads(re.findall(r"```json\n(.*?)```", body, re.DOTALL)[number])


def test_the_outcome_the_sidecar_the_plan_and_the_run_are_valid() -> None:
    assert Outcome[Spans].model_validate(example("Outcomes")).status == "ok"
    assert Case.model_validate(example("Outcomes", 1)).action_names == ("irrigate the liver bed", "clip the cystic duct")
    assert len(Plan.model_validate(example("Plans and runs")).steps) == 4
    assert Run.model_validate(example("Plans and runs", 1)).failures["view"][0].retryable


def test_the_forms_and_the_users_vocabulary_shown_are_valid() -> None:
    assert FormsFile.model_validate(example("Question forms")).forms[0].fill({"procedure": "Knee", "action": "wash"}) == (
        "In this video of knee, when does wash happen?"
    )
    assert Synonyms.model_validate(example("Class names")).procedures == {"Our theatre": ("hip replacement",)}


@pytest.mark.parametrize("name", TOOLS)
def test_every_tool_and_variant_has_its_row(name: str) -> None:
    row = next(line for line in TEXT.splitlines() if line.startswith(f"| `{name}` | `"))
    first, *others = TOOLS[name].qa_types
    assert f"`{first}`" in row
    assert all(f"`_{other.rsplit('_', 1)[1]}`" in row for other in others)


@pytest.mark.parametrize("name", ["localize_action", "assess_skill", "assess_cvs"])
def test_the_answers_shown_are_read_and_written_so(name: str) -> None:
    row = next(line for line in TEXT.splitlines() if line.startswith(f"| `{name}` | `"))
    answer = row.rsplit("`", 2)[1]
    assert TOOLS[name].render(TOOLS[name].parse(answer, clip(), CASE).result) == answer


def test_the_record_shown_names_a_known_task() -> None:
    assert example("Records and results")["qa_type"] in BY_QA_TYPE
