"""A user's own copy of MedVidBench's data, and whether all of it is there. local_copy.json: where to get it, its licence, its numbers."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from medvid.core import ConfigError
from medvid.medvidbench.asking import How, path_of
from medvid.medvidbench.records import Record, read_leniently

DATA: dict[str, Any] = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
FEW = 5


def examine(path: Path, how: How) -> dict[str, Any]:
    """Of a file of records: how many of each task and source, why which cannot be read, by position, how many frames lack; `differs`: the
    tasks of a file without answers that have another number than the test file. Raises ConfigError where the file is no list."""
    (rows, broken), records, frames = read_leniently(path), list[Record](), dict[str, Path]()
    for at, record in ((at, record) for at, record in enumerate(rows) if at not in broken):
        try:
            frames |= {frame: path_of(frame, how) for frame in record.video}
            records.append(record)
        except ConfigError as error:  # a path that leads out of the folder
            broken[at] = str(error)
    tasks, by_source = Counter(one.qa_type for one in records), Counter(f"{one.qa_type}, {one.data_source}" for one in records)
    missing = [frame for frame, file in frames.items() if not file.is_file()]
    wanted = {} if any(record.answer for record in records) else DATA["test"] | {task: 0 for task in tasks if task not in DATA["test"]}
    return {
        "records": len(rows), "counts": dict(sorted(by_source.items())), "broken": broken, "frames": len(frames),
        "missing": len(missing), "first_missing": missing[:FEW],
        "differs": {task: f"{tasks[task]}, the test file has {number}" for task, number in wanted.items() if tasks[task] != number},
    }  # fmt: skip
