"""What a page tells of each record: its question, some of its frames, truth and answer, and what both readings made of it."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from medvid.medvidbench.records import Record, Result
from medvid.medvidbench.score import Marks, Sheet

WRONG_BELOW, MOST_FRAMES = 0.5, 4  # Of the strict score; of a record.


def entries_of(sheet: Sheet, marks: Marks) -> Iterator[dict[str, Any]]:
    """For report/record_page.py. marks: of the run."""
    figures: defaultdict[int, dict[str, float]] = defaultdict(dict)
    for (_, name), own in marks.items():
        for mark in (mark for mark in own if mark.weight):
            figures[sheet.places[mark.at]][mark.part or name] = mark.earned / mark.weight
    results, run = dict(zip(sheet.places, sheet.results, strict=True)), sheet.run
    asked: list[Record | Result] = [*run.records] if run else [*sheet.results]
    for place, record in enumerate(asked):
        answer, result = run.answers.get(place) if run else None, results.get(place)
        failure = answer.failure.message if answer and answer.failure else None
        unreadable, score = figures[place].pop("unreadable", 0), figures[place].pop("strict", None)
        state = "unscored" if score is None else "unreadable" if unreadable else "wrong" if score < WRONG_BELOW else "right"
        yield {
            "at": place, "task": record.qa_type, "source": record.data_source, "video": record.metadata.get("video_id", ""),
            "state": "failed" if failure else "not asked" if result is None else state, "question": record.question,
            "truth": record.answer if isinstance(record, Record) else record.gnd, "answer": result.answer if result else None,
            "failure": failure, "score": score, "figures": figures[place],
            "notes": ["ended at the limit"] if answer and answer.finish == "length" else [],
            "frames": list(_frames(record, run.provenance)) if run and isinstance(record, Record) else [],
        }  # fmt: skip


def _frames(record: Record, about: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Evenly from the list, with the first and the last; and the frame of a region, with its box."""
    region = record.rc_info or {}
    chosen = {int(at) for at in np.linspace(0, len(record.video) - 1, min(MOST_FRAMES, len(record.video)))}
    for at, name in enumerate(record.video):
        is_region = name == region.get("start_frame")
        if at in chosen or is_region:
            second = f"{at / record.fps:.1f} s, " if record.fps else ""
            box = region.get("start_frame_bbox") if is_region else None
            yield {"name": second + PurePosixPath(name).name, "path": str(_path_of(PurePosixPath(name), about)), "box": box}


def _path_of(name: PurePosixPath, about: dict[str, Any]) -> Path:
    """Below the roots that the run was given, wherever the record says it is."""
    under = next(((new, name.relative_to(old)) for old, new in about.get("frame_roots", {}).items() if name.is_relative_to(old)), None)
    root, rest = under or (about.get("root", "."), name)
    return Path(root, *(part for part in rest.parts if part not in ("/", "..")))
