"""A user's own copy of MedVidBench's data, and whether all of it is there. local_copy.json: where to get it, its licence, its numbers."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from medvid.medvidbench.records import Record, read_as

DATA: dict[str, Any] = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
FEW = 5


def examine(path: Path, place: Callable[[str], Path]) -> dict[str, Any]:
    """Of a file of records: how many of each task and source, why which cannot be read, by position, how many frames are not there; `off`:
    tasks of a file without answers that have another number than the test file. place: of a path as records state it. Raises ConfigError
    where the file is no list."""
    rows = read_as(TypeAdapter(list[Any]), path, "record", f"records are a list; get them with `{DATA['load']}`")
    records, broken = list[Record](), dict[int, str]()
    for at, row in enumerate(rows):
        try:
            records.append(Record.model_validate(row))
        except ValidationError as error:
            broken[at] = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors(include_url=False)[:3])
    tasks, by_source = Counter(one.qa_type for one in records), Counter(f"{one.qa_type}, {one.data_source}" for one in records)
    frames = dict.fromkeys(frame for record in records for frame in record.video)
    missing = [frame for frame in frames if not place(frame).is_file()]
    wanted = {} if any(record.answer for record in records) else DATA["test"] | {task: 0 for task in tasks if task not in DATA["test"]}
    return {
        "records": len(rows), "counts": dict(sorted(by_source.items())), "broken": broken, "frames": len(frames),
        "missing": len(missing), "first_missing": missing[:FEW],
        "off": {task: f"{tasks[task]}, the test file has {number}" for task, number in wanted.items() if tasks[task] != number},
    }  # fmt: skip
