"""`medvid demo` prints the truth beside each statement."""

from __future__ import annotations

import json

from medvid.engine.profiles import EMBEDDED
from medvid.simulate.demo import DEMO_QUESTION
from tests.cli.program import ORACLE, medvid


def test_a_model_that_knows_the_truth_is_right_in_every_statement() -> None:
    done = medvid("demo", "--json", program=ORACLE)
    assert done.returncode == 0, done.stderr
    run = json.loads(done.stdout)
    assert run["question"] == DEMO_QUESTION
    tools = [step["tool"] for step in run["plan"]["steps"] if "tool" in step]
    assert tools == ["localize_action", "localize_action", "ground_object", "caption_region", "assess_cvs"], "the second is the second look"
    judged = [verdict for verdict in run["verdicts"] if "right" in verdict]
    assert len(judged) == len(tools)
    assert [verdict for verdict in judged if verdict["right"] is not True] == []

    shown = medvid("demo", program=ORACLE).stdout
    assert shown.startswith(DEMO_QUESTION)
    assert shown.count("right; truth: ") == len(tools)


def test_the_model_that_comes_along_is_shown_beside_the_truth_whether_right_or_wrong() -> None:
    done = medvid("demo", "--json")
    assert done.returncode == 0, done.stderr
    run = json.loads(done.stdout)
    models = {outcome["evidence"]["model"] for outcomes in run["outcomes"].values() for outcome in outcomes}
    assert models == {EMBEDDED.name}
    judged = [verdict for verdict in run["verdicts"] if "right" in verdict]
    assert judged
    assert all(verdict["truth"] for verdict in judged)
