"""What the programs that measure share: the spread of some values, and a command line of rounds and a table or JSON."""

import argparse
import asyncio
import json
import statistics
from collections.abc import Awaitable, Callable, Sequence
from typing import Any


def spread(values: Sequence[float], digits: int = 3) -> dict[str, float]:
    return {name: round(of(values), digits) for name, of in (("median", statistics.median), ("least", min), ("most", max))}


def program(
    says: str | None, argv: Sequence[str] | None, measure: Callable[[int], Awaitable[dict[str, Any]]],
    table: Callable[[dict[str, Any]], str], *, rounds: int, of: str,
) -> int:  # fmt: skip
    """Measures so many rounds, and prints the report. says: the program's docstring. of: what a round is."""
    parser = argparse.ArgumentParser(description=(says or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=rounds, help=f"{of} (default {rounds})")
    parser.add_argument("--json", action="store_true", help="print JSON, not a table")
    args = parser.parse_args(argv)

    async def measured() -> dict[str, Any]:
        return await measure(args.rounds)

    report = asyncio.run(measured())
    print(json.dumps(report, indent=1) if args.json else table(report))
    return 0
