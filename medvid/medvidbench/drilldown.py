"""What a page tells of each record: its question, some of its frames, truth and answer, and what both readings made of it."""

from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from PIL import Image

from medvid.core import ConfigError, VideoError
from medvid.medvidbench.answers import Answered
from medvid.medvidbench.asking import PICTURES, How, drawn_box, path_of, source_of
from medvid.medvidbench.metrics.table import Marks
from medvid.medvidbench.records import Record
from medvid.report.record_page import SIDE_PX, write_thumbnail
from medvid.video import decode

WRONG_BELOW, MOST_FRAMES = 0.5, 4  # Of the strict score; of a record, beside a region's own.


def entries_of(run: Answered, marks: Marks, folder: Path) -> list[dict[str, Any]]:
    """What page.js shows of each record, whose thumbnails are written below `folder`. marks: of the run."""
    figures: defaultdict[int, dict[str, float]] = defaultdict(dict)
    for (_, name), own in marks.items():
        for mark in (mark for mark in own if mark.weight):
            figures[mark.at][mark.part or name] = mark.earned / mark.weight
    how = How(root=Path(run.provenance.get("root", ".")), renamed=run.provenance.get("frame_roots", {}))

    def entry(at: int) -> dict[str, Any]:
        record, answer, told = run.records[at], run.answers.get(at), dict(figures.get(at, {}))
        unreadable, score = told.pop("unreadable", 0), told.pop("strict", None)
        state = "unscored" if score is None else "unreadable" if unreadable else "wrong" if score < WRONG_BELOW else "right"
        return {
            "at": at, "task": record.qa_type, "source": record.data_source, "video": record.metadata.get("video_id", ""),
            "state": "not asked" if answer is None else "failed" if answer.failure else state, "question": record.question,
            "truth": record.answer, "answer": answer and answer.text, "failure": answer and answer.failure and answer.failure.message,
            "score": score, "figures": told, "notes": ["ended at the limit"] if answer and answer.finish == "length" else [],
            "frames": list(_frames(record, how, folder)),
        }  # fmt: skip

    with ThreadPoolExecutor() as pool:
        return list(pool.map(entry, range(len(run.records))))


def _frames(record: Record, how: How, folder: Path) -> Iterator[dict[str, Any]]:
    """Evenly from the clip, with the first and the last; and the frame of a region, with its box. Times are the clip's."""
    if len(record.video) == 1 and PurePosixPath(record.video[0]).suffix.lower() not in PICTURES:
        yield from _frames_of_file(record, how, folder)
        return
    region, paths = record.rc_info or {}, record.video
    chosen = {int(at) for at in np.linspace(0, len(paths) - 1, min(MOST_FRAMES, len(paths)))}
    for at in sorted(chosen | {at for at, path in enumerate(paths) if path == region.get("start_frame")}):
        box, file = region.get("start_frame_bbox") if paths[at] == region.get("start_frame") else None, None
        name = f"{at / record.fps:.1f} s, {PurePosixPath(paths[at]).name}" if record.fps else PurePosixPath(paths[at]).name
        try:
            path = path_of(paths[at], how)
            file = write_thumbnail(folder, str(path), partial(_picture, path, box is None), box)
        except FileNotFoundError:
            name += ": no such file"
        except (OSError, ValueError, TypeError, ConfigError, Image.DecompressionBombError):
            name += ": no picture that can be read"
        yield {"name": name, "file": file}


def _picture(path: Path, small: bool) -> Image.Image:
    """small: whether a reduced reading will do."""
    with Image.open(path) as picture:
        if small:
            picture.draft("RGB", (SIDE_PX, SIDE_PX))
        return picture.convert("RGB")


def _frames_of_file(record: Record, how: How, folder: Path) -> Iterator[dict[str, Any]]:
    try:
        info, timing = source_of(record, how)
        region = drawn_box(record, timing, info.fps) if record.is_rc else None
        places = np.linspace(0, len(timing.times_s) - 1, min(MOST_FRAMES, len(timing.times_s)))
        times_s = sorted({timing.times_s[int(at)] for at in places} | ({region.time_s} if region else set()))
        shown = decode(info, times_s)
    except (VideoError, ConfigError) as error:
        yield {"name": str(error), "file": None}
        return
    for time_s, rgb in zip(times_s, shown.rgb, strict=True):
        box = region.box_px.root if region and time_s == region.time_s else None
        file = write_thumbnail(folder, f"{record.video[0]} {time_s}", partial(Image.fromarray, rgb), box)
        yield {"name": f"{time_s - timing.times_s[0]:.1f} s", "file": file}
