"""Access: who calls, which videos they may see, and how much they may ask for at once."""

from dataclasses import dataclass

from medvid.core.errors import AccessError


@dataclass(frozen=True, slots=True)
class Access:
    """caller: a name for logs and jobs. videos: the ids this caller may see, None for all that the server serves.
    max_span_s: the longest stretch one call may look at."""

    caller: str = "local"
    videos: frozenset[str] | None = None
    max_span_s: float = 6 * 3600.0

    def may_see(self, video_id: str) -> bool:
        return self.videos is None or video_id in self.videos

    def check_span(self, duration_s: float) -> None:
        """Raises AccessError where one call asks for more than this caller may look at."""
        if duration_s > self.max_span_s:
            raise AccessError(f"the span of {duration_s:.0f} s is above the caller's {self.max_span_s:.0f} s; ask for a shorter span")
