"""What medvidbench.yaml calls: our records as lmms-eval's documents, our columns as its metrics. Frames go in as pictures, a region's box drawn.

MEDVID_RECORDS names the file of records, MEDVID_FRAMES the folder of their frames (beside the file if not set). Source: lmms-eval, docs/task_guide.md.
"""

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from medvid.core import ConfigError
from medvid.medvidbench.metrics.table import columns
from medvid.medvidbench.records import Record, Result, read_records, result_of

TASKS = {
    "CVS acc": "cvs", "NAP acc": "next_action", "SA acc": "skill", "STG mIoU": "stg", "TAG @0.3": "tal", "TAG @0.5": "tal", "DVC F1": "dense",
}  # fmt: skip
Document = dict[str, Any]


def documents(placeholder: Any) -> Any:
    """A dataset like the placeholder of place.json, a row a record."""
    if not (file := os.environ.get("MEDVID_RECORDS")):
        raise ConfigError("MEDVID_RECORDS is not set; let it name the file of records")
    return type(placeholder).from_list([{"record": record.model_dump_json()} for record in read_records(Path(file))])


def _record(document: Document) -> Record:
    return Record.model_validate_json(document["record"])


def frames(document: Document) -> list[Image.Image]:
    record = _record(document)
    root = Path(os.environ.get("MEDVID_FRAMES") or Path(os.environ["MEDVID_RECORDS"]).parent)
    pictures = [Image.open(root / path).convert("RGB") for path in record.video]
    if record.rc_info and record.rc_info.get("start_frame") in record.video:
        at = record.video.index(record.rc_info["start_frame"])
        ImageDraw.Draw(pictures[at]).rectangle(record.rc_info["start_frame_bbox"], outline=(0, 255, 0), width=8)
    return pictures


def question(document: Document, lmms_eval_specific_kwargs: Any = None) -> str:
    return _record(document).question


def truth(document: Document) -> str:
    return _record(document).answer or ""


def results(document: Document, answers: Sequence[str]) -> dict[str, Any]:
    """The result, under each metric that it counts for."""
    result = result_of(_record(document), answers[0]).model_dump(mode="json")
    names = [name for name, task in TASKS.items() if result["qa_type"].startswith(task)]
    return {f"{name}{kind}": result for name in names for kind in ("", " strict")}


def _figure(name: str, kind: str, results: Sequence[Document]) -> float | None:
    found = {column.name: getattr(column, kind) for column in columns([Result.model_validate(result) for result in results])}
    return found.get(name)


cvs, nap, skill, stg, tag_3, tag_5, dvc = (partial(_figure, name, "leaderboard") for name in TASKS)
cvs_strict, nap_strict, skill_strict, stg_strict, tag_3_strict, tag_5_strict, dvc_strict = (partial(_figure, name, "strict") for name in TASKS)
