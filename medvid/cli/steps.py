"""Progress on stderr: a bar for one tool or for frames that are rendered, a line a step for a plan."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from medvid.core import Progress

if TYPE_CHECKING:
    from medvid.agent.events import Event, OnEvent

TOLD = {"planned", "finished", "failed", "retried", "skipped", "replanned"}


@contextmanager
def bar_progress(name: str, *, hidden: bool = False) -> Iterator[Progress]:
    """A bar on a terminal, nothing elsewhere."""
    console = Console(stderr=True)
    with Bars(console=console, transient=True, disable=hidden or not console.is_terminal) as bars:
        bar = bars.add_task(name, total=None)

        async def progress(done: float, total: float, message: str) -> None:
            bars.update(bar, completed=done, total=total, description=f"{name}: {escape(message)}")

        yield progress


@contextmanager
def frame_bar(name: str, *, hidden: bool = False) -> Iterator[Callable[[int, int], None]]:
    """Hears frames done and in all; shown once there is one."""
    with Bars(console=Console(stderr=True), transient=True, disable=hidden) as bars:
        bar = bars.add_task(name, total=None, visible=False)
        yield lambda done, total: bars.update(bar, completed=done, total=total, visible=True)


@contextmanager
def timed_bars() -> Iterator[Bars]:
    """On a terminal bars with the time taken and left, reckoned from the first advance on; elsewhere only what `console` of it prints."""
    console = Console(stderr=True, highlight=False)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn())
    with Bars(*columns, console=console, disable=not console.is_terminal, speed_estimate_period=1e9) as bars:
        yield bars


@contextmanager
def step_lines() -> Iterator[OnEvent]:
    """A line for each step that is settled; on a terminal also what is being done, below them."""
    console = Console(stderr=True, highlight=False)
    with console.status("planning") as status:

        async def tell(event: Event) -> None:
            place = f"{event.step}[{event.index}]" if event.step and event.index else event.step or ""
            text = escape(f"{place}: {event.message}" if place else event.message)
            if event.kind in TOLD:
                count = f" ({event.steps_done} of {event.steps} steps)" if event.steps_done is not None and event.steps else ""
                console.print(f"{event.kind} {text}{count}")
            else:
                status.update(text)

        yield tell
