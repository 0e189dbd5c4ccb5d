"""Stage: everything of a simulated scene that follows from its seed and does not move: places, colours, paths, phases.

Points are (x, y) source pixels in the scene, before the camera's drift.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from medvid.simulate.procedure import make_procedure
from medvid.simulate.truth import Event, Kind, Truth
from medvid.simulate.world import SCENE, World, tinted, world_of

Point = npt.NDArray[np.float64]
REST_S = 0.8
"""Seconds an instrument takes from its resting place to the target."""


def axes(a: Point, b: Point) -> tuple[Point, Point]:
    """The direction from `a` to `b`, of length 1, and the one across it."""
    along = (b - a) / max(float(np.hypot(*(b - a))), 1e-6)
    return along, np.array((-along[1], along[0]))


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """Where an instrument's tip is: times_s (K,) and points (K, 2), joined smoothly."""

    times_s: npt.NDArray[np.float64]
    points: npt.NDArray[np.float64]

    def at(self, time_s: float) -> Point:
        i = int(np.clip(np.searchsorted(self.times_s, time_s, side="right") - 1, 0, len(self.times_s) - 2))
        share = float(np.clip((time_s - self.times_s[i]) / max(self.times_s[i + 1] - self.times_s[i], 1e-6), 0, 1))
        smooth = share * share * (3 - 2 * share)
        point: Point = self.points[i] * (1 - smooth) + self.points[i + 1] * smooth
        return point


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """whole: the truth of the whole procedure. places: named points. trocars: where each instrument comes in. tints: colours (3,).
    phases: random angles for every oscillation. tremor_px: amplitude of the hand's tremor."""

    whole: Truth
    places: dict[str, Point]
    trocars: dict[str, Point]
    paths: dict[str, Path]
    tints: dict[str, npt.NDArray[np.float64]]
    phases: npt.NDArray[np.float64]
    camera_px: float
    smoke: float
    tremor_px: float
    world: World
    marks: npt.NDArray[np.float64]


@lru_cache(maxsize=64)
def stage_of(seed: int, kind: Kind) -> Stage:
    """The stage of this seed; equal for every clip cut from the procedure."""
    whole, world = make_procedure(seed, kind), world_of(seed)
    rng = np.random.default_rng((seed, 2))
    places = _places(rng, kind)
    left = np.array((-45.0, 40 + rng.uniform(-25, 60)))
    trocars = {
        name: left if name in ("grasper", "forceps") else np.array((365.0, 100 + rng.uniform(-50, 90))) for name in whole.instruments
    }
    paths = {name: _path(rng, whole, name, places, trocars[name]) for name in whole.instruments}
    base = {name: np.array(colour) for name, colour in SCENE["tints"].items()}
    tints = {name: np.clip(tint * rng.uniform(0.88, 1.1) + rng.uniform(-10, 10, 3), 0, 255) for name, tint in base.items()}
    tints |= {name: np.array(tinted(tints[name], world.ground), float) for name in ("ground", "liver", "pad", "cloth") if world.ground[3]}
    return Stage(
        whole=whole, places=places, trocars=trocars, paths=paths, tints=tints, phases=rng.uniform(0, 2 * np.pi, 32),
        camera_px=float(rng.uniform(2, 7)) * world.sway, smoke=float(rng.uniform(0, 0.3)),
        tremor_px=1.0 if whole.skill is None else (8.5, 6.0, 4.0, 2.2, 0.6)[whole.skill[2] - 1], world=world,
        marks=rng.uniform(-1, 1, (24, 2)),
    )  # fmt: skip


def _places(rng: np.random.Generator, kind: Kind) -> dict[str, Point]:
    """Each a little off from x, y, counted from shares of places named before it."""
    places: dict[str, Point] = {}
    for name, (x, y, spread, *origin) in SCENE["places"][kind].items():
        start = sum((places[other] * share for other, share in origin[0].items()), np.zeros(2)) if origin else np.zeros(2)
        places[name] = start + (x, y) + (rng.uniform(-spread, spread, 2) if spread else 0)
    return places


def _path(rng: np.random.Generator, truth: Truth, name: str, places: dict[str, Point], trocar: Point) -> Path:
    """Keyframes: at the target while an event goes on, else at rest in view, else out of view."""
    hidden = trocar + 0.06 * (places.get("neck", places.get("middle", trocar)) - trocar)
    holding = {"grasper": places.get("fundus"), "forceps": places.get("tissue")}.get(name)
    own = [event for event in truth.events if event.instrument == name]
    frames: list[tuple[float, Point]] = [(-10.0, hidden)]
    if holding is not None:
        frames += _hold(rng, truth, own, holding, hidden)
    for i, event in enumerate(own):
        target = places[SCENE["targets"].get(event.action, event.target)]
        rest = target + 0.42 * (trocar - target) if holding is None else holding
        close = i > 0 and event.span.start_s - own[i - 1].span.end_s < 6.0
        before = rest if close or holding is not None else hidden
        if not close and holding is None:
            frames.append((event.span.start_s - REST_S - 0.9, hidden))
        frames += [(event.span.start_s - REST_S * 0.9, before if close else rest), (event.span.start_s, target), (event.span.end_s, target)]
        frames.append((event.span.end_s + REST_S * 0.9, rest))
        follows = own[i + 1].span.start_s - event.span.end_s if i + 1 < len(own) else 99.0
        if follows >= 6.0 and holding is None:
            frames.append((event.span.end_s + REST_S + 0.9, hidden))
    frames.sort(key=lambda frame: frame[0])
    frames.append((truth.duration_s + 60, frames[-1][1]))
    return Path(np.array([f[0] for f in frames]), np.array([f[1] for f in frames]))


def _hold(rng: np.random.Generator, truth: Truth, own: list[Event], place: Point, hidden: Point) -> list[tuple[float, Point]]:
    """In view nearly always, with a few stretches out of view that keep clear of its own events."""
    comes_s = float(rng.uniform(-4, 2.5))
    frames = [(comes_s, hidden), (comes_s + 1.2, place)]
    time_s = comes_s + float(rng.uniform(8, 30))
    while time_s < truth.duration_s - 8:
        long_s = float(rng.uniform(4, 9))
        if all(time_s + long_s + 2 < event.span.start_s - 1 or time_s > event.span.end_s + 2 for event in own):
            wander = place + rng.uniform(-8, 8, 2)
            frames += [(time_s, wander), (time_s + 1, hidden), (time_s + long_s, hidden), (time_s + long_s + 1, place)]
        time_s += long_s + float(rng.uniform(12, 35))
    return frames
