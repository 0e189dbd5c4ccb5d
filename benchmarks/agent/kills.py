"""Runs that are killed at a random moment and gone on with: the same answer, and no call made twice but those in flight.

    python -m benchmarks.agent.kills [--kills N] [--seed N] [--json]        about two seconds a kill

A process of its own asks a question of two branches, one of them repeated for each span that was found, of the demo's operation, with the
oracle behind a small wait. It is killed by SIGKILL at a moment drawn evenly from the time that the run takes, and this process goes on
with it. Every call is written down as it begins and as its answer comes. A call is in flight until its result is stored: one whose answer
had come less than `STORED_S` before the kill may be made again, and is counted apart.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import anyio

from benchmarks.agent import films
from benchmarks.agent.films import oracle, titled
from medvid.agent import runs
from medvid.app import open_client, open_library, open_server, open_toolbox
from medvid.core import ConfigError, Plan, Run
from medvid.core.settings import Settings
from medvid.simulate.demo import DEMO_SEED

VIDEO = {"kind": "cholecystectomy", "seed": DEMO_SEED, "cut": [0, 30]}
RUN_ID = "killed"
WAIT_S = 0.1
"""Before each answer of the oracle, so that a run takes about a second."""
STORED_S = 0.25


def plan_for(video_id: str) -> Plan:
    def tool(name: str, step: str, **args: Any) -> dict[str, Any]:
        each = {"for_each": args.pop("for_each")} if "for_each" in args else {}
        return {"id": step, "tool": name, "args": {"video_id": video_id, **args}, **each}

    steps = [
        tool("localize_action", "duct", action="clip the cystic duct"),
        tool("localize_action", "triangle", action="dissect the hepatocystic triangle"),
        {"id": "first", "op": "first", "args": {"spans": "$duct.spans"}},
        {"id": "before", "op": "before", "args": {"span": "$first"}},
        tool("assess_cvs", "view", span="$before"),
        tool("caption_events", "events", span="$item", for_each="$triangle.spans"),
        tool("ground_object", "where", object="clipper", every_s=2.0, span="$first"),
        tool("caption_region", "what", box_px="$where.track[0].box_px", time_s="$where.track[0].time_s", span="$first"),
    ]
    return Plan.model_validate({"steps": steps})


class Waiting:
    """An engine that answers after a while."""

    def __init__(self, engine: Any) -> None:
        self.engine = engine

    def __getattr__(self, name: str) -> Any:
        return getattr(self.engine, name)

    async def generate(self, request: Any) -> Any:
        await anyio.sleep(WAIT_S)
        return await self.engine.generate(request)


class Written:
    """A client that writes each call of a tool down, a line as it begins and one as its answer comes."""

    def __init__(self, client: Any, log: Path) -> None:
        self.client, self.log = client, log

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client, name)

    async def call_tool(self, name: str, arguments: dict[str, Any] | None = None, **more: Any) -> Any:
        key = json.dumps([name, arguments], sort_keys=True)
        self._write("begun", key)
        answered = await self.client.call_tool(name, arguments, **more)
        self._write("answered", key)
        return answered

    def _write(self, what: str, key: str) -> None:
        if not key.startswith('["list_videos"'):
            with self.log.open("a") as file:
                file.write(json.dumps({"what": what, "key": key, "at": time.time()}) + "\n")


async def go(folder: Path, log: Path) -> Run:
    """Asks, or goes on where there is such a run already."""
    with titled([VIDEO]) as (files, shown):
        toolbox = open_toolbox(Settings(), open_library(Settings(), files), Waiting(oracle(shown)))
        async with open_client(open_server(toolbox, pictures=False)) as connected:
            client, stored = Written(connected, log), folder / "runs.sqlite"
            (folder / "begun").touch()
            try:
                return await runs.resume(RUN_ID, client, checkpoints=stored)
            except ConfigError:  # killed before the first checkpoint was written
                video_id = shown[0].video_id
                question = "Was the critical view achieved before the first clip, and what happens while the triangle is dissected?"
                return await runs.ask(question, [video_id], client, run_id=RUN_ID, plan=plan_for(video_id), checkpoints=stored)


def victim(folder: str, log: str, rendered: Path) -> None:
    films.RENDERED = rendered
    asyncio.run(go(Path(folder), Path(log)))


def lines(log: Path) -> list[dict[str, Any]]:
    """A last line that the kill cut off says nothing."""
    read = log.read_text().split("\n")[:-1] if log.exists() else []
    return [json.loads(line) for line in read]


def one(moment_s: float, unharmed: Run) -> dict[str, Any]:
    """A run that is killed `moment_s` after it began, and gone on with."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        first, second = folder / "first.log", folder / "second.log"
        process = multiprocessing.get_context("forkserver").Process(target=victim, args=(name, str(first), films.RENDERED))
        process.start()
        while not (folder / "begun").exists() and process.is_alive():
            time.sleep(0.002)
        process.join(moment_s)
        had_ended = not process.is_alive()
        process.kill()
        process.join()
        killed_at = time.time()
        run = asyncio.run(go(folder, second))
        answered = {line["key"]: line["at"] for line in lines(first) if line["what"] == "answered"}
        again = Counter(line["key"] for line in lines(second) if line["what"] == "begun")
        begun = Counter(line["key"] for line in lines(first) if line["what"] == "begun")
        late = [key for key in again if key in answered and killed_at - answered[key] > STORED_S]
        return {
            "moment_s": round(moment_s, 3), "had_ended": had_ended, "answered_before": len(answered),
            "same": run.answer.text == unharmed.answer.text and not run.failures,
            "in_flight": sum(key in begun and key not in answered for key in again),
            "being_stored": sum(key in answered for key in again) - len(late),
            "twice": len(late) + sum(n > 1 for n in (*again.values(), *begun.values())),
        }  # fmt: skip


