"""The majority baseline: what a constant answer earns, chosen from the truths of other videos.

Scores and the next step: the commonest. A stretch (localisation, and the one event of a dense caption) and a box: of some true ones that
which fits best on average; stretches in shares of the clip where every clip's length is known, else in seconds. The others are the videos
of the same source (for a nursing step, with the same list) but for the record's own; where there are none, all other videos. Free text has
no such answer. Source: docs/benchmark.md, "Scoring".
"""

from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from medvid.medvidbench.metrics.grounding import box_iou, true_boxes
from medvid.medvidbench.metrics.next_action import classes_for, true_class
from medvid.medvidbench.metrics.scores import read_cvs, read_skill, true_scores
from medvid.medvidbench.metrics.spans import f1_of, hull_iou, rate_of, true_events, true_spans
from medvid.medvidbench.records import Result

MOST_CHOICES = 60  # Evenly from the true stretches or boxes, in order.
Timed = tuple[Result, float | None]  # With the seconds of its clip, where they are known.
Earned = defaultdict[Hashable, defaultdict[Any, defaultdict[Hashable, float]]]
"""By slot (a criterion, an aspect), answer, and video or ALL."""
ALL = None


def video_of(result: Result, at: int) -> Hashable:
    """A record that names no video stands for itself."""
    return result.data_source, result.metadata.get("video_id") or at


def majority(asked: Mapping[int, Timed], train: Sequence[Timed] = ()) -> dict[int, Result]:
    """The constant answers, by place; none where there is no truth, or nobody else has a say. train: what they are chosen from instead."""
    known = all(length_s for _, length_s in [*asked.values(), *train])
    own = {at: (one, (length_s if known else None) or 1.0) for at, (one, length_s) in asked.items()}
    pool = {at: (one, (length_s if known else None) or 1.0) for at, (one, length_s) in enumerate(train)} or own
    groups: defaultdict[Hashable, list[int]] = defaultdict(list)
    for at, (result, _) in pool.items():
        for key in _keys(result):
            groups[key].append(at)

    @cache
    def earned(key: Hashable) -> Earned:
        sums: Earned = defaultdict(lambda: defaultdict(lambda: defaultdict(float)))
        places = sorted(place for at in groups[key] for place in _places(*pool[at]))
        choice = places[:: max(1, -(-len(places) // MOST_CHOICES))]
        for at in groups[key]:
            for slot, answer, share in _votes(*pool[at], choice):
                sums[slot][answer][ALL] += share
                sums[slot][answer][video_of(pool[at][0], at)] += share
        return sums

    def text(at: int, key: Hashable) -> str:
        video = video_of(own[at][0], at)
        left = {slot: {said: by[ALL] - (0 if train else by[video]) for said, by in votes.items()} for slot, votes in earned(key).items()}
        return _write(*own[at], {slot: max(by, key=by.__getitem__) for slot, by in left.items() if max(by.values()) > 1e-9})

    answers = {at: next(filter(None, (text(at, key) for key in _keys(result))), "") for at, (result, _) in own.items()}
    return {at: own[at][0].model_copy(update={"answer": said}) for at, said in answers.items() if said}


def _keys(result: Result) -> list[Hashable]:
    """The pools that a record asks, first the nearest."""
    task = result.qa_type.split("_")[0]
    steps = tuple(classes_for(result, ())) if task == "next" else ()
    return [(task, result.data_source, steps), (task, result.data_source), task]


def _places(result: Result, length_s: float) -> list[Any]:
    """True stretches, in shares of the clip, or boxes."""
    spans = true_spans(result) if result.qa_type == "tal" else true_events(result) if result.qa_type.startswith("dense") else []
    return [(a / length_s, b / length_s) for a, b in spans] or list(true_boxes(result).values() if result.qa_type == "stg" else ())


def _votes(result: Result, length_s: float, choice: Sequence[Any]) -> Iterator[tuple[Hashable, Any, float]]:
    """Slot, answer, what it earns."""
    true, task = _places(result, length_s), result.qa_type.split("_")[0]
    if task in ("cvs", "skill"):
        yield from ((*item, 1) for item in true_scores(result, f"{task}_scores", read_cvs if task == "cvs" else read_skill).items())
    elif task == "next" and result.gnd:
        yield "", true_class(result), 1
    for said in choice if true else ():
        fits = [box_iou(said, box) for box in true] if task == "stg" else [max(hull_iou(said, span) for span in true)]
        yield "", said, f1_of([said], true, rate_of(result) * length_s) if task == "dense" else sum(fits) / len(fits)


def _write(result: Result, length_s: float, best: Mapping[Hashable, Any]) -> str:
    """In the form that answers have; empty where there is nothing to say."""
    task, said = result.qa_type.split("_")[0], best.get("")
    if task in ("cvs", "skill"):
        return ", ".join(f"{name}: {score}{'/5' if task == 'skill' else ''}" for name, score in best.items())
    if said is None or task == "next":
        return said or ""
    if task == "stg":
        return " ".join(f"{time_s} seconds: {[round(side, 2) for side in said]}" for time_s in true_boxes(result))
    return f"{said[0] * length_s:.1f}-{said[1] * length_s:.1f} seconds{': an event' if task == 'dense' else '.'}"
