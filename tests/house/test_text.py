"""No committed text names a place on a developer's machine, or how packages came to it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = {".py", ".md", ".toml", ".txt", ".json", ".yaml", ".yml", ""}
NOT_READ = {"LICENSE", Path(__file__).name}
"""What others wrote, and this list of what is forbidden."""
FORBIDDEN = {
    "a folder of one machine": re.compile(r"(?<![\w.~}])/(?:home|root|work|mnt|Users|tmp)/\w"),
    "a folder beside the repository": re.compile(r"\.\./(?:\.\./)*shared"),
    "where packages come from": re.compile(r"--(?:extra-)?index-url|--find-links|trusted-host"),
}


def committed() -> list[Path]:
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip("not a git checkout")
    paths = [ROOT / name for name in done.stdout.split("\0") if name]
    return [path for path in paths if path.suffix in TEXT and path.name not in NOT_READ and path.is_file()]


@pytest.mark.parametrize("what", FORBIDDEN)
def test_committed_text_does_not_name(what: str) -> None:
    files = committed()
    assert ROOT / "README.md" in files
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for path in files
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if FORBIDDEN[what].search(line)
    ]
    assert not found, f"{what}:\n" + "\n".join(found)
