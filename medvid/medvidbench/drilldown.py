"""What a page tells of each record: its question, some of its frames, truth and answer, and what both readings made of it."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from medvid.core import ConfigError
from medvid.medvidbench.answers import Answered
from medvid.medvidbench.asking import How, path_of
from medvid.medvidbench.metrics.table import Marks
from medvid.medvidbench.records import Record

WRONG_BELOW, MOST_FRAMES = 0.5, 4  # Of the strict score; of a record.


def entries_of(run: Answered, marks: Marks) -> Iterator[dict[str, Any]]:
    """For report/record_page.py. marks: of the run."""
    figures: defaultdict[int, dict[str, float]] = defaultdict(dict)
    for (_, name), own in marks.items():
        for mark in (mark for mark in own if mark.weight):
            figures[mark.at][mark.part or name] = mark.earned / mark.weight
    how = How(root=Path(run.provenance.get("root", ".")), renamed=run.provenance.get("frame_roots", {}))
    for at, record in enumerate(run.records):
        answer, told = run.answers.get(at), figures[at]
        unreadable, score = told.pop("unreadable", 0), told.pop("strict", None)
        state = "unscored" if score is None else "unreadable" if unreadable else "wrong" if score < WRONG_BELOW else "right"
        yield {
            "at": at, "task": record.qa_type, "source": record.data_source, "video": record.metadata.get("video_id", ""),
            "state": "not asked" if answer is None else "failed" if answer.failure else state, "question": record.question,
            "truth": record.answer, "answer": answer and answer.text, "failure": answer and answer.failure and answer.failure.message,
            "score": score, "figures": told, "notes": ["ended at the limit"] if answer and answer.finish == "length" else [],
            "frames": list(_frames(record, how)),
        }  # fmt: skip


def _frames(record: Record, how: How) -> Iterator[dict[str, Any]]:
    """Evenly from the list, with the first and the last; and the frame of a region, with its box."""
    region, paths = record.rc_info or {}, record.video
    chosen = {int(at) for at in np.linspace(0, len(paths) - 1, min(MOST_FRAMES, len(paths)))}
    for at in sorted(chosen | {at for at, path in enumerate(paths) if path == region.get("start_frame")}):
        try:
            path = str(path_of(paths[at], how))
        except ConfigError:
            path = ""
        name = f"{at / record.fps:.1f} s, {PurePosixPath(paths[at]).name}" if record.fps else PurePosixPath(paths[at]).name
        yield {"name": name, "path": path, "box": region.get("start_frame_bbox") if paths[at] == region.get("start_frame") else None}
