"""What a page tells of each record: its question, some of its frames, truth and answer, and what both readings made of it."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from medvid.medvidbench.records import Record, Result
from medvid.medvidbench.score import Marks, Score, Sheet
from medvid.medvidbench.standings import facts_of, lines_of, published_lines
from medvid.report.record_page import Wanted, key_of, write_page, write_thumbnails

WRONG_BELOW = 0.5  # Of the strict score.
MOST_THUMBNAILS = 20_000


def write_drilldown(folder: Path, sheet: Sheet, told: Score, marks: Marks, most_frames: int) -> Path:
    """marks: those of the run. most_frames: shown of a record."""
    figures: defaultdict[int, dict[str, float]] = defaultdict(dict)
    for (_, name), own in marks.items():
        for mark in (mark for mark in own if mark.weight):
            figures[mark.at][mark.part or name] = mark.earned / mark.weight
    asked: list[Record | Result] = [*sheet.run.records] if sheet.run else [*sheet.results]
    places = {place: at for at, place in enumerate(sheet.places)}
    frames = [list(_frames(record, sheet, most_frames)) if isinstance(record, Record) else [] for record in asked]
    wanted = {key_of(*one): one for shown in frames for _, one in shown}
    files = write_thumbnails(folder, list(wanted.values())[:MOST_THUMBNAILS])
    entries = [_entry(place, record, sheet, places.get(place), figures) for place, record in enumerate(asked)]
    for entry, shown in zip(entries, frames, strict=True):
        entry["frames"] = [_shown(name, files.get(key_of(*one))) for name, one in shown]
    return write_page(folder, {"facts": facts_of(told), "lines": lines_of(told), "published": published_lines(), "records": entries})


def _entry(
    place: int, record: Record | Result, sheet: Sheet, at: int | None, figures: Mapping[int, dict[str, float]]
) -> dict[str, Any]:
    answer, result = sheet.run.answers.get(place) if sheet.run else None, None if at is None else sheet.results[at]
    told = dict(figures.get(at, {})) if at is not None else {}
    score, failure = told.pop("strict", None), answer.failure.message if answer and answer.failure else None
    state = "unscored" if score is None else "wrong" if score < WRONG_BELOW else "right"
    state = "failed" if failure else "not asked" if result is None else "unreadable" if "unreadable" in told else state
    return {
        "at": place, "task": record.qa_type, "source": record.data_source, "video": record.metadata.get("video_id", ""), "state": state,
        "question": record.question, "truth": record.gnd if isinstance(record, Result) else record.answer, "failure": failure,
        "answer": result.answer if result else None, "score": 0.0 if "unreadable" in told else score, "figures": told,
        "notes": ["ended at the limit"] if answer and answer.finish == "length" else [],
    }  # fmt: skip


def _frames(record: Record, sheet: Sheet, most: int) -> Iterator[tuple[str, Wanted]]:
    """Evenly from the list, with the first and the last; and the frame of a region, with its box."""
    region = record.rc_info or {}
    chosen = {int(at) for at in np.linspace(0, len(record.video) - 1, min(most, len(record.video)))}
    chosen |= {at for at, name in enumerate(record.video) if most and name == region.get("start_frame")}
    for at in sorted(chosen):
        name, second = record.video[at], f"{at / record.fps:.1f} s, " if record.fps else ""
        box = region.get("start_frame_bbox") if name == region.get("start_frame") else None
        yield f"{second}{PurePosixPath(name).name}", (_path_of(name, sheet), box)


def _path_of(name: str, sheet: Sheet) -> Path:
    """Below the roots that the run was given, wherever the record says it is."""
    about: dict[str, Any] = sheet.run.provenance if sheet.run else {}
    for old, new in about.get("frame_roots", {}).items():
        if PurePosixPath(name).is_relative_to(old) and ".." not in PurePosixPath(name).parts:
            return Path(new) / PurePosixPath(name).relative_to(old)
    return Path(about.get("root", "."), *(part for part in PurePosixPath(name).parts if part not in ("/", "..")))


def _shown(name: str, file: str | None) -> dict[str, str | None]:
    lacking = "not shown, the page has enough" if file is None else "no such picture"
    return {"name": name if file else f"{name}: {lacking}", "file": file or None}
