"""What README shows is really so: its example runs, its tools and folders are those of the package."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

from medvid.core.case import Case
from medvid.tools.registry import TOOLS
from tests.cli.program import medvid

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def test_every_command_of_the_example_runs(tmp_path: Path) -> None:
    commands = [shlex.split(line[2:]) for block in blocks("console") for line in block.splitlines() if line.startswith("$ ")]
    assert len(commands) >= 4
    for name, *args in commands:
        assert name == "medvid"
        done = medvid(*args, cwd=tmp_path)
        assert done.returncode == 0, f"medvid {shlex.join(args)}\n{done.stderr}"
        assert done.stdout


def test_its_python_runs(tmp_path: Path) -> None:
    (code,) = blocks("python")
    assert medvid("simulate", "operation.mp4", "--seed", "1000000", cwd=tmp_path).returncode == 0
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    # The truth of that seed: 16.5-20.5 s.
    assert "“clip the cystic duct” is seen at 16.5-20.5 s." in done.stdout


def test_the_sidecar_it_shows_can_be_read() -> None:
    (sidecar,) = [block for block in blocks("json") if '"procedure"' in block]
    case = Case.model_validate(json.loads(sidecar))
    assert case.procedure and case.actions


def test_its_table_holds_every_tool_and_no_other() -> None:
    named = re.findall(r"^\| `(\w+)` \|", README, re.MULTILINE)
    assert set(named) == {"list_videos", *TOOLS, "ask_procedure", "start_job", "job_status", "job_result", "cancel_job"}


def test_its_layout_holds_every_folder_and_no_other() -> None:
    listed = re.findall(r"^      (\w+)/ ", README, re.MULTILINE)
    assert set(listed) == {path.parent.name for path in (ROOT / "medvid").glob("*/__init__.py")}


def test_it_says_what_it_is_not_for() -> None:
    assert "Research use only; not for clinical use." in README
