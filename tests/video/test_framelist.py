"""Lists of frame files: what is refused, and how pictures are read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from medvid.core.errors import VideoError
from medvid.video import FrameList, decode, probe


def picture(path: Path, size: tuple[int, int] = (40, 30), color: str = "red") -> Path:
    Image.new("RGB", size, color).save(path)
    return path


def test_a_see_through_picture_lies_over_white(tmp_path: Path) -> None:
    Image.new("RGBA", (40, 30), (0, 0, 0, 0)).save(tmp_path / "a.png")
    assert decode(probe(FrameList((tmp_path / "a.png",), 1.0)), [0.0]).rgb.min() == 255


def test_a_picture_turned_by_its_camera_stands_upright(tmp_path: Path) -> None:
    stored = np.zeros((30, 40, 3), dtype=np.uint8)
    stored[:10] = 255  # white along the stored top
    turned = Image.Exif()
    turned[0x0112] = 6  # shown after a quarter turn clockwise: the stored top is the right side
    Image.fromarray(stored).save(tmp_path / "a.png", exif=turned)
    info = probe(FrameList((tmp_path / "a.png",), 1.0))
    assert info.size == (30, 40)
    shown = decode(info, [0.0]).rgb[0]
    assert shown[:, -5:].min() == 255 and shown[:, :15].max() == 0


def test_the_rate_and_the_content_make_the_id(tmp_path: Path) -> None:
    a, b = picture(tmp_path / "a.png"), picture(tmp_path / "b.png", color="blue")
    ids = [probe(FrameList(paths, fps)).video_id for paths, fps in [((a, b), 1.0), ((a, b), 2.0), ((b, a), 1.0)]]
    assert len(set(ids)) == 3


def test_frames_with_times_of_their_own_are_shown_from_these_on(tmp_path: Path) -> None:
    # Native frames 30, 45, 61, 85, 100 at 30 a second, listed as 2 a second: 0, 0.5, 1.0333, 1.8333, 2.3333 s, and half a second more.
    shades = (10, 60, 110, 160, 210)
    paths = tuple(picture(tmp_path / f"{shade}.png", color=f"rgb({shade},{shade},{shade})") for shade in shades)
    info = probe(FrameList(paths, 2.0, times_s=tuple(number / 30 for number in (30, 45, 61, 85, 100))))
    assert (info.variable_rate, info.duration_s) == (True, pytest.approx(2.8333, abs=1e-4))
    assert info.fps == pytest.approx(5 / 2.8333, abs=1e-3)
    frames = decode(info, [0.0, 0.9, 1.8, 2.7])
    assert frames.rgb[:, 0, 0, 0].tolist() == [10, 60, 110, 210]
    # The frame of 1.0333 s is 0.77 s old at 1.8 s, less than a step.
    assert frames.times_s.tolist() == pytest.approx([0.0, 0.5, 1.0333, 2.3333], abs=1e-4)
    assert info.video_id != probe(FrameList(paths, 2.0)).video_id


def test_lists_that_are_no_video_are_refused(tmp_path: Path) -> None:
    good, small = picture(tmp_path / "good.png"), picture(tmp_path / "small.png", (20, 20))
    (tmp_path / "text.png").write_text("text")
    with pytest.raises(VideoError, match="holds no file"):
        probe(FrameList((), 1.0))
    for fps in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(VideoError, match="give one above 0"):
            probe(FrameList((good,), fps))
    for times_s in ((0.0,), (0.0, 1.0, 2.0), (1.0, 1.0), (1.0, 0.5), (0.0, float("nan")), (0.0, float("inf"))):
        with pytest.raises(VideoError, match=r"a list of 2 frames has \d times; give one a frame, in seconds, that increase"):
            probe(FrameList((good, good), 1.0, times_s=times_s))
    with pytest.raises(VideoError, match=r"text\.png is no picture that can be read"):
        probe(FrameList((tmp_path / "text.png",), 1.0))
    with pytest.raises(VideoError, match=r"gone\.png cannot be opened"):
        probe(FrameList((good, tmp_path / "gone.png"), 1.0))
    info = probe(FrameList((good, small), 1.0))
    with pytest.raises(VideoError, match=r"small\.png is 20x20 px, the first frame 40x30 px; give frames of one size"):
        decode(info, [0.0, 1.0])
