"""What the servers of tests.interop.server wrote: how many tokens of slow answers they made, sampled as long as they lived."""

from __future__ import annotations

from pathlib import Path


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
