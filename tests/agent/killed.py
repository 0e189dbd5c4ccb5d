"""A run that waits for ever in its second step. Started as a program, to be killed: python -m tests.agent.killed RUNS_FILE LOG_FILE."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import anyio

from medvid.agent.runs import ask
from tests.agent.fake import VIDEO_ID, FakeServer, outcome

QUESTION = "When is the cystic duct clipped, when is the cystic artery clipped, and was the critical view of safety achieved before that?"
SPANS = [{"start_s": 30.0, "end_s": 36.5}]


async def main(runs: Path, log: Path) -> None:
    def note(line: str) -> None:
        with log.open("a") as out:
            out.write(line + "\n")

    def localize(args: dict[str, Any]) -> Any:
        note(args["action"])
        return outcome({"spans": SPANS})

    async def hang(args: dict[str, Any]) -> Any:
        note("assess_cvs")
        await anyio.sleep_forever()

    fake = FakeServer({"localize_action": localize, "assess_cvs": hang})
    async with fake.client() as client:
        await ask(QUESTION, [VIDEO_ID], client, run_id="killed", checkpoints=runs, verify=False)


if __name__ == "__main__":
    anyio.run(main, Path(sys.argv[1]), Path(sys.argv[2]))
