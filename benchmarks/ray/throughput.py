"""Answers a second of `medvid bench run`: in one process, and with `--ray`, an actor a core, on this machine.

    python -m benchmarks.ray.throughput [--rounds N] [--records N] [--actors N] [--json]

The same simulated records and the embedded model, on the CPU, one thread of torch for each engine; the two ways take turns, round by round,
in processes of their own. `answers a second` counts from the first answer to the last, `whole command` from its start to its end. Medians
over rounds, with the least and the most. What else runs on the machine takes from both: the load is told.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.measured import spread
from medvid.core.results_folder import whole_lines

PROGRAM = (sys.executable, "-m", "medvid.cli")
POLL_S = 0.02


def timed(records: Path, out: Path, more: Sequence[str]) -> dict[str, float]:
    """One run: its rate between the first answer and the last, and its seconds in all."""
    start_s, seen, first_s, last_s = time.perf_counter(), 0, 0.0, 0.0
    command = [*PROGRAM, "bench", "run", str(records), "--out", str(out), "--device", "cpu", "--json", *more]
    env, nowhere = {**os.environ, "OMP_NUM_THREADS": "1"}, subprocess.DEVNULL
    process = subprocess.Popen(command, stdout=nowhere, stderr=nowhere, env=env)
    begun = 0
    while (code := process.poll()) is None:
        count = len(whole_lines(out / "answers.jsonl"))
        if count > seen:
            last_s = time.perf_counter()
            first_s, begun = (first_s, begun) if seen else (last_s, count)
            seen = count
        time.sleep(POLL_S)
    if code:
        raise SystemExit(f"{' '.join(command)} ended with {code}")
    return {"answers_per_s": (seen - begun) / (last_s - first_s), "whole_s": time.perf_counter() - start_s}


def measure(rounds: int, count: int, actors: int) -> dict[str, Any]:
    ways: dict[str, Sequence[str]] = {"plain": (), "ray": ("--ray", "--actors", str(actors))}
    took: dict[str, list[dict[str, float]]] = {name: [] for name in ways}
    load = [os.getloadavg()[0]]
    with tempfile.TemporaryDirectory() as spare:
        folder = Path(spare)
        subprocess.run([*PROGRAM, "simulate", str(folder), "--records", str(count), "--json"], check=True, stdout=subprocess.DEVNULL)
        for k in range(rounds):
            for name, more in ways.items():
                took[name].append(timed(folder / "records.json", folder / f"{name}-{k}", more))
                load.append(os.getloadavg()[0])
                print(f"round {k + 1}, {name}: {took[name][-1]}", file=sys.stderr, flush=True)
            results = [(folder / f"{name}-{k}" / "results.json").read_bytes() for name in ways]
            if results[0] != results[1]:
                raise SystemExit("the two ways gave different answers")
    ratio = [ray["answers_per_s"] / plain["answers_per_s"] for plain, ray in zip(took["plain"], took["ray"], strict=True)]
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"), "cpus": os.cpu_count(), "actors": actors, "records": count,
        "rounds": rounds, "load": spread(load), "ray_over_plain": spread(ratio),
        **{name: {key: spread([one[key] for one in took[name]]) for key in ("answers_per_s", "whole_s")} for name in ways},
    }  # fmt: skip


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--records", type=int, default=60)
    parser.add_argument("--actors", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--json", action="store_true", help="print JSON, not a table")
    args = parser.parse_args(argv)
    report = measure(args.rounds, args.records, args.actors)
    if args.json:
        print(json.dumps(report, indent=1))
        return 0
    print("| way | answers a second | whole command, s |\n|---|---|---|")
    for name in ("plain", "ray"):
        cells = (f"{of['median']:.2f} ({of['least']:.2f}-{of['most']:.2f})" for of in report[name].values())
        print(f"| {name} | {' | '.join(cells)} |")
    ratio = report["ray_over_plain"]
    print(f"\nray / plain, answers a second: {ratio['median']:.2f} ({ratio['least']:.2f}-{ratio['most']:.2f}); "
          f"{report['records']} records, {report['actors']} actors, {report['cpus']} cores, load {report['load']['median']:.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
