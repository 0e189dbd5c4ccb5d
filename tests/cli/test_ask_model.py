"""`medvid ask` with a language model that plans and writes, behind an OpenAI-compatible server; and with other MCP servers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from medvid.simulate import Truth
from medvid.video import probe
from tests.agent.chat import served
from tests.cli.conftest import ACTION
from tests.cli.program import ORACLE, medvid

QUESTION = "Find me the clips."


def test_a_served_model_plans_and_puts_the_answer_into_words(operation: tuple[Path, Truth]) -> None:
    pytest.importorskip("langchain_openai")
    path, truth = operation
    (span, *_) = [event.span for event in truth.events if event.action == ACTION]
    args = {"video_id": probe(path).video_id, "action": ACTION}
    plan = {"steps": [{"id": "s1", "tool": "localize_action", "args": args}]}
    wrong, right = "It is clipped at 9:59. [s1]", f"It is clipped from {span.start_s:.0f} to {span.end_s:.0f} s. [s1]"
    with served(plan, wrong, right) as (address, requests):
        env = {"MEDVID_PLANNER_ENDPOINT": address, "MEDVID_PLANNER_ANSWERS": "true", "MEDVID_PLANNER_API_KEY": "secret-key"}
        done = medvid("ask", str(path), QUESTION, "--planner-model", "any", "--json", program=ORACLE, env=env)
    assert done.returncode == 0, done.stderr
    run = json.loads(done.stdout)
    assert run["plan"]["steps"][0]["args"] == args
    assert run["answer"]["statements"][0] == {"text": right.removesuffix(" [s1]"), "step": "s1", "index": 0}
    assert run["answer"]["statements"][1]["text"].startswith("A second look confirms")
    assert run["answer"]["written_by"] == "any"
    assert "9:59 stands in nothing that the step holds" in run["plannings"][-2]["complaints"][0]
    assert len(requests) == 3
    assert "secret-key" not in done.stdout + done.stderr
    assert not any(kind in json.dumps(requests) for kind in ("image_url", "video_url", "base64"))


def test_a_model_that_cannot_be_reached_ends_with_the_reason(operation: tuple[Path, Truth]) -> None:
    pytest.importorskip("langchain_openai")
    env = {"MEDVID_PLANNER_ENDPOINT": "http://127.0.0.1:9/v1"}
    done = medvid("ask", str(operation[0]), QUESTION, "--planner-model", "any", program=ORACLE, env=env)
    assert done.returncode == 1
    assert "the language model any did not answer" in done.stderr and "Traceback" not in done.stderr


def test_an_mcp_server_that_cannot_be_reached_ends_with_the_reason(operation: tuple[Path, Truth]) -> None:
    done = medvid("ask", str(operation[0]), "When is the cystic duct clipped?", "--mcp", "http://127.0.0.1:9/mcp", program=ORACLE)
    assert done.returncode == 2
    assert "the MCP server http://127.0.0.1:9/mcp cannot be reached" in done.stderr and "Traceback" not in done.stderr
