"""The majority baseline: what a constant answer earns, chosen from the truths of other videos.

Scores and the next step: the commonest. A stretch (localisation, and the one event of a dense caption) and a box: of a fixed choice the
one that fits best on average; stretches in shares of the clip where every clip's length is known, else in seconds. The others are the
videos of the same source (for a nursing step, with the same list) but for the record's own; where there are none, all other videos. Free
text has no such answer.
Source: docs/benchmark.md, "Scoring".
"""

from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from medvid.medvidbench.metrics import by_source
from medvid.medvidbench.metrics.grounding import Corners, box_iou, true_boxes
from medvid.medvidbench.metrics.next_action import classes_for, true_class
from medvid.medvidbench.metrics.scores import read_cvs, read_skill, true_scores
from medvid.medvidbench.metrics.spans import Pair, f1_of, hull_iou, rate_of, true_events, true_spans
from medvid.medvidbench.records import Result

STEPS = 9  # Bounds of stretches: the eighths of the true ones.
MOST_BOXES = 40  # Of the true ones, evenly from the list.
Sums = defaultdict[Hashable, defaultdict[Any, float]]
Votes = Iterator[tuple[Hashable, Any, float]]


class Asked(NamedTuple):
    """A record with its truth. length_s: of its clip, 1 where lengths are not known."""

    result: Result
    length_s: float


class Poll:
    """What each constant answer would earn, in all and by video. A slot is a part of an answer: a criterion, an aspect."""

    def __init__(self, asked: Sequence[Asked], videos: Sequence[Hashable]) -> None:
        self.all: Sums = defaultdict(lambda: defaultdict(float))
        self.of: defaultdict[Hashable, Sums] = defaultdict(lambda: defaultdict(lambda: defaultdict(float)))
        choice = _choice(asked)
        for one, video in zip(asked, videos, strict=True):
            for slot, answer, earned in _votes(one, choice):
                self.all[slot][answer] += earned
                self.of[video][slot][answer] += earned

    def best(self, but_for: Hashable) -> dict[Hashable, Any]:
        """Of each slot on which some other video has a say."""
        own = self.of[but_for]
        left = {slot: {a: n - own[slot][a] for a, n in votes.items()} for slot, votes in self.all.items()}
        return {slot: max(votes, key=votes.__getitem__) for slot, votes in left.items() if max(votes.values()) > 1e-9}


def video_of(result: Result, at: int) -> Hashable:
    """A record that names no video stands for itself."""
    return result.data_source, result.metadata.get("video_id") or at


def majority(
    results: Sequence[Result], lengths_s: Sequence[float | None], train: Sequence[tuple[Result, float | None]] | None = None
) -> dict[int, Result]:
    """The constant answers, by place; of what has no truth, or on which nobody else has a say, none. lengths_s: of the clips. train:
    records with their clips' lengths to choose from instead of the other videos."""
    told = list(zip(results, lengths_s, strict=True))
    known = all(length_s for _, length_s in [*told, *(train or ())])
    pool = [Asked(result, length_s if known and length_s else 1.0) for result, length_s in (told if train is None else train)]
    groups: defaultdict[Hashable, list[int]] = defaultdict(list)
    own = _keys([one.result for one in pool])
    for at, keys in enumerate(own):
        for key in keys:
            groups[key].append(at)
    videos = [video_of(one.result, at) for at, one in enumerate(pool)]
    poll_of = cache(lambda key: Poll([pool[at] for at in groups[key]], [videos[at] for at in groups[key]]))
    answers: dict[int, Result] = {}
    for at, keys in enumerate(own if train is None else _keys(results)):
        one = Asked(results[at], lengths_s[at] or 1.0 if known else 1.0)
        for key in keys:
            if text := _write(one, poll_of(key).best(video_of(results[at], at) if train is None else None)):
                answers[at] = results[at].model_copy(update={"answer": text})
                break
    return answers


def _keys(results: Sequence[Result]) -> list[tuple[Hashable, ...]]:
    """The pools a record asks, first its nearest."""
    steps = by_source([result for result in results if result.qa_type == "next_action"])
    lists = [tuple(classes_for(r, steps[r.data_source])) if r.qa_type == "next_action" else () for r in results]
    tasks = [result.qa_type.removesuffix("_gpt").removesuffix("_gemini") for result in results]
    nearest = zip(tasks, results, lists, strict=True)
    return [((task, result.data_source, names), (task, result.data_source), (task,)) for task, result, names in nearest]


def _choice(asked: Sequence[Asked]) -> list[Any]:
    """The stretches or boxes among which one is chosen."""
    spans = [(a / one.length_s, b / one.length_s) for one in asked for a, b in _true_stretches(one.result)]
    if spans:
        starts, ends = (sorted(set(side)) for side in np.quantile(spans, np.linspace(0, 1, STEPS), axis=0).T.tolist())
        return [(a, b) for a in starts for b in ends if a < b]
    boxes = [box for one in asked if one.result.qa_type == "stg" for box in true_boxes(one.result).values()]
    return boxes[:: max(1, -(-len(boxes) // MOST_BOXES))]


def _true_stretches(result: Result) -> list[Pair]:
    return true_spans(result) if result.qa_type == "tal" else true_events(result) if result.qa_type.startswith("dense") else []


def _votes(one: Asked, choice: Sequence[Any]) -> Votes:
    result, length_s = one
    match result.qa_type.split("_")[0]:
        case "cvs" | "skill" as task:
            truth = true_scores(result, f"{task}_scores", read_cvs if task == "cvs" else read_skill)
            yield from ((name, score, 1) for name, score in truth.items())
        case "next" if result.gnd:
            yield "", true_class(result), 1
        case "tal":
            truths = true_spans(result)
            yield from (("", c, max(hull_iou(t, _scaled(c, length_s)) for t in truths)) for c in choice if truths)
        case "dense":
            events = true_events(result)
            yield from (("", c, f1_of([_scaled(c, length_s)], events, rate_of(result))) for c in choice if events)
        case "stg":
            boxes = true_boxes(result).values()
            yield from (("", c, sum(box_iou(c, box) for box in boxes) / len(boxes)) for c in choice if boxes)


def _scaled(span: Pair, length_s: float) -> Pair:
    return span[0] * length_s, span[1] * length_s


def _write(one: Asked, best: Mapping[Hashable, Any]) -> str:
    """In the form that answers have; empty where there is nothing to say."""
    task, said = one.result.qa_type.split("_")[0], best.get("")
    if task in ("cvs", "skill"):
        return ", ".join(f"{name}: {score}{'/5' if task == 'skill' else ''}" for name, score in best.items())
    if said is None or task == "next":
        return said or ""
    if task == "stg":
        return " ".join(f"{time_s} seconds: {_box(said)}" for time_s in true_boxes(one.result))
    a, b = _scaled(said, one.length_s)
    return f"{a:.1f}-{b:.1f} seconds{': an event' if task == 'dense' else '.'}"


def _box(box: Corners) -> str:
    return f"[{', '.join(f'{side:g}' for side in box)}]"
