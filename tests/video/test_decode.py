"""Every frame asked for is the frame that is shown, for both readers, however the file is built."""

from __future__ import annotations

import bisect
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path

import av
import decord
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from medvid.core.errors import VideoError
from medvid.video import VideoInfo, decode, probe
from medvid.video import decode as decode_function
from medvid.video.pyav import upright
from tests.video import files

REGULAR = files.every(0.04, 120)
UNEVEN = files.uneven(120)
MILLISECONDS = Fraction(1, 1000)

BUILT: dict[str, tuple[str, list[float], Callable[[Path], Path]]] = {
    "regular": ("mp4", REGULAR, partial(files.write, times_s=REGULAR)),
    "variable": ("mp4", UNEVEN, partial(files.write, times_s=UNEVEN)),
    "variable, matroska": ("mkv", UNEVEN, partial(files.write, times_s=UNEVEN, tick=MILLISECONDS)),
    "starts at 3.2 s": ("mp4", REGULAR, partial(files.write, times_s=files.every(0.04, 120, 3.2))),
    "starts at 3.2 s, matroska": ("mkv", REGULAR, partial(files.write, times_s=files.every(0.04, 120, 3.2), tick=MILLISECONDS)),
    "starts at 3.2 s, transport stream": ("ts", REGULAR, partial(files.write, times_s=files.every(0.04, 120, 3.2))),
    "turned 90": ("mp4", REGULAR, partial(files.write, times_s=REGULAR, rotation=90)),
    "turned 180, variable": ("mp4", UNEVEN, partial(files.write, times_s=UNEVEN, rotation=180)),
    "turned 270": ("mp4", REGULAR, partial(files.write, times_s=REGULAR, rotation=270)),
    "open groups": ("mp4", REGULAR, partial(files.write, times_s=REGULAR, codec_options=files.OPEN_GROUPS)),
    "open groups, transport stream": ("ts", REGULAR, partial(files.write, times_s=REGULAR, codec_options=files.OPEN_GROUPS)),
    "hevc": ("mp4", REGULAR, partial(files.write, times_s=REGULAR, codec="libx265")),
    "mpeg4 in avi": ("avi", REGULAR, partial(files.write, times_s=REGULAR, codec="mpeg4", tick=Fraction(1, 25), codec_options={"bf": "2"})),
    "vp9": ("webm", REGULAR, partial(files.write, times_s=REGULAR, codec="libvpx-vp9", tick=MILLISECONDS, codec_options={"cpu-used": "8"})),
    "ten bits": ("mp4", REGULAR, partial(files.write, times_s=REGULAR, pix_fmt="yuv420p10le")),
    "odd size": ("mkv", REGULAR, partial(files.write, times_s=REGULAR, pix_fmt="yuv444p", size=(161, 95), tick=MILLISECONDS)),
    "every picture a key": ("mp4", REGULAR, partial(files.write, times_s=REGULAR, group=1)),
}


@dataclass(frozen=True)
class Built:
    info: VideoInfo
    starts_s: list[float]
    pictures: list[np.ndarray]
    """Every frame, read from the first to the last without a seek."""


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Built]:
    folder = tmp_path_factory.mktemp("built")
    done: dict[str, Built] = {}

    def build(name: str) -> Built:
        if name not in done:
            suffix, starts_s, make = BUILT[name]
            path = make(folder / f"{name}.{suffix}")
            info = probe(path)
            with av.open(path) as file:
                stored = [frame.to_ndarray(format="rgb24") for frame in file.decode(video=0)]
            done[name] = Built(info, starts_s, [upright(picture, info.rotation, info.mirrored) for picture in stored])
        return done[name]

    return build


PLAIN = ("regular", "variable", "variable, matroska", "starts at 3.2 s", "starts at 3.2 s, matroska", "ten bits", "turned 90")
"""What decord reads right too: with open groups, an MPEG transport stream or an AVI it returns other frames than those asked for."""


@pytest.mark.parametrize("name", BUILT)
def test_probe_finds_rate_length_and_frames(built: Callable[[str], Built], name: str) -> None:
    info, starts_s = built(name).info, built(name).starts_s
    assert info.frames == 120
    assert info.variable_rate == (starts_s is UNEVEN)
    assert info.size == ((161, 95) if name == "odd size" else (160, 96))
    # 120 frames of 40 ms last 4.8 s; uneven ones end at most one step (0.3 s) after the last begins.
    if starts_s is REGULAR:
        assert info.fps == pytest.approx(25) and info.duration_s == pytest.approx(4.8, abs=1e-3)
    else:
        assert starts_s[-1] < info.duration_s <= starts_s[-1] + 0.3
    assert info.notes == ()


