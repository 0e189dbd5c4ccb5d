"""`medvid serve-model` in a process of its own: the line it prints is the one that is run, and what is missing is said."""

from __future__ import annotations

import os
import shlex
import stat
from pathlib import Path

from medvid.core.settings import EngineOptions
from medvid.engine.serving import serve_command
from tests.cli.program import medvid

MODEL = "UII-AI/uAI-NEXUS-MedVLM-1.0a-7B-RL"


def test_the_printed_line_is_the_command_and_takes_the_settings(tmp_path: Path) -> None:
    done = medvid("serve-model", "--model", MODEL, "--port", "8001", cwd=tmp_path, env={"MEDVID_TENSOR_PARALLEL": "2"})
    assert done.returncode == 0, done.stderr
    expected = serve_command(MODEL, EngineOptions(tensor_parallel=2), host="127.0.0.1", port=8001)
    assert shlex.split(done.stdout.replace("\\\n", "")) == expected  # a line an option


def test_run_becomes_that_server(tmp_path: Path) -> None:
    stand_in = tmp_path / "bin" / "vllm"
    stand_in.parent.mkdir()
    stand_in.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    stand_in.chmod(stand_in.stat().st_mode | stat.S_IXUSR)
    path = f"{stand_in.parent}{os.pathsep}{os.environ['PATH']}"
    done = medvid("serve-model", "--model", MODEL, "--run", cwd=tmp_path, env={"PATH": path})
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == serve_command(MODEL, EngineOptions(), host="127.0.0.1", port=8000)[1:]


def test_run_without_vllm_says_what_to_install(tmp_path: Path) -> None:
    done = medvid("serve-model", "--run", cwd=tmp_path, env={"PATH": str(tmp_path)})
    assert done.returncode == 2
    assert "medvid[vllm]" in done.stderr
