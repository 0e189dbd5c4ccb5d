"""docs/assistants.md: the session in it calls tools that there are, and its table names the versions that are tried."""

from __future__ import annotations

import json
import re
from pathlib import Path

from medvid.tools.registry import TOOLS

JOBS = ("start_job", "job_status", "job_result", "cancel_job")
ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "assistants.md").read_text(encoding="utf-8")
INTEROP = ROOT / "tests" / "interop"


def versions() -> set[str]:
    """As `make interop` installs them."""
    pinned = {line.split("==")[1].strip() for path in (INTEROP / "clients").glob("*.txt") for line in path.read_text().splitlines()}
    for package in INTEROP.glob("*/package.json"):
        pinned |= set(json.loads(package.read_text())["dependencies"].values())
    return pinned


def test_the_session_calls_tools_that_there_are() -> None:
    session = PAGE.partition("<!-- session: written by `make transcript` -->")[2].partition("<!-- end of session -->")[0]
    called = set(re.findall(r"--tool-name (\w+)", session))
    assert {"list_videos", "ask_procedure"} < called <= {"list_videos", *TOOLS, "ask_procedure", *JOBS}
    assert "ended with" not in session


def test_the_table_names_each_client_in_the_version_that_is_tried() -> None:
    named = set(re.findall(r"^\| [\w ,-]*?(\d[\d.]+)", PAGE, re.MULTILINE))
    assert named == versions()