@pytest.mark.parametrize("name", BUILT)
def test_a_full_read_gives_every_frame_at_its_time(built: Callable[[str], Built], name: str) -> None:
    this = built(name)
    frames = decode(this.info, this.starts_s)
    assert [files.number_of(picture) for picture in frames.rgb] == list(range(120))
    np.testing.assert_allclose(frames.times_s, this.starts_s, atol=6e-4)  # Matroska rounds to milliseconds


@pytest.mark.parametrize("name", BUILT)
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
@given(shares=st.lists(st.floats(0, 1), min_size=1, max_size=6, unique=True))
def test_any_times_give_the_frames_a_full_read_gives(built: Callable[[str], Built], name: str, shares: list[float]) -> None:
    this = built(name)
    asked_s = sorted({round(share * this.info.duration_s, 6) for share in shares})
    expected = [_shown_at(this.starts_s, time_s) for time_s in asked_s]
    frames = decode(this.info, asked_s)
    for time_s, index, picture in zip(asked_s, expected, frames.rgb, strict=True):
        if min(abs(time_s - start_s) for start_s in this.starts_s) < 1.1e-3:
            continue  # on the border, rounding in the container decides
        assert files.number_of(picture) == index
        np.testing.assert_array_equal(picture, this.pictures[index])


def _shown_at(starts_s: list[float], time_s: float) -> int:
    return max(0, bisect.bisect_right(starts_s, time_s) - 1)


@pytest.mark.parametrize("name", PLAIN)
def test_an_independent_decoder_shows_the_same_frames(built: Callable[[str], Built], name: str) -> None:
    this = built(name)
    reader = decord.VideoReader(str(this.info.path), num_threads=1)
    assert [files.number_of(picture.asnumpy()) for picture in reader] == list(range(120))
    asked = [0, 7, 60, 119]
    ours = decode(this.info, [this.starts_s[index] + 1e-3 for index in asked])
    assert [files.number_of(picture) for picture in ours.rgb] == asked


def test_a_frame_bears_the_time_from_which_it_is_shown(tmp_path: Path) -> None:
    # Frames at 0, 0.4, 0.8 ... s; one asked for at 1.0 s began at 0.8 s, less than the step of 1 s ago.
    info = probe(files.write(tmp_path / "slow.mp4", files.every(0.4, 10), rate=Fraction(5, 2)))
    frames = decode(info, [0.0, 1.0, 2.0, 3.0])
    assert frames.times_s.tolist() == pytest.approx([0.0, 0.8, 2.0, 2.8])
    assert frames.fps == pytest.approx(1.0)


def test_a_frame_that_stands_still_bears_the_times_asked_for(tmp_path: Path) -> None:
    # The frame of 1 s stands until 6 s. Asked for each second, it is given at 1 s and then at the asked times, so that times increase.
    info = probe(files.write(tmp_path / "still.mp4", [0.0, 1.0, 6.0, 7.0]))
    frames = decode(info, [0.5, 1.5, 2.5, 3.5, 6.5])
    assert [files.number_of(picture) for picture in frames.rgb] == [0, 1, 1, 1, 2]
    assert frames.times_s.tolist() == pytest.approx([0.0, 1.0, 2.5, 3.5, 6.0])
    assert decode(info, [3.0, 4.0]).times_s.tolist() == pytest.approx([3.0, 4.0])


def test_a_size_scales_and_changes_no_time(built: Callable[[str], Built]) -> None:
    info = built("turned 90").info
    frames = decode(info, [0.0, 1.0], size=(48, 32))
    assert frames.size == (48, 32)
    assert [files.number_of(picture) for picture in frames.rgb] == [0, 25]


def test_several_threads_read_one_file_at_once(built: Callable[[str], Built]) -> None:
    info = built("open groups").info
    with ThreadPoolExecutor(4) as pool:
        read = list(pool.map(lambda k: files.number_of(decode(info, [k * 0.04]).rgb[0]), range(0, 120, 7)))
    assert read == list(range(0, 120, 7))


@pytest.mark.parametrize(
    ("times_s", "said"),
    [
        ([4.9], r"time 4.900 s lies past the end of the video \(4.800 s\); ask within 0.0-4.800 s"),
        ([-0.1], r"time -0.100 s lies before the start"),
        ([float("nan")], "ask within"),
        ([1.0, 1.0], "does not come after"),
        ([2.0, 1.0], "does not come after"),
        ([], "no time is given"),
    ],
)
def test_times_that_cannot_be_read_are_refused(built: Callable[[str], Built], times_s: list[float], said: str) -> None:
    with pytest.raises(VideoError, match=said):
        decode(built("regular").info, times_s)


def test_more_frames_than_memory_allows_are_refused(built: Callable[[str], Built]) -> None:
    with pytest.raises(VideoError, match=r"2 frames of 40000x40000 px need 8.9 GiB, above 8 GiB; ask for fewer or smaller frames"):
        decode_function(built("regular").info, [0.0, 1.0], size=(40_000, 40_000))
