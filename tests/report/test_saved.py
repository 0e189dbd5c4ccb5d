"""A run as files: what it says, and what was seen."""

from __future__ import annotations

import json
from pathlib import Path

import av
import numpy as np
import pytest
import yaml
from PIL import Image

from medvid.core.access import Access
from medvid.core.errors import ConfigError
from medvid.core.plan import Plan, Step
from medvid.core.run import Run
from medvid.report.saved import MOST_FRAMES, check_folder, moments_of, save_run
from medvid.video import Library, probe


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds at 10 fps, 64 x 48, grey."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    with av.open(path, "w") as file:
        stream = file.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(30):
            file.mux(stream.encode(av.VideoFrame.from_ndarray(np.full((48, 64, 3), 90, np.uint8), format="rgb24")))
        file.mux(stream.encode(None))
    return path


def a_run(video_id: str) -> Run:
    evidence = {"video_id": video_id, "span": {"start_s": 0.0, "end_s": 3.0}, "looks": [], "model": "fake", "feeding": "faithful"}
    track = [{"time_s": 1.0, "box_px": [10.0, 10.0, 40.0, 30.0]}, {"time_s": 2.0, "box_px": [12.0, 10.0, 40.0, 30.0]}]
    return Run(
        id="r1",
        question="Where?",
        plan=Plan(
            steps=(
                Step(id="who", tool="ground_object", args={"video_id": video_id, "object": "hook"}),
                Step(id="when", tool="localize_action"),
            )
        ),
        outcomes={
            "who": [{"status": "ok", "result": {"track": track}, "notes": [], "evidence": evidence}],
            "when": [{"status": "ok", "result": {"spans": [{"start_s": 1.0, "end_s": 2.0}]}, "notes": [], "evidence": evidence}],
        },
    )


def test_the_files_hold_the_run_and_the_boxes_are_drawn(film: Path, tmp_path: Path) -> None:
    library = Library((), (film,), cache_file=tmp_path / "probes.sqlite")
    run = a_run(probe(film).video_id)
    written = save_run(run, tmp_path / "out", library, Access())
    names = {path.relative_to(tmp_path / "out").as_posix() for path in written}
    frames = {"frames/who-0-1.0s.png", "frames/who-0-2.0s.png", "frames/when-0-1.5s.png"}
    assert names == {"run.json", "plan.yaml", "outcomes.json"} | frames
    assert json.loads((tmp_path / "out" / "run.json").read_text()) == run.to_json()
    kept = yaml.safe_load((tmp_path / "out" / "plan.yaml").read_text())
    assert kept["steps"][0]["args"] == {"video_id": "$video.video_id", "object": "hook"}, "for use on any video"
    boxed = np.asarray(Image.open(tmp_path / "out" / "frames" / "who-0-1.0s.png"))
    assert boxed.shape == (48, 64, 3)
    assert tuple(boxed[10, 20]) == (0, 255, 0)  # on the upper edge
    assert abs(int(boxed[20, 25, 0]) - 90) < 12  # inside it is the frame
    plain = np.asarray(Image.open(tmp_path / "out" / "frames" / "when-0-1.5s.png"))
    assert abs(plain.astype(int) - 90).max() < 12


def test_a_folder_that_holds_something_is_refused_before_the_run(tmp_path: Path) -> None:
    check_folder(tmp_path)
    (tmp_path / "old.txt").write_text("kept")
    with pytest.raises(ConfigError, match="not an empty folder"):
        check_folder(tmp_path)
    with pytest.raises(ConfigError, match="does not exist; make it first"):
        check_folder(tmp_path / "a" / "b")


def test_an_outcome_without_times_has_no_pictures() -> None:
    assert list(moments_of({"text": "The hook is idle."})) == []
    assert list(moments_of(None)) == []


def test_events_give_the_middle_of_each() -> None:
    events = [{"span": {"start_s": 1.0, "end_s": 4.0}, "action": None, "caption": "A knot."}]
    assert list(moments_of({"events": events})) == [(2.5, None)]
    assert MOST_FRAMES >= 1
