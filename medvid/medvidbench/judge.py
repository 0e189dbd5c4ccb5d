"""The judged columns of the leaderboard, from the verdicts that a run's folder holds in `judge.jsonl`; which of two models is nearer to the
truth; how far two judges agree. Source: docs/formats.md, "The leaderboard's columns" and "Verdicts of a judge".
"""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np

from medvid.core import ConfigError, Value
from medvid.core.results_folder import whole_lines
from medvid.medvidbench.answers import Answered, read_answers
from medvid.medvidbench.metrics import Column, mean
from medvid.medvidbench.metrics.spans import DVC_THRESHOLDS, Pair, read_events, read_lines
from medvid.medvidbench.metrics.table import is_absent, strict
from medvid.medvidbench.records import Result
from medvid.prompts.judge import WORDS

NAME, DENSE = "judge.jsonl", "DVC llm"
COLUMNS = {"dense_captioning": DENSE, "video_summary": "VS llm", "region_caption": "RC llm"}
Texts = tuple[str, ...]
"""A truth and an answer, which is marked from 1 to 5; or a truth and two answers, A and B, which are compared."""
Marks = dict[str, Any]
"""By aspect: 1 to 5; or A, B, tie; of the fallback one cosine."""
Figures = dict[str, float | int | None]


class Verdict(Value):
    """marks: None where the judge refused, or its reply could not be read; `reply` then says what came."""

    key: str
    judge: str
    marks: Marks | None
    reply: str = ""


def key_of(judge: str, texts: Texts) -> str:
    return blake2b("\0".join([judge, str(WORDS.version), *texts]).encode(), digest_size=16).hexdigest()


def union_iou(a: Pair, b: Pair) -> float:
    shared = max(0.0, min(a[1], b[1]) - max(a[0], b[0]))
    union = a[1] - a[0] + b[1] - b[0] - shared
    return shared / union if union > 0 else 0.0


def pairs_of(result: Result) -> list[tuple[Texts, float]]:
    """What is judged of one answer: whole texts, IoU 1; of events each with its best truth, and a piece that was cut out has the text of the
    longest event over it. Empty texts are not judged."""
    pairs = [(result.gnd or "", result.answer, 1.0)]
    if result.qa_type.startswith("dense"):
        facts = [((float(one["start"]), float(one["end"])), str(one["caption"])) for one in result.facts.get("dc_segments") or ()]
        truths, lines, pairs = facts or read_lines(result.gnd or ""), read_lines(result.answer), []
        for start, end in read_events(result.answer) if truths else ():
            _, said = max((line for line in lines if line[0][0] <= start and end <= line[0][1]), key=lambda line: line[0][1] - line[0][0])
            at, truth = max(truths, key=lambda one: union_iou((start, end), one[0]))
            pairs.append((truth, said, union_iou((start, end), at)))
    return [((truth, said), iou) for truth, said, iou in pairs if iou >= DVC_THRESHOLDS[0] and truth.strip() and said.strip()]


def judged(run: Answered) -> dict[str, list[Result]]:
    """The answers to free-text questions whose truth is known, by column. Raises ConfigError where there is none."""
    known = [result for result in run.results.values() if result.gnd and not is_absent(result)]
    found = {name: [result for result in known if result.qa_type.startswith(task)] for task, name in COLUMNS.items()}
    if not any(found.values()):
        raise ConfigError("no answer here can be judged: a judge needs captions or summaries, and their true answers, which test data lack")
    return found


def both_orders(run: Answered, other: Answered) -> dict[str, list[tuple[Texts, Texts]]]:
    """Of each record that both answered, whole texts: this run's answer as A, then as B. Raises ConfigError for other records."""
    if run.records != other.records:
        raise ConfigError("the two folders hold answers to different records; run both models on the same file")
    both = [(one.qa_type, one.gnd, one.answer, other.results[at].answer) for at, one in run.results.items() if at in other.results]
    told = [(task, truth, a, b) for task, truth, a, b in both if truth and a.strip() and b.strip()]
    return {name: [((t, a, b), (t, b, a)) for task, t, a, b in told if task.startswith(prefix)] for prefix, name in COLUMNS.items()}


