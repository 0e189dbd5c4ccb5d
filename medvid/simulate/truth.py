"""Truth: a simulated procedure as a value. What happens when, where every instrument is, and the scores it deserves.

Times are seconds from the file's first frame, boxes pixels of the upright source frame. Everything follows from `seed` and the version of
the simulator. Seeds from 1,000,000 on are held out for ever: nothing may be trained on them.
"""

from dataclasses import dataclass
from typing import Literal

from medvid.core import Box, Case, Span

HELD_OUT_SEED = 1_000_000
Kind = Literal["cholecystectomy", "suturing"]


@dataclass(frozen=True, slots=True)
class Event:
    """One step of the procedure, done by one instrument on one target. `action` is a name of the procedure's list, such as `clip the
    cystic duct`; `instrument` and `target` are such as `clipper` and `cystic duct`."""

    span: Span
    action: str
    instrument: str
    target: str


@dataclass(frozen=True, slots=True)
class CvsState:
    """The three criteria of the critical view of safety, 0 to 2 each, from `start_s` on."""

    start_s: float
    scores: tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Truth:
    """events: in time order, not overlapping. cvs: states in time order; empty for suturing. skill: the six scores of 1 to 5 in the
    benchmark's order; None for a cholecystectomy. offset_s: where in the whole procedure this file begins."""

    seed: int
    kind: Kind
    case: Case
    duration_s: float
    fps: float
    size: tuple[int, int]
    events: tuple[Event, ...]
    instruments: tuple[str, ...]
    cvs: tuple[CvsState, ...] = ()
    skill: tuple[int, ...] | None = None
    offset_s: float = 0.0

    def box_at(self, instrument: str, time_s: float) -> Box | None:
        """Where the instrument is seen at this second of the file, in source pixels; None where it is out of view or of another kind."""
        from medvid.simulate.motion import box_of, outline_at

        if instrument not in self.instruments or not 0 <= time_s <= self.duration_s:
            return None
        return box_of(outline_at(self, instrument, time_s), self.size)
