"""Runs the real program in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ORACLE = "tests.cli.oracle_program"


def environment(**more: str) -> dict[str, str]:
    """Wide enough that tables are not folded, and without colours."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "240", "NO_COLOR": "1", "TERM": "dumb", **more}


def medvid(
    *args: str, cwd: Path | None = None, env: dict[str, str] | None = None, program: str = "medvid.cli", limit_s: float = 240
) -> subprocess.CompletedProcess[str]:
    """program: ORACLE for a model that knows the truth."""
    command = [sys.executable, "-m", program, *args]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=environment(**(env or {})), timeout=limit_s)
