"""A user's own copy of MedVidBench's data, and whether all of it is there. Where it comes from, its licence and its numbers: local_copy.json."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from medvid.core import ConfigError
from medvid.medvidbench.records import Record

DATA: dict[str, Any] = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))


def examine(path: Path, place: Callable[[str], Path]) -> dict[str, Any]:
    """Of a file of records: how many of each task and source, why which cannot be read, by position, and what frames are not there; `off`:
    tasks of a file without answers that have another number than the test file, with both. place: of a path as records state it. Raises
    ConfigError where the file is no list."""
    try:
        rows = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} cannot be read: {error}; get the data with `{DATA['load']}`") from error
    if not isinstance(rows, list):
        raise ConfigError(f"{path} holds no list of records; name the file of records, or a folder of such files only")
    records, broken = list[Record](), dict[int, str]()
    for at, row in enumerate(rows):
        try:
            records.append(Record.model_validate(row))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            broken[at] = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    frames, tasks = dict.fromkeys(frame for record in records for frame in record.video), Counter(record.qa_type for record in records)
    pairs = {task: (tasks[task], DATA["test"].get(task, 0)) for task in {**DATA["test"], **tasks}}
    by_source = Counter(f"{record.qa_type}, {record.data_source}" for record in records)
    return {
        "records": len(rows), "broken": broken, "frames": len(frames), "missing": [frame for frame in frames if not place(frame).is_file()],
        "counts": dict(sorted(by_source.items())),
        "off": {} if any(record.answer for record in records) else {task: pair for task, pair in pairs.items() if pair[0] != pair[1]},
    }  # fmt: skip