def texts_of(run: Answered, other: Answered | None = None) -> list[Texts]:
    """All that is asked, each once."""
    asked = [texts for results in judged(run).values() for result in results for texts, _ in pairs_of(result)]
    pairs = both_orders(run, other).values() if other is not None else ()
    return list(dict.fromkeys([*asked, *(texts for found in pairs for pair in found for texts in pair)]))


def read_verdicts(path: Path) -> dict[str, Verdict]:
    """By key, in the order in which they came."""
    return {verdict.key: verdict for verdict in map(Verdict.model_validate_json, whole_lines(path / NAME))}


def columns_of(path: Path, judge: str | None = None) -> list[Column]:
    """Of a run's folder: by this judge, else by the first that was asked; none where nothing was judged. leaderboard: the judged figure;
    secondary: each aspect, and the share of records of which something was judged."""
    verdicts, table = read_verdicts(path), list[Column]()
    judge = judge or next((verdict.judge for verdict in verdicts.values()), "")
    for name, results in judged(read_answers(path)).items() if verdicts else ():
        told = [[(marks, iou) for texts, iou in pairs_of(result) if (marks := _marks(verdicts, texts, judge))] for result in results]
        aspects = _by_aspect(marks for pairs in told for marks, _ in pairs)
        figure = _events([result.data_source for result in results], told) if name == DENSE else mean(aspects.values())
        others = {**aspects, "judged": mean(float(bool(pairs)) for pairs in told)}
        table += [Column(name, figure, *strict(results), len(results), others)] * bool(results)
    return table


def _marks(verdicts: Mapping[str, Verdict], texts: Texts, judge: str) -> Marks | None:
    return verdicts[key].marks if (key := key_of(judge, texts)) in verdicts else None


def _by_aspect(found: Iterable[Marks]) -> dict[str, float]:
    marks = list(found)
    return {name: sum(one[name] for one in marks) / len(marks) for name in (marks[0] if marks else ())}


def _events(sources: Sequence[str], told: Sequence[Sequence[tuple[Marks, float]]]) -> float | None:
    """Per source the mean over its pairs, then over aspects, then over thresholds, zeros dropped; sources weighted by their records."""
    figures = []
    for source in dict.fromkeys(sources):
        own = [pairs for at, pairs in zip(sources, told, strict=True) if at == source]
        by_t = (mean(_by_aspect(marks for pairs in own for marks, iou in pairs if iou >= t).values()) for t in DVC_THRESHOLDS)
        figures += [(figure, len(own))] if (figure := mean(filter(None, by_t))) else []
    return sum(figure * records for figure, records in figures) / sum(records for _, records in figures) if figures else None


def compare(run: Answered, other: Answered, judge: str, verdicts: Mapping[str, Verdict]) -> dict[str, Figures]:
    """By column: of all aspects of all records, the shares that this run wins, ties (also where the orders contradict) and loses."""
    side, table = {"A": 1, "B": -1, "tie": 0}, dict[str, Figures]()
    for name, pairs in both_orders(run, other).items():
        found = [(_marks(verdicts, one, judge), _marks(verdicts, swapped, judge)) for one, swapped in pairs]
        sides = [(side[a[aspect]], -side[b[aspect]]) for a, b in found if a and b for aspect in a]
        shares = {"wins": (1, 2), "ties": (0,), "losses": (-1, -2)}
        table[name] = {"records": sum(bool(a and b) for a, b in found)}
        table[name] |= {what: mean(a + b in sums for a, b in sides) for what, sums in shares.items()}
        table[name]["contradicted"] = mean(a * b < 0 for a, b in sides)
    return table


def agreement(verdicts: Mapping[str, Verdict], asked: Sequence[Texts], one: str, other: str) -> Figures:
    """Of all marks from 1 to 5 that both gave. kappa: weighted by the square of the difference."""
    found = [(_marks(verdicts, texts, one), _marks(verdicts, texts, other)) for texts in asked if len(texts) == 2]
    both = np.array([(a[name], b[name]) for a, b in found if a and b for name in a], float).reshape(-1, 2)
    a, b = both.T
    by_chance = ((a[:, None] - b) ** 2).mean() if len(both) else 0.0
    kappa = 1 - float(((a - b) ** 2).mean() / by_chance) if by_chance else None
    return {"marks": len(both), "exact": mean(a == b), "mean_difference": mean(abs(a - b)), "kappa": kappa}
