"""`import medvid` and `medvid --help` stay quick: they import nothing heavy. A list is checked, no clock."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = {
    "PIL",
    "av",
    "decord",
    "hypothesis",
    "jsonschema",
    "langchain_core",
    "langgraph",
    "mcp",
    "numpy",
    "openai",
    "pandas",
    "pyarrow",
    "pydantic_settings",
    "safetensors",
    "scipy",
    "sqlite3",
    "tokenizers",
    "torch",
    "transformers",
    "uvicorn",
    "vl_convert",
    "yaml",
}
AFTERWARDS = "import json, sys; print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})), file=sys.stderr)"
HELP = """
import sys
from medvid.cli.root import main
sys.argv = ["medvid", *{args}]
try:
    main()
except SystemExit as stop:
    if stop.code:
        raise
"""


def imported_by(code: str) -> set[str]:
    done = subprocess.run([sys.executable, "-c", f"{code}\n{AFTERWARDS}"], capture_output=True, text=True, check=True)
    return set(json.loads(done.stderr.splitlines()[-1]))


def test_import_medvid_imports_nothing_heavy() -> None:
    names = imported_by("import medvid")
    assert "medvid" in names
    assert not names & HEAVY


@pytest.mark.parametrize(
    "args",
    [
        ["--help"], ["--version"], ["train", "sft", "--help"],
        *([name, "--help"] for name in ("ask", "chat", "check", "mcp", "resume", "run", "threads")),
    ],
)
def test_help_imports_nothing_heavy(args: list[str]) -> None:
    names = imported_by(HELP.format(args=args))
    assert "typer" in names
    assert not names & HEAVY


def test_the_list_would_notice() -> None:
    assert "numpy" in imported_by("import numpy") & HEAVY
