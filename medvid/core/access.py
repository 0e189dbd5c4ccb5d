"""What goes along with a call: Access, who calls, which videos they may see and how much they may ask for at once; and Progress."""

from dataclasses import dataclass
from typing import Protocol

from medvid.core.errors import AccessError


@dataclass(frozen=True, slots=True)
class Access:
    caller: str = "local"  # a name for logs and jobs
    videos: frozenset[str] | None = None  # the ids that this caller may see, None for all that the server serves
    max_span_s: float = 6 * 3600.0  # the longest stretch that one call may look at

    def may_see(self, video_id: str) -> bool:
        return self.videos is None or video_id in self.videos

    def check_span(self, duration_s: float) -> None:
        """Raises AccessError where one call asks for more than this caller may look at."""
        if duration_s > self.max_span_s:
            raise AccessError(f"the span of {duration_s:.0f} s is above the caller's {self.max_span_s:.0f} s; ask for a shorter span")


class Progress(Protocol):
    """Awaited as work goes on: `done` of `total` units, and what is being done."""

    async def __call__(self, done: float, total: float, message: str) -> None: ...


async def no_progress(done: float, total: float, message: str) -> None:
    """Tells nobody."""