def measure(kills: int, seed: int) -> dict[str, Any]:
    loaded = ["medvid.agent.runs", "medvid.mcp_server.server", "benchmarks.agent.films"]
    multiprocessing.get_context("forkserver").set_forkserver_preload(loaded)
    with TemporaryDirectory() as name:
        folder = Path(name)
        asyncio.run(go(folder, folder / "warm.log"))  # the film is rendered, every module loaded
        (folder / "runs.sqlite").unlink()
        start = time.perf_counter()
        unharmed = asyncio.run(go(folder, folder / "unharmed.log"))
        takes_s = time.perf_counter() - start
        calls = sum(line["what"] == "begun" for line in lines(folder / "unharmed.log"))
    drawn, made = random.Random(seed), []
    for number in range(1, kills + 1):
        made.append(one(drawn.uniform(0.0, takes_s), unharmed))
        if number % 10 == 0 or number == kills:
            print(f"{number} of {kills} killed", file=sys.stderr, flush=True)
    total = {name: sum(run[name] for run in made) for name in ("had_ended", "same", "in_flight", "being_stored", "twice")}
    return {"kills": kills, "seed": seed, "calls": calls, "takes_s": round(takes_s, 2), **total, "runs": made}


def table(report: dict[str, Any]) -> str:
    heads = {
        "kills": "runs killed", "had_ended": "of these already ended", "same": "same answer", "in_flight": "calls in flight, made again",
        "being_stored": "answered less than 0.25 s before, made again", "twice": "other calls made twice",
    }  # fmt: skip
    cells = [f"| {' | '.join(heads.values())} |", f"|{'---|' * len(heads)}", f"| {' | '.join(str(report[name]) for name in heads)} |"]
    return "\n".join([*cells, "", f"A run makes {report['calls']} calls and takes {report['takes_s']} s. Seed {report['seed']}."])


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=50, help="runs that are killed (default 50)")
    parser.add_argument("--seed", type=int, default=5, help="of the moments (default 5)")
    parser.add_argument("--json", action="store_true", help="print JSON, not a table")
    args = parser.parse_args(argv)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    report = measure(args.kills, args.seed)
    print(json.dumps(report, indent=1) if args.json else table(report))
    return int(report["same"] < report["kills"] or report["twice"] > 0)


if __name__ == "__main__":
    sys.exit(main())
