"""The judged columns of the leaderboard, from the verdicts that a run's folder holds in `judge.jsonl`; which of two models is nearer to the
truth; how far two judges agree. Source: docs/formats.md, "The leaderboard's columns" and "Verdicts of a judge".
"""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

from medvid.core import ConfigError, Value
from medvid.core.results_folder import whole_lines
from medvid.medvidbench.answers import Answered, read_answers
from medvid.medvidbench.metrics import Column, Mark, figure, mean
from medvid.medvidbench.metrics.spans import DVC_THRESHOLDS, Pair, read_events, read_lines, true_spans
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
    """marks: None where the reply could not be read; `reply` then holds it."""

    key: str
    judge: str
    marks: Marks | None
    reply: str = ""


def key_of(judge: str, texts: Texts) -> str:
    return blake2b("\0".join([judge, str(WORDS["version"]), *texts]).encode(), digest_size=16).hexdigest()


def union_iou(a: Pair, b: Pair) -> float:
    shared = max(0.0, min(a[1], b[1]) - max(a[0], b[0]))
    union = a[1] - a[0] + b[1] - b[0] - shared
    return shared / union if union > 0 else 0.0


def pairs_of(result: Result) -> list[tuple[Texts, float]]:
    """What is judged of an answer: whole texts, IoU 1; events each with its best truth, a piece cut out of several having the text of the
    longest. Empty texts are not judged."""
    pairs = [(result.gnd or "", result.answer, 1.0)]
    if result.qa_type.startswith("dense"):
        facts = [one for one in result.facts.get("dc_segments") or () if isinstance(one, dict) and one.get("caption")]
        alone = [(true_spans(result.model_copy(update={"struc_info": {"spans": [one]}, "gnd": ""})), one["caption"]) for one in facts]
        given = [(span, caption) for spans, caption in alone for span in spans]
        truths, lines, pairs = given or read_lines(result.gnd or ""), read_lines(result.answer), []
        for span in read_events(result.answer) if truths else ():
            own = [one for one in lines if one[0] == span or (one[0][0] < span[1] and span[0] < one[0][1])]
            (at, truth), (_, said) = max(truths, key=lambda one: union_iou(span, one[0])), max(own, key=lambda one: one[0][1] - one[0][0])
            pairs.append((truth, said, union_iou(span, at)))
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
    theirs = other.results
    both = [(one.qa_type, one.gnd, one.answer, theirs[at].answer) for at, one in run.results.items() if at in theirs]
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
    secondary: each aspect, and the share of records of which something was judged. Events are marked per source and threshold, where there
    are pairs, and sources weigh by their records; whole texts are pooled."""
    verdicts, table = read_verdicts(path), list[Column]()
    judge = judge or next((verdict.judge for verdict in verdicts.values()), "")
    for name, results in judged(read_answers(path)).items() if verdicts else ():
        found = [[(marks, iou) for texts, iou in pairs_of(one) if (marks := _marks(verdicts, texts, judge))] for one in results]
        sources = [result.data_source if name == DENSE else "all" for result in results]
        told = [(at, aspect, mark, iou) for at, pairs in enumerate(found) for marks, iou in pairs for aspect, mark in marks.items()]
        parts = [Mark(at, mark, 1, sources[at], f"{aspect} {t}") for at, aspect, mark, iou in told for t in DVC_THRESHOLDS if iou >= t]
        parts += [Mark(at, 0, 0, source) for at, source in enumerate(sources) if source in {mark.source for mark in parts}]
        aspects = {aspect: mean(mark for _, own, mark, _ in told if own == aspect) for aspect in dict.fromkeys(own for _, own, *_ in told)}
        others = {**aspects, "judged": mean(map(bool, found))}
        table += [Column(name, figure(parts, by_records=True), *strict(results), len(results), others)] * bool(results)
    return table


def _marks(verdicts: Mapping[str, Verdict], texts: Texts, judge: str) -> Marks | None:
    return verdicts[key].marks if (key := key_of(judge, texts)) in verdicts else None


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
    both = [(a[name], b[name]) for a, b in found if a and b for name in a]
    apart, count = [abs(a - b) for a, b in both], len(both) or 1
    by_chance = sum(a * a + b * b for a, b in both) / count - 2 * sum(a for a, _ in both) * sum(b for _, b in both) / count**2
    kappa = 1 - sum(one * one for one in apart) / count / by_chance if by_chance > 1e-9 else None  # by_chance: between any two marks
    return {"marks": len(both), "exact": mean(one == 0 for one in apart), "mean_difference": mean(apart), "kappa": kappa}
