"""What PyAV itself gets wrong, worked around."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from medvid.video.pyav import packets


class LateStream:
    """A container like PyAV's where a packet of a stream unknown at the start ends the iteration with an IndexError."""

    def __init__(self) -> None:
        self.left = iter([1, 2, None, 3, None, 4])

    def demux(self, stream: Any) -> Iterator[int]:
        for packet in self.left:
            if packet is None:
                raise IndexError("list index out of range")
            yield packet


def test_a_stream_that_appears_late_does_not_end_the_reading() -> None:
    container: Any = LateStream()
    stream: Any = Path()
    assert list(packets(container, stream)) == [1, 2, 3, 4]
