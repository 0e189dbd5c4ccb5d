"""A run as files in a folder: `run.json`, `plan.yaml` (for use on any video, where one was asked about),
`outcomes.json`, and `frames/STEP-N-TIME.png` with the boxes drawn.

A frame is saved for each box of a track, and for the middle of each span found; at most 24 an outcome.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from medvid.core import Access, ConfigError, Run
from medvid.core.plan_file import plan_text, reusable
from medvid.video import Library

MOST_FRAMES = 24
GREEN = (0, 255, 0)


def check_folder(folder: Path) -> None:
    """Raises ConfigError where `folder` cannot take a run; asked before the run, so that none is lost."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigError(f"{folder} is not an empty folder; name one that is empty or does not exist yet")
    if not folder.absolute().parent.is_dir():
        raise ConfigError(f"the folder {folder.absolute().parent} does not exist; make it first")


def save_run(run: Run, folder: Path, library: Library, access: Access) -> list[Path]:
    (folder / "frames").mkdir(parents=True, exist_ok=True)
    whole, looked = run.to_json(), {look.by for look in run.looks}
    plan = run.plan.model_copy(update={"steps": tuple(step for step in run.plan.steps if step.id not in looked)})  # each run makes its own
    if len(video_ids := {str(step.args["video_id"]) for step in plan.steps if "video_id" in step.args}) == 1:
        info = library.info(video_ids.pop(), access)
        plan = reusable(plan, info.video_id, info.duration_s)
    texts = {"run.json": json.dumps(whole, indent=2), "plan.yaml": plan_text(plan).rstrip()}
    texts["outcomes.json"] = json.dumps(whole["outcomes"], indent=2)
    for name, text in texts.items():
        (folder / name).write_text(text + "\n", encoding="utf-8")
    written = [folder / name for name in texts]
    for step, outcomes in whole["outcomes"].items():
        for index, outcome in enumerate(outcomes):
            written += _save_frames(folder / "frames" / f"{step}-{index}", outcome, library, access)
    return written


def _save_frames(stem: Path, outcome: dict[str, Any], library: Library, access: Access) -> list[Path]:
    moments = list(moments_of(outcome.get("result")))[:MOST_FRAMES]
    if not moments or "evidence" not in outcome:
        return []
    info = library.info(outcome["evidence"]["video_id"], access)
    written = []
    for time_s, box in moments:
        frames = library.decode(info, [time_s])
        path = stem.with_name(f"{stem.name}-{time_s:.1f}s.png")
        drawn(Image.fromarray(frames.rgb[0]), box).save(path)
        written.append(path)
    return written


def moments_of(result: Any) -> Iterator[tuple[float, list[float] | None]]:
    """Times worth a picture in a result, each with its box or None, in time order."""
    match result:
        case {"track": list() as track}:
            yield from ((item["time_s"], item["box_px"]) for item in track)
        case {"spans": list() as spans}:
            yield from ((_middle(span), None) for span in spans)
        case {"events": list() as events}:
            yield from ((_middle(event["span"]), None) for event in events)


def _middle(span: dict[str, float]) -> float:
    return (span["start_s"] + span["end_s"]) / 2


def drawn(picture: Image.Image, box: Sequence[float] | None) -> Image.Image:
    """The same picture, with the box on it."""
    if box is not None:
        ImageDraw.Draw(picture).rectangle(tuple(box), outline=GREEN, width=max(2, picture.width // 160))
    return picture
