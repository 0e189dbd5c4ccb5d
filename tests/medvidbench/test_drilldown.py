"""What a page shows of a record's frames."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from medvid.core import Span
from medvid.medvidbench.answers import Answered
from medvid.medvidbench.drilldown import entries_of
from medvid.medvidbench.records import Record
from medvid.simulate import clip_of, make_procedure, write_video
from medvid.simulate.demo import DEMO_SEED

ASKED = {"conversations": [{"from": "human", "value": "<video>\nWhat happens?"}], "metadata": {"fps": "1"}}


def test_frames_of_a_video_file_stand_at_the_times_of_its_clip_and_a_region_has_its_box(tmp_path: Path) -> None:
    write_video(clip_of(make_procedure(DEMO_SEED, "cholecystectomy"), Span.of(0.0, 8.0)), tmp_path / "a.mp4")
    region = {"start_frame": "a/000020.jpg", "start_frame_bbox": [40, 40, 280, 200]}  # frame 20 at 10 a second: 2 s
    plain = {**ASKED, "qa_type": "tal", "video": ["a.mp4"]}
    records = [plain, {**plain, "qa_type": "region_caption_gpt", "is_RC": True, "RC_info": region}, {**plain, "video": ["gone.mp4"]}]
    run = Answered({"root": str(tmp_path)}, [Record.model_validate(record) for record in records], {})
    tal, boxed, gone = (entry["frames"] for entry in entries_of(run, {}, tmp_path / "page"))
    # Eight frames, 0 to 7 s; four of them, evenly: 0, 7/3, 14/3 and 7, rounded down.
    assert [frame["name"] for frame in tal] == ["0.0 s", "2.0 s", "4.0 s", "7.0 s"]
    assert gone == [{"name": "gone.mp4 is not there: no such file below " + tmp_path.name + "/", "file": None}]

    assert [one["file"] == other["file"] for one, other in zip(tal, boxed, strict=True)] == [True, False, True, True]
    with_box, without = (np.asarray(Image.open(tmp_path / "page" / frames[1]["file"])).astype(int) for frames in (boxed, tal))
    assert with_box.shape == (120, 160, 3)
    # The thumbnail is half the frame: the box's upper edge, at 40 px, is its row 20, from 20 to 140.
    assert (with_box - without)[20, 24:136, 1].mean() > 40 > abs((with_box - without)[4:12, :, 1]).mean()
