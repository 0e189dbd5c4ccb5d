"""What the servers of tests.interop.server wrote: how many tokens of slow answers they made, sampled as long as they lived."""

from __future__ import annotations

import time
from pathlib import Path

BEGINS_WITHIN_S = 30.0


def samples(folder: Path) -> list[int]:
    """The counts of the one server that was asked for a slow answer, in time order; none where no server was."""
    for ledger in sorted(folder.glob("*.txt")):
        counts = [int(line) for line in ledger.read_text().split()]
        if counts and counts[-1] > 0:
            return counts
    return []


def made(folder: Path) -> int:
    """Tokens of slow answers so far."""
    return max(samples(folder), default=0)


def begun(folder: Path) -> None:
    """Waits until a server makes tokens of a slow answer."""
    until = time.monotonic() + BEGINS_WITHIN_S
    while not made(folder):
        if time.monotonic() > until:
            raise TimeoutError(f"no slow answer within {BEGINS_WITHIN_S:g} s")
        time.sleep(0.05)
