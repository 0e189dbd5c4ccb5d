"""Files that lie, are cut off or are none at all."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from medvid.core.errors import VideoError
from medvid.core.span import Span
from medvid.video import decode, probe
from tests.video import files

TIMES = files.every(0.04, 120)
FAST_START = {"movflags": "+faststart"}


@pytest.mark.parametrize(("suffix", "options"), [("mp4", FAST_START), ("mkv", {}), ("ts", {})])
def test_a_cut_off_file_gives_what_is_there_and_says_so(tmp_path: Path, suffix: str, options: dict[str, str]) -> None:
    whole = files.write(tmp_path / f"whole.{suffix}", TIMES, file_options=options)
    info = probe(files.cut(whole, tmp_path / f"part.{suffix}", 0.6))
    assert 20 < info.frames < 100
    last = decode(info, [info.duration_s])
    # The last frame left, of number n, ends at (n + 1) * 40 ms. Pictures stored later but shown before it may be missing.
    assert info.duration_s == pytest.approx((files.number_of(last.rgb[0]) + 1) * 0.04, abs=1e-3)
    assert 0 <= files.number_of(last.rgb[0]) + 1 - info.frames <= 4
    if suffix != "ts":  # a transport stream promises no length
        assert any("cut off" in note or "states 4.8 s" in note for note in info.notes)


def test_a_recording_cut_off_before_its_index_is_refused(tmp_path: Path) -> None:
    whole = files.write(tmp_path / "whole.mp4", TIMES)
    with pytest.raises(VideoError, match=r"part\.mp4 is no video that can be read .*export it again"):
        probe(files.cut(whole, tmp_path / "part.mp4", 0.6))


def test_a_lying_duration_is_not_believed(tmp_path: Path) -> None:
    path = files.write(tmp_path / "liar.mkv", TIMES, tick=Fraction(1, 1000))
    content = path.read_bytes()
    # Matroska's Duration: element 0x4489 of 8 bytes, a double in milliseconds.
    at = content.index(b"\x44\x89\x88") + 3
    assert struct.unpack(">d", content[at : at + 8]) == (4800.0,)
    path.write_bytes(content[:at] + struct.pack(">d", 99_000.0) + content[at + 8 :])
    info = probe(path)
    assert info.duration_s == pytest.approx(4.8)
    assert info.notes == ("the container states 99.0 s, its frames last 4.8 s; the frames count",)


def test_a_missing_duration_is_found_out(tmp_path: Path) -> None:
    path = files.write(tmp_path / "live.mkv", TIMES, tick=Fraction(1, 1000), file_options={"live": "1"})
    with av.open(path) as file:
        assert file.streams.video[0].duration is None
    info = probe(path)
    assert (info.duration_s, info.frames) == (pytest.approx(4.8), 120)


def test_frames_that_an_edit_list_hides_are_not_counted(tmp_path: Path) -> None:
    # Written from -0.4 s on: the container marks the first ten frames of 40 ms as not shown.
    info = probe(files.write(tmp_path / "edited.mp4", files.every(0.04, 120, -0.4)))
    assert (info.frames, info.duration_s, info.notes) == (110, pytest.approx(4.4), ())
    assert [files.number_of(picture) for picture in decode(info, [0.0, 1.0]).rgb] == [10, 35]
    assert decode(info, [0.0]).times_s[0] == 0.0


def test_a_file_that_begins_between_key_frames_begins_at_its_first_whole_picture(tmp_path: Path) -> None:
    whole = files.write(tmp_path / "whole.ts", TIMES, codec_options=files.OPEN_GROUPS)
    content = whole.read_bytes()
    middle = len(content) // 2 // 188 * 188
    (tmp_path / "tail.ts").write_bytes(content[middle:])
    info = probe(tmp_path / "tail.ts")
    frames = decode(info, [k * 0.04 for k in range(info.frames)])
    numbers = [files.number_of(picture) for picture in frames.rgb]
    assert 30 < numbers[0] < 90 and numbers == list(range(numbers[0], 120))


def test_a_long_gap_is_told(tmp_path: Path) -> None:
    info = probe(files.write(tmp_path / "gap.mp4", [*files.every(0.04, 50), *files.every(0.04, 50, 30.0)]))
    # The last frame before the gap is number 49, at 1.96 s; the next is shown at 30 s.
    assert info.notes == ("one picture stands for 28.0 s, from 2.0 s on: a gap, or broken times",)
    assert [files.number_of(picture) for picture in decode(info, [0.0, 15.0, 31.0]).rgb] == [0, 49, 75]


def test_one_frame_is_a_video(tmp_path: Path) -> None:
    info = probe(files.write(tmp_path / "one.mp4", [0.0]))
    assert (info.frames, info.duration_s, info.fps, info.variable_rate) == (1, pytest.approx(0.04), pytest.approx(25), False)
    assert files.number_of(decode(info, [0.0]).rgb[0]) == 0


def test_a_changed_picture_size_is_brought_to_the_first(tmp_path: Path) -> None:
    plain = {"bf": "0"}
    first = files.write(tmp_path / "a.ts", files.every(0.04, 24), codec_options=plain)
    second = files.write(tmp_path / "b.ts", files.every(0.04, 24, 0.96), size=(320, 192), codec_options=plain)
    (tmp_path / "both.ts").write_bytes(first.read_bytes() + second.read_bytes())
    info = probe(tmp_path / "both.ts")
    assert info.size == (160, 96)
    assert [files.number_of(picture) for picture in decode(info, [0.0, 1.0]).rgb] == [0, 1]  # 1.0 s is the second file's frame 1


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _text(path: Path) -> None:
    path.write_text("These are the minutes of the meeting.\n" * 200)


def _playlist(path: Path) -> None:
    files.write(path.with_name("other.ts"), TIMES)
    path.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nother.ts\n#EXT-X-ENDLIST\n")


def _concat(path: Path) -> None:
    files.write(path.with_name("other.mp4"), TIMES)
    path.write_text("ffconcat version 1.0\nfile other.mp4\n")


def _no_frames(path: Path) -> None:
    with av.open(path, "w") as file:
        stream = file.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        file.start_encoding()


def _sound(path: Path) -> None:
    files.write_sound(path)


def _folder(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (_empty, r"x\.mp4 is empty \(0 bytes\)"),
        (_text, r"x\.mp4 is no video that can be read"),
        (_playlist, r"x\.mp4 is no video that can be read"),
        (_concat, r"x\.mp4 is no video that can be read"),
        (_no_frames, r"x\.mp4 (holds no moving pictures|has a video stream without a picture|is no video)"),
        (_sound, r"x\.mp4 holds no moving pictures \(only audio\)"),
        (_folder, r"x\.mp4 is not a plain file"),
        (lambda path: None, r"x\.mp4 cannot be opened \(No such file or directory\)"),
    ],
)
def test_what_is_no_video_is_refused_by_name_and_without_its_folder(tmp_path: Path, make: object, said: str) -> None:
    path = tmp_path / "x.mp4"
    make(path)  # type: ignore[operator]
    with pytest.raises(VideoError, match=said) as refused:
        probe(path)
    assert str(tmp_path) not in str(refused.value)


def test_a_null_byte_in_a_name_is_refused() -> None:
    with pytest.raises(VideoError, match="its name is not plain text"):
        probe(Path("a\0b.mp4"))


def test_a_span_outside_the_video_is_refused_with_the_way_out(tmp_path: Path) -> None:
    info = probe(files.write(tmp_path / "x.mp4", TIMES))
    assert info.span() == Span.of(0, 4.8)
    assert info.span(1.0, 4.83) == Span.of(1.0, 4.8)  # less than a frame (0.04 s) over
    with pytest.raises(VideoError, match=r"span 9.0-12.0 s lies past the end of the video \(4.8 s\); ask within 0.0-4.8 s"):
        info.span(9.0, 12.0)
    with pytest.raises(VideoError, match=r"span 1.0-12.0 s lies past the end"):
        info.span(1.0, 12.0)
    with pytest.raises(VideoError, match=r"span 3.0-2.0 s ends before it starts; give the earlier time first"):
        info.span(3.0, 2.0)
    with pytest.raises(VideoError, match="lies before the start"):
        info.span(-1.0, 2.0)


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_turned_copy_looks_like_its_source(tmp_path: Path, degrees: int) -> None:
    source = files.write(tmp_path / "source.mp4", TIMES, tags={"comment": "kept"})
    copy = probe(files.rotated_copy(source, tmp_path / "copy.mp4", degrees))
    assert (copy.rotation, copy.size, copy.tags["comment"]) == (degrees, (160, 96), "kept")
    old, new = decode(probe(source), TIMES[::10]).rgb.astype(int), decode(copy, TIMES[::10]).rgb.astype(int)
    assert np.abs(old - new).mean() < 4


def test_a_variable_rate_copy_keeps_times_and_length(tmp_path: Path) -> None:
    source = files.write(tmp_path / "source.mp4", TIMES)
    copy = probe(files.variable_rate_copy(source, tmp_path / "copy.mp4", seed=3))
    assert copy.variable_rate and 60 < copy.frames < 100
    assert copy.duration_s == pytest.approx(4.8, abs=1e-3)
    frames = decode(copy, TIMES)
    assert len({files.number_of(picture) for picture in frames.rgb}) == copy.frames
    assert all(files.number_of(picture) <= k for k, picture in enumerate(frames.rgb))


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts"])
def test_a_copy_that_starts_late_reads_as_its_source(tmp_path: Path, suffix: str) -> None:
    source = files.write(tmp_path / "source.mp4", TIMES)
    copy = probe(files.offset_copy(source, tmp_path / f"copy.{suffix}", 3.2))
    assert copy.container_start_s == pytest.approx(3.2, abs=1e-3)
    assert (copy.duration_s, copy.frames) == (pytest.approx(4.8, abs=2e-3), 120)
    np.testing.assert_array_equal(decode(copy, TIMES[::7]).rgb, decode(probe(source), TIMES[::7]).rgb)
