"""A procedure from a seed: which steps happen when, and the scores it deserves. Times stand on a grid of half a second."""

from dataclasses import replace
from functools import lru_cache

import numpy as np

from medvid.core import Span
from medvid.simulate.grammar import CASES, INSTRUMENTS, STEPS
from medvid.simulate.truth import CvsState, Event, Kind, Truth
from medvid.simulate.world import world_of

FPS = 10.0
SIZE = (320, 240)
GRID_S = 0.5


def kind_of(seed: int) -> Kind:
    """The kind a seed makes where none is asked for: two cholecystectomies to one suturing."""
    return "suturing" if seed % 3 == 2 else "cholecystectomy"


@lru_cache(maxsize=4096)
def make_procedure(seed: int, kind: Kind | None = None) -> Truth:
    """The whole procedure of this seed. `seed` is any integer from 0 on."""
    kind = kind or kind_of(seed)
    rng, pace = np.random.default_rng((seed, 1)), world_of(seed).pace
    events = _events(rng, kind, pace)
    duration_s = events[-1].span.end_s + _grid(rng, 2.0, 4.0, pace)
    truth = Truth(seed, kind, CASES[kind], duration_s, FPS, SIZE, tuple(events), INSTRUMENTS[kind])
    return replace(truth, skill=_skill(rng)) if kind == "suturing" else replace(truth, cvs=_cvs(rng, events))


def clip_of(truth: Truth, span: Span) -> Truth:
    """The truth of a file that holds only this span; times begin at its start."""
    start_s = span.start_s
    cut = [(event, event.span.cut(span)) for event in truth.events]
    events = tuple(replace(event, span=Span.of(part.start_s - start_s, part.end_s - start_s)) for event, part in cut if part)
    ends = [*(state.start_s for state in truth.cvs[1:]), float("inf")]
    in_force = [state for state, end_s in zip(truth.cvs, ends, strict=False) if state.start_s < span.end_s and end_s > start_s]
    cvs = tuple(CvsState(max(0.0, state.start_s - start_s), state.scores) for state in in_force)
    return replace(truth, duration_s=span.duration_s, events=events, cvs=cvs, offset_s=truth.offset_s + start_s)


def _grid(rng: np.random.Generator, low_s: float, high_s: float, pace: float) -> float:
    return round(pace * float(rng.integers(round(low_s / GRID_S), round(high_s / GRID_S) + 1))) * GRID_S


def _events(rng: np.random.Generator, kind: Kind, pace: float) -> list[Event]:
    forms = STEPS[kind] * (2 if kind == "suturing" else 1)
    time_s, events = _grid(rng, 2.0, 5.0, pace), []
    for form in forms:
        for _ in range(int(rng.integers(form.goes[0], form.goes[1] + 1))):
            end_s = time_s + (_grid(rng, 4.0, 9.0, pace) if form.goes[1] == 1 else _grid(rng, 3.5, 7.0, pace))
            events.append(Event(Span.of(time_s, end_s), form.action, form.instrument, form.target))
            time_s = end_s + _grid(rng, 2.0, 4.5, pace)
    return events


def _cvs(rng: np.random.Generator, events: list[Event]) -> tuple[CvsState, ...]:
    """Each go at the triangle may raise each criterion; the state changes in the middle of the go."""
    scores = tuple(int(s) for s in rng.integers(0, 2, 3))
    states = [CvsState(0.0, (scores[0], scores[1], scores[2]))]
    for event in events:
        if event.target == "hepatocystic triangle":
            scores = tuple(min(2, s + int(rng.integers(0, 2 if s else 3))) for s in scores)
            states.append(CvsState((event.span.start_s + event.span.end_s) / 2, (scores[0], scores[1], scores[2])))
    return tuple(states)


def _skill(rng: np.random.Generator) -> tuple[int, ...]:
    level = int(rng.integers(1, 6))
    five = [int(np.clip(level + rng.integers(-1, 2), 1, 5)) for _ in range(5)]
    overall = int(np.clip(np.floor(np.mean(five) + 0.5), 1, 5))
    return (*five[:4], overall, five[4])
