"""`medvid check` where everything is there: the stock processors, vLLM and `local` on the same weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import pytest

from medvid.engine.base import Architecture
from medvid.engine.checkpoint import read_checkpoint
from medvid.engine.proof import differing, fixed_requests
from tests.cli.program import medvid
from tests.vllm.checkpoints import served_checkpoint
from tests.vllm.server import OPTIONS


@pytest.mark.parametrize("architecture", get_args(Architecture))
def test_prompts_and_positions_are_those_of_stock_transformers(architecture: Any, tmp_path: Path) -> None:
    folder = served_checkpoint(tmp_path / "tiny", architecture)
    checkpoint = read_checkpoint(folder)
    if checkpoint.profile.answer_start:
        template = folder / "chat_template.jinja"
        template.write_text(template.read_text().replace("assistant\n{% endif %}", "assistant\n<think>\n\n</think>\n\n{% endif %}"))
    assert differing(checkpoint, fixed_requests(checkpoint.profile)) == {"prompt": [], "positions": []}


def test_a_profile_that_says_another_form_than_the_chat_template_is_found(tmp_path: Path) -> None:
    folder = served_checkpoint(tmp_path / "tiny", "qwen3_vl")
    profile = json.loads((folder / "profile.json").read_text())
    (folder / "profile.json").write_text(json.dumps({**profile, "answer_start": "Answer: "}))
    checkpoint = read_checkpoint(folder)
    assert len(differing(checkpoint, fixed_requests(checkpoint.profile))["prompt"]) == 5


def test_local_and_vllm_agree_in_the_report(tmp_path: Path) -> None:
    folder = served_checkpoint(tmp_path / "theirs", "qwen2_5_vl")
    done = medvid("check", "--model", str(folder), "--json", env={"MEDVID_VLLM_ARGS": json.dumps(OPTIONS.vllm_args)}, limit_s=600)
    report = json.loads(done.stdout)
    found = {(check["check"], check["engine"]): check for check in report["checks"]}
    assert [found[name, ""]["state"] for name in ("prompt", "positions")] == ["ok", "ok"], done.stderr
    parity = found["parity", "local, vllm"]
    print(parity["figures"])
    assert parity["state"] == "ok" and parity["figures"]["same texts"] == "4 of 4"
    assert parity["figures"]["largest difference"] < 1e-3
    assert report["facts"]["vllm"] != "not installed" and str(tmp_path) not in done.stdout
