"""Progress: how far long work has come."""

from typing import Protocol


class Progress(Protocol):
    """Awaited as work goes on: `done` of `total` units, and what is being done."""

    async def __call__(self, done: float, total: float, message: str) -> None: ...


async def no_progress(done: float, total: float, message: str) -> None:
    """Tells nobody."""
