"""What the leaderboard's readers take from an answer and what they drop, so that it is known before a submission goes out.

The readers are those of the columns, in medvidbench/metrics. Source: docs/formats.md, "The leaderboard's columns".
"""

import re
from collections.abc import Mapping, Sequence

from medvid.medvidbench.metrics.grounding import read_boxes, timed_boxes, true_boxes
from medvid.medvidbench.metrics.next_action import class_of, classes_for
from medvid.medvidbench.metrics.scores import read_cvs, read_skill
from medvid.medvidbench.metrics.spans import read_events, read_lines, read_spans
from medvid.medvidbench.records import Result
from medvid.tools.assess_cvs import CRITERIA
from medvid.tools.assess_skill import ASPECTS

EMPTY, UNREADABLE = "the answer is empty", "nothing is read"
_EVENT = re.compile(r"\d(?:\.\d+)?\s*[-–—~]\s*\d+(?:\.\d+)?\s*(?:s|secs?|seconds?)?\s*:", re.IGNORECASE)
Seen = tuple[str, Mapping[str, object]]
"""What is read, in words; and what is dropped or taken otherwise than written, where the value is true."""


def seen(result: Result, same_source: Sequence[Result] = ()) -> tuple[str, list[str]]:
    """As `Seen`, what is there only. Answers are judged by class where `data_source` is known."""
    faults: Mapping[str, object]
    text, task = result.answer.strip(), result.qa_type.removesuffix("_gpt").removesuffix("_gemini")
    match task if text else "":
        case "":
            read, faults = "", {EMPTY: True}
        case "tal":
            read, faults = _spans(text)
        case "stg":
            read, faults = _boxes(result)
        case "dense_captioning":
            read, faults = _events(text)
        case "cvs_assessment":
            read, faults = _scores(read_cvs(text), CRITERIA, 0, 2)
        case "skill_assessment":
            read, faults = _scores(read_skill(text), ASPECTS, 1, 5)
        case "next_action":
            classes = classes_for(result, same_source) if result.data_source else []
            read, faults = text, {"no class name; the nearest is taken": classes and class_of(result, classes) is None}
        case _:
            known = task in ("video_summary", "region_caption")
            read, faults = text, {f"{result.qa_type!r} is no task of the leaderboard": not known}
    return read, [fault for fault, there in faults.items() if there]


def _spans(text: str) -> Seen:
    spans = read_spans(text)
    return ", ".join(f"{start:g}-{end:g}" for start, end in spans), {
        UNREADABLE: not spans,
        "a span that runs backwards overlaps nothing": any(start > end for start, end in spans),
        "m:ss is read in pieces": re.search(r"\d:\d+\s*-", text),
        "numbers belong to no span": spans and ":" not in text and len(re.findall(r"\d+(?:\.\d+)?", text)) > 2 * len(spans),
    }


def _boxes(result: Result) -> Seen:
    timed, facts = timed_boxes(result.answer), result.facts
    wanted, said = list(true_boxes(result)), list(dict.fromkeys(time_s for time_s, _ in timed))
    if not wanted and facts.get("stride"):
        start, end, stride = (float(facts[key]) for key in ("start", "end", "stride"))
        wanted = [f"{start + i * stride:.1f}" for i in range(int((end - start) / stride) + 1)]
    times = wanted or said or ["0.0"]
    boxes = read_boxes(result.answer, times)
    return "; ".join(f"{time_s}: {list(box)}" for time_s, box in zip(times, boxes, strict=True)), {
        UNREADABLE: not any(map(any, boxes)),
        "no box has a time; they are taken in order": not timed and any(map(any, boxes)),
        "an unreadable box repeats the one before": any(box is None for _, box in timed),
        "a time that is asked has no box; the one before is repeated": timed and set(wanted) - set(said),
        "a time that comes twice keeps its last box": len(said) < len(timed),
        "a box has no area": any(box is not None and (box[2] <= box[0] or box[3] <= box[1]) for _, box in timed),
    }


def _events(text: str) -> Seen:
    lines, events = [span for span, _ in read_lines(text)], read_events(text)
    return ", ".join(f"{start:g}-{end:g}" for start, end in events), {
        UNREADABLE: not events,
        "a line is no event: it needs `A-B seconds: TEXT`, without spaces at the dash": len(_EVENT.findall(text)) > len(lines),
        "an event runs backwards": any(start > end for start, end in lines),
        "equal events count once": len(set(lines)) < len(lines),
        "events that overlap are cut apart": set(events) != set(lines),
    }


def _scores(scores: Mapping[str, int], names: Sequence[str], least: int, most: int) -> Seen:
    return ", ".join(f"{name}: {score}" for name, score in scores.items()), {
        UNREADABLE: not scores,
        "a score is missing": scores and set(names) - scores.keys(),
        "a score has another name": scores.keys() - set(names),
        f"a score lies outside {least}-{most}": any(not least <= score <= most for score in scores.values()),
    }
