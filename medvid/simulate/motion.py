"""Where every instrument is at a time: its tip, how far its jaws stand open, its outline and its box."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from medvid.core.span import Box
from medvid.simulate.shapes import Outline, outline
from medvid.simulate.stage import Point, Stage, stage_of
from medvid.simulate.truth import Event, Truth

LEAST_SEEN_PX = 14.0
"""An instrument of which less than this is in view, in width or height, is out of view."""


@dataclass(frozen=True, slots=True, eq=False)
class Pose:
    """tip, trocar: (x, y) in source pixels, with the camera's drift. open: 0 closed to 1 wide."""

    tip: Point
    trocar: Point
    open: float


def now(stage: Stage, time_s: float) -> Event | None:
    """The event that goes on at this second of the whole procedure."""
    return next((event for event in stage.whole.events if event.span.start_s <= time_s < event.span.end_s), None)


def camera(stage: Stage, time_s: float) -> Point:
    """How far the camera has drifted, in pixels."""
    p, a = stage.phases, stage.camera_px
    return np.array(
        (
            a * np.sin(0.31 * time_s + p[0]) + 1.2 * np.sin(2.1 * time_s + p[1]),
            a * np.sin(0.23 * time_s + p[2]) + 1.2 * np.sin(1.7 * time_s + p[3]),
        )
    )


def pose(stage: Stage, instrument: str, time_s: float) -> Pose:
    """The instrument at this second of the whole procedure. A hand without flow goes back and forth; an unsure one trembles."""
    event = now(stage, time_s)
    tip, opening = stage.paths[instrument].at(time_s), 0.45
    if event is not None and event.instrument == instrument:
        shift, opening = _work(stage, event, time_s)
        tip = tip + shift
    k = stage.whole.instruments.index(instrument)
    p = stage.phases[4 + 4 * k :]
    shake = (
        stage.tremor_px
        * np.array((np.sin(5.3 * time_s + p[0]) + np.sin(9.1 * time_s + p[1]), np.sin(6.1 * time_s + p[2]) + np.sin(8.3 * time_s + p[3])))
        * 0.6
    )
    if stage.whole.skill is not None:
        tip = tip + (5 - stage.whole.skill[3]) * 6.0 * np.sin(2.3 * time_s + p[0]) * np.array((0.8, -0.6))
    drift = camera(stage, time_s)
    return Pose(tip + shake + drift, stage.trocars[instrument] + drift, opening)


def _work(stage: Stage, event: Event, time_s: float) -> tuple[Point, float]:
    """What an instrument does at its target: how it moves about it, and how far its jaws stand open."""
    t = time_s - event.span.start_s
    share = t / max(event.span.duration_s, 1e-6)
    swing = np.sin(2 * np.pi * t / 1.4)
    ramp = min(1.0, t / 0.5, (event.span.duration_s - t) / 0.5)
    still = np.zeros(2)
    match event.action.split()[0]:
        case "dissect":
            return ramp * np.array((7.0 * swing, 6.0 * np.cos(2 * np.pi * t / 2.3))), 0.0
        case "clip":
            return still, max(0.0, 1.0 - 2 * share) if share < 0.5 else 0.0
        case "cut":
            return still, 0.5 + 0.5 * swing
        case "coagulate":
            return ramp * 5.0 * np.array((np.cos(2 * np.pi * t / 1.8), np.sin(2 * np.pi * t / 1.8))), 0.3
        case "irrigate":
            return ramp * np.array((14.0 * np.sin(2 * np.pi * t / 2.6), 5.0 * swing)), 0.0
        case "pick":
            return ramp * np.array((0.0, 5.0 * swing)), max(0.0, 1 - 1.6 * share)
        case "drive":
            across = stage.places["exit"] - stage.places["entry"]
            return across * min(1.0, share * 1.25) * ramp, 0.0
        case "pull":
            return ramp * 18.0 * np.array((np.sin(2 * np.pi * t / 3.0), 0.6 * np.sin(2 * np.pi * t / 3.0))), 0.0
        case "tie":
            return ramp * 20.0 * np.array((np.cos(2 * np.pi * t / 2.2), np.sin(2 * np.pi * t / 2.2))), 0.2
        case _:
            return still, 0.1


def outline_at(truth: Truth, instrument: str, time_s: float) -> Outline:
    """The instrument's polygons at this second of the file."""
    stage = stage_of(truth.seed, truth.kind)
    held = pose(stage, instrument, truth.offset_s + time_s)
    return outline(instrument, held.tip, held.trocar, held.open)


def box_of(shape: Outline, size: tuple[int, int]) -> Box | None:
    """The box round the visible part of an outline; None where it is out of view."""
    points = np.concatenate([polygon for polygon, _ in shape])
    (x1, y1), (x2, y2) = points.min(axis=0), points.max(axis=0)
    if not _tip_in_view(shape, size):
        return None
    x1, y1, x2, y2 = max(x1, 0.0), max(y1, 0.0), min(x2, float(size[0])), min(y2, float(size[1]))
    if x2 - x1 < LEAST_SEEN_PX or y2 - y1 < LEAST_SEEN_PX:
        return None
    return Box.of(round(float(x1), 2), round(float(y1), 2), round(float(x2), 2), round(float(y2), 2))


def _tip_in_view(shape: Outline, size: tuple[int, int]) -> bool:
    x, y = shape[-1][0].mean(axis=0)
    return bool(-2 <= x <= size[0] + 2 and -2 <= y <= size[1] + 2)


def box_at(truth: Truth, instrument: str, time_s: float) -> Box | None:
    """Where the instrument is seen at this second of the file, in source pixels; None where it is out of view or of another kind."""
    if instrument not in truth.instruments or not 0 <= time_s <= truth.duration_s:
        return None
    return box_of(outline_at(truth, instrument, time_s), truth.size)
