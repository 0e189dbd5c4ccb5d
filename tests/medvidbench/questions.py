"""Records with invented questions, of the shape that the benchmark's have: role, scene, procedure with its list, request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from medvid.core.vocabulary import STORED
from medvid.medvidbench.records import Record

OPEN = ("cutting", "tying", "suturing")
FLAP: list[str] = STORED["CoPESD"]["actions"]
FPS = 0.5


def record(qa_type: str, source: str, question: str, facts: Any = None, *, frames: int = 40, region: int | None = None) -> Record:
    """region: the frame that shows a region's box."""
    video = [f"clip/{2 * i:04d}.jpg" for i in range(frames)]
    return Record.model_validate({
        "qa_type": qa_type, "data_source": source, "conversations": [{"from": "human", "value": f"<video>\n{question}"}], "video": video,
        "metadata": {"video_id": "v", "fps": str(FPS)}, "struc_info": {} if facts is None else [facts], "is_RC": region is not None,
        "RC_info": None if region is None else {"start_frame": video[region], "start_frame_bbox": [1, 2, 3, 4]},
    })  # fmt: skip


def open_tal(action: str) -> Record:
    text = f'Role: an expert. {{Open}} surgery with cutting. Steps: [{", ".join(OPEN)}]. Name all seconds of "{action}", as in 1.0-2.0.'
    return record("tal", "AVOS", text, {"procedure": "open", "action_list": list(OPEN), "action": action, "spans": []})


def flap_stg(thing: str, stride: float, start: float, end: float) -> Record:
    text = (
        f"An endoscopist asks: every {stride:g} seconds, where is the {thing}? Begin at {start:.1f} s, stop at {end:.1f} s. Use 4 values."
    )
    return record("stg", "CoPESD", text, {"start": start, "end": end, "stride": stride, "object": thing, "bbox_dict": {}})


def nursing_next(procedure: str, *, listed: Sequence[str] | None = None) -> Record:
    names: list[str] = STORED["NurViD"][procedure]
    shown = "; ".join(name.lower() for name in listed or names)
    return record("next_action", "NurViD", f"A ward. {procedure} is under way, of these steps: {shown}. What follows?")


def region(at: int, start: float | None = None, end: float | None = None) -> Record:
    time_s, first, last = at / FPS, 0.0 if start is None else start, 40 / FPS if end is None else end
    text = f"At {time_s:.1f} s a thing is framed. What does it do between {first:.1f} and {last:.1f} seconds?"
    return record("region_caption_gpt", "AVOS", text, None if start is None else {"start": start, "end": end}, region=at)
