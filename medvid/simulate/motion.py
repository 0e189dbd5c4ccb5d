"""Where every instrument is at a time: its tip, how far its jaws stand open, its outline and its box.

An outline is polygons along a shaft that runs from the trocar to the tip. Each instrument has its own tip, colour and rings.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from medvid.core import Box
from medvid.simulate.stage import Point, Stage, axes, stage_of
from medvid.simulate.truth import Event, Truth
from medvid.simulate.world import SCENE, World, tinted

Polygon = npt.NDArray[np.float64]
Colour = tuple[int, ...]
Outline = list[tuple[Polygon, Colour]]
"""Polygons (K, 2) in pixels with their colours, drawn in this order; the last belongs to the tip."""

SHAFT_PX, REACH_PX = 24.0, 26.0
DARK = (30, 30, 34)
SHAFTS, RINGS = (SCENE[part] for part in ("shafts", "rings"))
"""Any other instrument's ring is dark."""
LEAST_SEEN_PX = 14.0
"""An instrument of which less than this is in view, in width or height, is out of view."""


@dataclass(frozen=True, slots=True, eq=False)
class Pose:
    """tip, trocar: (x, y) in source pixels, with the camera's drift. open: 0 closed to 1 wide."""

    tip: Point
    trocar: Point
    open: float
    world: World = World()


def now(stage: Stage, time_s: float) -> Event | None:
    """The event that goes on at this second of the whole procedure."""
    return next((event for event in stage.whole.events if event.span.start_s <= time_s < event.span.end_s), None)


def camera(stage: Stage, time_s: float) -> Point:
    """How far the camera has drifted, in pixels."""
    p, a = stage.phases, stage.camera_px
    x = a * np.sin(0.31 * time_s + p[0]) + 1.2 * np.sin(2.1 * time_s + p[1])
    y = a * np.sin(0.23 * time_s + p[2]) + 1.2 * np.sin(1.7 * time_s + p[3])
    return np.array((x, y))


def pose(stage: Stage, instrument: str, time_s: float) -> Pose:
    """The instrument at this second of the whole procedure. A hand without flow goes back and forth; an unsure one trembles."""
    event = now(stage, time_s)
    tip, opening = stage.paths[instrument].at(time_s), 0.45
    if event is not None and event.instrument == instrument:
        shift, opening = _work(stage, event, time_s)
        tip = tip + shift
    k = stage.whole.instruments.index(instrument)
    p = stage.phases[4 + 4 * k :]
    x, y = np.sin(5.3 * time_s + p[0]) + np.sin(9.1 * time_s + p[1]), np.sin(6.1 * time_s + p[2]) + np.sin(8.3 * time_s + p[3])
    shake = stage.tremor_px * np.array((x, y)) * 0.6
    if stage.whole.skill is not None:
        tip = tip + (5 - stage.whole.skill[3]) * 6.0 * np.sin(2.3 * time_s + p[0]) * np.array((0.8, -0.6))
    drift = camera(stage, time_s)
    return Pose(tip + shake + drift, stage.trocars[instrument] + drift, opening, stage.world)


def _work(stage: Stage, event: Event, time_s: float) -> tuple[Point, float]:
    """What an instrument does at its target: how it moves about it, and how far its jaws stand open."""
    t, whole_s = ((seconds / stage.world.pace) for seconds in (time_s - event.span.start_s, event.span.duration_s))
    share, verb = t / max(whole_s, 1e-6), event.action.split()[0]
    ramp = min(1.0, t / 0.5, (whole_s - t) / 0.5)
    opening, *sides = SCENE["work"].get(verb, (0.1, 0, 1, 0, 0, 1, 0))
    shift = ramp * np.array([wide * np.sin(2 * np.pi * (t / period + phase)) for wide, period, phase in (sides[:3], sides[3:])])
    if verb == "drive":
        shift = (stage.places["exit"] - stage.places["entry"]) * min(1.0, share * 1.25) * ramp
    changing = {"clip": max(0.0, 1 - 2 * share), "cut": 0.5 + 0.5 * np.sin(2 * np.pi * t / 1.4), "pick": max(0.0, 1 - 1.6 * share)}
    return shift, changing.get(verb, opening)


def outline(instrument: str, held: Pose) -> Outline:
    along, across = (axis * held.world.size for axis in axes(held.tip, held.trocar))

    def place(points: list[tuple[float, float]]) -> Polygon:
        """(back from the tip, across) -> pixels."""
        return np.array([held.tip + a * along + c * across for a, c in points])

    half, ring = SHAFT_PX / 2, (REACH_PX + 14, REACH_PX + 22)
    shaft = [(place([(REACH_PX, -half), (420, -half), (420, half), (REACH_PX, half)]), tinted(SHAFTS[instrument], held.world.shaft))]
    shaft.append((place([(ring[0], -half), (ring[1], -half), (ring[1], half), (ring[0], half)]), tuple(RINGS.get(instrument, DARK))))
    return shaft + [(place(points), tint) for points, tint in _tip(instrument, held.open)]


def _tip(instrument: str, opening: float) -> list[tuple[list[tuple[float, float]], Colour]]:
    gap = 3 + 11 * opening
    return [
        ([(back, side * (across + wide * gap)) for back, across, wide in points], tuple(colour))
        for colour, points, both_sides in SCENE["tips"][instrument]
        for side in ((1, -1) if both_sides else (1,))
    ]


def outline_at(truth: Truth, instrument: str, time_s: float) -> Outline:
    """The instrument's polygons at this second of the file."""
    return outline(instrument, pose(stage_of(truth.seed, truth.kind), instrument, truth.offset_s + time_s))


def box_of(shape: Outline, size: tuple[int, int]) -> Box | None:
    """The box round the visible part of an outline; None where it is out of view."""
    points = np.concatenate([polygon for polygon, _ in shape])
    low, high = np.maximum(points.min(axis=0), 0.0), np.minimum(points.max(axis=0), size)
    x, y = shape[-1][0].mean(axis=0)
    tip_in_view = -2 <= x <= size[0] + 2 and -2 <= y <= size[1] + 2
    if not tip_in_view or (high - low).min() < LEAST_SEEN_PX:
        return None
    return Box.of(*(round(float(side), 2) for side in (*low, *high)))
