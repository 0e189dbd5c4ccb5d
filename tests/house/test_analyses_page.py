"""What docs/analyses.md shows is really so: it names every analysis that comes along, and its own example may run."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import yaml

from medvid.agent.binding import bind
from medvid.agent.check import check_plan
from medvid.agent.cohort import SHIPPED, Analysis, load_analysis
from tests.agent.fake import TOOLS, listing

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "analyses.md").read_text(encoding="utf-8")


def test_its_table_and_its_examples_name_every_analysis_and_no_other() -> None:
    assert set(re.findall(r"^\| `([a-z_]+)` \|", PAGE, re.MULTILINE)) == set(SHIPPED)
    commands = [shlex.split(line[2:]) for line in PAGE.splitlines() if line.startswith("$ medvid run ")]
    assert {command[2] for command in commands} >= set(SHIPPED)


def test_the_analysis_of_ones_own_and_those_that_come_along_may_run() -> None:
    (example,) = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    for analysis in [Analysis.model_validate(yaml.safe_load(example)), *map(load_analysis, SHIPPED)]:
        check_plan(bind(analysis, {}, listing()), TOOLS)
