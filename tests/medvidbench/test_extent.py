"""Extents and time axes of records, one made by hand for each convention."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from medvid.core.errors import ConfigError, VideoError
from medvid.medvidbench.extent import Extent, Timing, extent_of, file_timing, list_timing, native_numbers, rate_of, stated_rate
from medvid.medvidbench.records import Record
from medvid.video import probe
from tests.video.files import write

TURNS = [{"from": "human", "value": "<video>\nWhen?"}]


def record(video: list[str], **said: Any) -> Record:
    metadata = {key: said.pop(key) for key in list(said) if key.endswith(("_frame", "_time")) or key == "fps"}
    return Record.model_validate({"qa_type": "tal", "conversations": TURNS, "video": video, "metadata": metadata, **said})


def numbered(folder: str, numbers: list[int]) -> list[str]:
    return [f"{folder}/{number:06d}.jpg" for number in numbers]


@pytest.mark.parametrize(
    ("metadata", "extent"),
    [
        ({"input_video_start_time": "12.5", "input_video_end_time": 40}, Extent("seconds", 12.5, 40)),
        ({"input_video_start_frame": "260", "input_video_end_frame": "546"}, Extent("frames", 260, 546)),
        ({"start_frame": 75, "end_frame": 75}, Extent("frames", 75, 75)),
        ({"input_video_start_frame": "", "input_video_end_frame": None, "start_frame": 1, "end_frame": 9}, Extent("frames", 1, 9)),
        ({"input_video_start_frame": "260"}, None),
        ({}, None),
    ],
)
def test_each_of_the_three_conventions_is_read(metadata: dict[str, Any], extent: Extent | None) -> None:
    assert extent_of(record(["a/1.jpg"], **metadata)) == extent


@pytest.mark.parametrize("said", [("9", "3"), ("soon", "later"), ("-1", "3"), ("nan", "3"), ("0", "inf")])
def test_an_extent_that_is_none_is_told_by_its_keys(said: tuple[str, str]) -> None:
    with pytest.raises(ConfigError, match="input_video_start_frame to input_video_end_frame is "):
        extent_of(record(["a/1.jpg"], input_video_start_frame=said[0], input_video_end_frame=said[1]))


@pytest.mark.parametrize("fps", ["0", "-1", "nan", "inf", "often", None])
def test_a_record_without_a_rate_is_told(fps: str | None) -> None:
    with pytest.raises(ConfigError, match=r"metadata\.fps is "):
        rate_of(record(["a/1.jpg"], fps=fps))


@pytest.mark.parametrize(
    ("path", "rate"),
    [
        ("/their/AVOS/frames_15fps/v/000004.jpg", 15.0),
        ("frames_2fps/v/1.jpg", 2.0),
        ("set-12.5fps/v/1.jpg", 12.5),
        ("v/frame_2fps.jpg", None),  # a file's own name is none
        ("v/0fps/1.jpg", None),
        ("v/frames/1.jpg", None),
    ],
)
def test_a_folder_may_name_the_native_rate(path: str, rate: float | None) -> None:
    assert stated_rate(path) == rate


def test_native_numbers_are_those_sampled_else_those_of_the_files() -> None:
    paths = numbered("v", [3, 5, 9])
    assert native_numbers(record(paths, sampled_video_frames=[30, 50, 90])) == (30, 50, 90)
    assert native_numbers(record(paths, sampled_video_frames=[30, 50])) == (3, 5, 9), "one number a frame, or none of them"
    assert native_numbers(record(paths)) == (3, 5, 9)
    assert native_numbers(record(["v/a.jpg", "v/b.jpg"])) == ()
    assert native_numbers(record(numbered("v", [3, 3, 4]))) == (), "a frame that comes twice has no time of its own"


def test_ragged_strides_over_a_stated_rate_give_the_true_times() -> None:
    # Strides of 15, 16 and 24 at 15 frames a second: 1, 1.07 and 1.6 s, where the list says one a second. Number 0 is at second 0.
    numbers = [30, 45, 61, 85]
    timing = list_timing(record(numbered("frames_15fps/v", numbers), fps="1.0", input_video_start_frame="30", input_video_end_frame="100"))
    assert timing == Timing((2.0, 3.0, pytest.approx(61 / 15, abs=1e-6), pytest.approx(85 / 15, abs=1e-6)), 1.0, "native")


def test_even_strides_over_a_stated_rate_agree_with_the_list() -> None:
    timing = list_timing(record(numbered("frames_2fps/v", [10, 14, 18]), fps="0.5"))
    assert timing == Timing((0.0, 2.0, 4.0), 0.5, "both")


def test_without_a_known_rate_the_list_is_believed() -> None:
    """The record of docs/formats.md: 0.5 frames a second, every second picture. Stride x rate = 1 a second, so the clip begins at 260 s."""
    told = {"fps": "0.5", "input_video_start_frame": "260", "input_video_end_frame": "546"}
    assert list_timing(record(numbered("dir", [260, 262, 264]), **told)) == Timing((260.0, 262.0, 264.0), 0.5, "index")
    ragged = list_timing(record(numbered("dir", [260, 262, 265]), **told))
    assert ragged == Timing((260.0, 262.0, 264.0), 0.5, "index"), "ragged, and nothing says how fast the numbers run"
    cvs = list_timing(record(["v/a.jpg", "v/b.jpg"], fps="1", start_frame="50", end_frame="100"))
    assert cvs == Timing((2.0, 3.0), 1.0, "index"), "50 numbers over 2 frames at 1 a second: 25 a second"


def test_seconds_bear_out_the_rate_of_the_numbers_or_do_not() -> None:
    # Every 30th number at 1 a second is 30 a second; the last stride is late: 300, 330, 360, 405 and one stride more are 4.5 s.
    paths = numbered("v", [300, 330, 360, 405])
    borne_out = list_timing(record(paths, fps="1.0", input_video_start_time="10", input_video_end_time="14.5"))
    assert borne_out == Timing((10.0, 11.0, 12.0, 13.5), 1.0, "native")
    other = list_timing(record(paths, fps="1.0", input_video_start_time="10", input_video_end_time="16"))
    assert other == Timing((10.0, 11.0, 12.0, 13.0), 1.0, "index"), "6 s are more than a frame's length off"


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """12 s at 10 frames a second."""
    path = tmp_path_factory.mktemp("video") / "v.mp4"
    write(path, [i / 10 for i in range(120)])
    return path


@pytest.mark.parametrize(
    ("said", "times_s", "axis"),
    [
        ({"input_video_start_time": 2, "input_video_end_time": 6}, (2, 4), "video"),
        ({"input_video_start_frame": 20, "input_video_end_frame": 61}, (2, 4, 6), "video"),
        ({"start_frame": 50, "end_frame": 50}, (5,), "video"),
        ({}, (0, 2, 4, 6, 8, 10), "video"),
        ({"sampled_video_frames": [20, 41, 60]}, (2, 4.1, 6), "native"),
    ],
)
def test_a_video_file_is_cut_by_the_extent_and_sampled_at_the_lists_rate(
    said: dict[str, Any], times_s: tuple[float, ...], axis: str, video: Path
) -> None:
    timing = file_timing(record(["v.mp4"], fps="0.5", **said), probe(video))
    assert timing == Timing(pytest.approx(times_s), 0.5, axis)  # type: ignore[arg-type]


def test_an_extent_past_the_files_end_is_told(video: Path) -> None:
    with pytest.raises(VideoError, match="past the end of the video"):
        file_timing(record(["v.mp4"], fps="0.5", input_video_start_time=20, input_video_end_time=30), probe(video))
