"""A run whose process was killed goes on in another one, without repeating what had finished."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from medvid.agent.runs import resume, stored
from tests.agent.fake import VIDEO_ID, FakeServer, outcome
from tests.agent.killed import QUESTION, SPANS

pytestmark = pytest.mark.anyio
HERE = Path(__file__).resolve().parents[2]


def lines_of(log: Path) -> list[str]:
    return log.read_text().splitlines() if log.exists() else []


async def test_a_killed_run_goes_on_where_it_was(tmp_path: Path) -> None:
    runs, log = tmp_path / "runs.sqlite", tmp_path / "asked.log"
    process = subprocess.Popen([sys.executable, "-m", "tests.agent.killed", str(runs), str(log)], cwd=HERE)  # noqa: ASYNC220
    try:
        deadline = time.monotonic() + 60
        while "assess_cvs" not in lines_of(log):
            assert process.poll() is None, "the run ended by itself"
            assert time.monotonic() < deadline, f"it came no further than {lines_of(log)}"
            time.sleep(0.05)  # noqa: ASYNC251
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert sorted(lines_of(log)) == ["assess_cvs", "clip the cystic artery", "clip the cystic duct"]

    kept = await stored("killed", checkpoints=runs)
    assert (kept["question"], kept["video_ids"]) == (QUESTION, [VIDEO_ID])
    scores = {"Two structures": 2, "Cystic plate": 2, "Hepatocystic triangle": 2}
    fake = FakeServer({"assess_cvs": lambda args: outcome({"scores": scores}, span=args["span"])})
    async with fake.client() as client:
        run = await resume("killed", client, checkpoints=runs)
    assert [name for name, _ in fake.asked] == ["assess_cvs"], "the two calls that had finished are not made again"
    assert run.outcomes["s1"][0]["result"] == {"spans": SPANS}
    assert run.answer.statements[-1].text.endswith("It was achieved in full.")
