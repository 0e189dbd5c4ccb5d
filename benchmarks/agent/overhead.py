"""What plan, checks, graph and answer cost beside the tool calls themselves, on a question of three tool calls.

    python -m benchmarks.agent.overhead [--rounds N] [--json]        under a minute

The same three calls are made bare, one after the other, and through `runs.ask`: listing, plan by rules, check, graph with its checkpoints
in a sqlite file, answer with its number check. Both go to one server in this process with the oracle behind it, whose answers cost next to
nothing; they take turns, and the overhead is the median of the differences within a round. By the clock it has what else the machine does
in it; processor time, of all threads, has not, but leaves out waiting for the disk.
"""

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.agent.films import oracle, taken, titled
from benchmarks.measured import program, spread
from medvid.agent import runs
from medvid.app import open_client, open_library, open_server, open_toolbox
from medvid.core.settings import Settings
from medvid.simulate.demo import DEMO_SEED

VIDEO = {"kind": "cholecystectomy", "seed": DEMO_SEED, "cut": [0, 30]}
QUESTION = "When is the cystic duct clipped, and what is the clipper doing there?"
ALLOWED_MS = 50.0


async def bare(client: Any, video_id: str) -> None:
    """The calls that the plan makes, with the references read by hand."""
    found = await client.call_tool("localize_action", {"video_id": video_id, "action": "clip the cystic duct"})
    seen = {"video_id": video_id, "span": found.structured_content["result"]["spans"][0]}
    grounded = await client.call_tool("ground_object", {**seen, "object": "clipper", "every_s": 2.0})
    await client.call_tool("caption_region", {**seen, **grounded.structured_content["result"]["track"][0]})


async def measure(rounds: int) -> dict[str, Any]:
    took: dict[str, list[float]] = {name: [] for name in ("bare", "asked", "bare_cpu", "asked_cpu")}
    with TemporaryDirectory() as folder, titled([VIDEO]) as (files, films):
        toolbox = open_toolbox(Settings(), open_library(Settings(), files), oracle(films))
        async with open_client(open_server(toolbox, pictures=False)) as client:
            for round_ in range(rounds + 3):  # the first three warm up
                times = [stamp()]
                await bare(client, films[0].video_id)
                times.append(stamp())
                ids, stored = [films[0].video_id], Path(folder) / "runs.sqlite"
                only = taken(verify=False)  # second looks are calls more, and no overhead
                run = await runs.ask(QUESTION, ids, client, checkpoints=stored, **only)
                times.append(stamp())
                calls = sum(map(len, run.outcomes.values()))
                if calls != 3 or run.failures:
                    raise SystemExit(f"the question is to make three calls, and made {calls}: {run.answer.text}")
                for way, start, end in (("bare", *times[:2]), ("asked", *times[1:])) if round_ >= 3 else ():
                    took[way].append(1000 * (end[0] - start[0]))
                    took[f"{way}_cpu"].append(1000 * (end[1] - start[1]))
    for of in ("", "_cpu"):
        took[f"overhead{of}"] = [asked - plain for asked, plain in zip(took[f"asked{of}"], took[f"bare{of}"], strict=True)]
    return {"rounds": rounds, "allowed_ms": ALLOWED_MS, **{name: spread(values, 1) for name, values in took.items()}}


def stamp() -> tuple[float, float]:
    """Seconds by the clock, and of this process's threads."""
    return time.perf_counter(), time.process_time()


def written(cell: dict[str, float]) -> str:
    return f"{cell['median']} ({cell['least']}-{cell['most']})"


def table(report: dict[str, Any]) -> str:
    lines = ["| | bare calls, ms | asked, ms | overhead, ms |", "|---|---|---|---|"]
    for name, of in (("clock", ""), ("processor time", "_cpu")):
        cells = (report[f"{way}{of}"] for way in ("bare", "asked", "overhead"))
        lines.append(f"| {name} | {' | '.join(map(written, cells))} |")
    load = f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    return "\n".join([*lines, "", f"Allowed: {report['allowed_ms']:g} ms. Load of the machine: {load}."])


def main(argv: Sequence[str] | None = None) -> int:
    return program(__doc__, argv, measure, table, rounds=40, of="pairs that are measured")


if __name__ == "__main__":
    sys.exit(main())
