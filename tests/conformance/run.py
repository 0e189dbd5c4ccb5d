"""`make conformance`: the official suite, twice in each revision of the protocol.

With the fixtures that the suite calls by name, every scored scenario must pass. Without them, as users get the server, what fails must be
exactly what `baseline-REVISION.yaml` lists, each line with its reason. Source: the README of `@modelcontextprotocol/conformance`.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from medvid.core.span import Span
from medvid.simulate import clip_of, make_procedure, write_video

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
NODE = ROOT / ".venv-node" / "bin" / "node"
SUITE = HERE / "node_modules" / ".bin" / "conformance"
SCORED = {"2025-11-25": 30, "2026-07-28": 37}
"""Scenarios that each revision requires of a server."""
RESULT = re.compile(r"^[✓✗~] ([\w-]+): \d+ passed, (\d+) failed", re.MULTILINE)


def baseline(revision: str) -> Path:
    return HERE / f"baseline-{revision}.yaml"


def expected_to_fail(revision: str) -> set[str]:
    """The scenarios of the baseline; some of their checks only warn, which the suite counts as passed in its summary."""
    return {check.partition(":")[0] for check in yaml.safe_load(baseline(revision).read_text(encoding="utf-8"))["server"]}


def required(revision: str) -> list[str]:
    """The scenarios that the suite scores a server by."""
    held = (HERE / "node_modules/@modelcontextprotocol/conformance/requirements" / f"{revision}.yaml").read_text(encoding="utf-8")
    server = re.search(r"^server:\n((?:  - .*\n)+)", held, re.MULTILINE)
    assert server is not None
    return re.findall(r"  - (\S+)", server[1])


@contextmanager
def served(clip: Path, *options: str) -> Iterator[str]:
    command = [sys.executable, "-m", "tests.conformance.server", *options, str(clip)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            url = server.stdout.readline().strip()
            if not url:
                sys.exit(f"the server did not start: {server.communicate()[1]}")
            yield url
        finally:
            server.terminate()
            server.communicate()


def suite(url: str, revision: str, folder: Path, *options: str) -> tuple[int, str]:
    """Its exit status and its summary."""
    command = [str(NODE), str(SUITE), "server", "--url", url, "--requirements", revision, "-o", str(folder), *options]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout.partition("=== SUMMARY ===")[2] or done.stdout


def passed(summary: str, scenarios: list[str]) -> list[str]:
    """Those of the scenarios in which no check failed."""
    clean = {name for name, failures in RESULT.findall(summary) if failures == "0"}
    return [name for name in scenarios if name in clean]


def main() -> int:
    for path in (NODE, SUITE):
        if not path.exists():
            sys.exit(f"{path} is missing; `make conformance` makes it")
    failed = False
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # The run's own probes and settings: nothing of the developer's is read or written.
        os.environ.update({f"XDG_{kind}_HOME": str(folder / kind) for kind in ("DATA", "CACHE", "CONFIG", "STATE")})
        clip = write_video(clip_of(make_procedure(5, "cholecystectomy"), Span.of(30.0, 40.0)), folder / "operation.mp4")
        for revision, expected in SCORED.items():
            scenarios = required(revision)
            with served(clip, "--fixtures") as url:
                status, summary = suite(url, revision, folder / f"fixtures-{revision}")
            good = passed(summary, scenarios)
            right = status == 0 and len(good) == len(scenarios) == expected
            print(f"{revision} with the fixtures: {len(good)}/{len(scenarios)} scored scenarios pass" + ("" if right else f"\n{summary}"))
            with served(clip) as url:
                status, summary = suite(url, revision, folder / f"own-{revision}", "--expected-failures", str(baseline(revision)))
            good = passed(summary, [scenario for scenario in scenarios if scenario not in expected_to_fail(revision)])
            told = "the rest as in the baseline" if status == 0 else f"not as in {baseline(revision).name}\n{summary}"
            print(f"{revision} as users get it: {len(good)}/{len(scenarios)} scored scenarios pass, {told}", flush=True)
            failed = failed or not right or status != 0
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
