"""What medvidbench.yaml calls: our records as the documents of lmms-eval, our columns as its metrics. A region's box is drawn on its frame.

MEDVID_RECORDS names the file of records, MEDVID_FRAMES the folder of their frames. Source: lmms-eval, docs/task_guide.md.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from medvid.core import ConfigError
from medvid.medvidbench.asking import How, path_of
from medvid.medvidbench.metrics.table import columns, metrics
from medvid.medvidbench.records import Record, Result, read_records, result_of

Document = dict[str, Any]


def documents(placeholder: Any) -> Any:
    """A dataset like the placeholder of place.json, a row a record."""
    if not (file := os.environ.get("MEDVID_RECORDS")):
        raise ConfigError("MEDVID_RECORDS is not set; let it name the file of records")
    records = read_records(Path(file))
    rows = [{"record": one.model_dump_json(), "question": one.question, "truth": one.answer or ""} for one in records]
    return type(placeholder).from_list(rows)


def _record(document: Document) -> Record:
    return Record.model_validate_json(document["record"])


def frames(document: Document) -> list[Image.Image]:
    record = _record(document)
    how, region = How(root=Path(os.environ.get("MEDVID_FRAMES") or Path(os.environ["MEDVID_RECORDS"]).parent)), record.rc_info or {}
    pictures = [Image.open(path_of(path, how)).convert("RGB") for path in record.video]
    for picture in (picture for path, picture in zip(record.video, pictures, strict=True) if path == region.get("start_frame")):
        ImageDraw.Draw(picture).rectangle(region["start_frame_bbox"], outline=(0, 255, 0), width=8)
    return pictures


def results(document: Document, answers: Sequence[str]) -> dict[str, Any]:
    """Under each metric that the result counts for."""
    result = result_of(_record(document), answers[0])
    names = [metric.name for metric in metrics() if metric.marks and not metric.of and result.qa_type.startswith(metric.task)]
    told = result.model_dump(mode="json")
    return {f"{name}{kind}": {"metric": name, "kind": kind, "result": told} for name in names for kind in ("", " strict")}


def figure(found: Sequence[Document]) -> float | None:
    """Of one metric, whose results these are."""
    table = {column.name: column for column in columns([Result.model_validate(one["result"]) for one in found])}
    column = table.get(found[0]["metric"])
    return getattr(column, found[0]["kind"].strip() or "leaderboard", None)
