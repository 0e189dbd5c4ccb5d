"""A simulated file is the same every time, says what it is, and decodes to what was drawn."""

import json
from pathlib import Path

import numpy as np
import pytest

from medvid.core.span import Span
from medvid.simulate import Truth, clip_of, from_tag, make_procedure, render, write_video
from medvid.simulate.file import tag_of
from medvid.video import decode, probe


@pytest.fixture(scope="module")
def cut() -> Truth:
    return clip_of(make_procedure(4, "cholecystectomy"), Span.of(30.0, 34.0))


@pytest.fixture(scope="module")
def file(cut: Truth, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_video(cut, tmp_path_factory.mktemp("simulated") / "case.mp4")


def test_the_same_truth_gives_the_same_bytes(cut: Truth, file: Path, tmp_path: Path) -> None:
    again = []
    for n in range(8):
        scrap = [np.full(10_000 * (n + k + 1), n, dtype=np.uint8) for k in range(20)]  # other memory for the encoder to find
        del scrap
        again.append(write_video(cut, tmp_path / f"{n}.mp4").read_bytes())
    assert set(again) == {file.read_bytes()}


def test_the_container_says_that_it_is_simulated_and_gives_the_truth_back(cut: Truth, file: Path) -> None:
    info = probe(file)
    assert from_tag(info.tags) == cut
    assert info.codec == "h264"
    assert info.size == (320, 240)
    assert info.frames == 40

def test_the_tag_holds_what_is_stated_and_nothing_else(cut: Truth) -> None:
    """A field that other videos have must not change the bytes, and so the id, of every simulated file."""
    assert set(json.loads(tag_of(cut))["medvid_simulated"]["case"]) == {"procedure", "scene", "actions", "simulated"}


@pytest.mark.parametrize(
    "comment", ["", "not json", "{}", '{"medvid_simulated": {"version": 99}}', '{"medvid_simulated": {"version": 1, "seed": "x"}}']
)
def test_a_file_that_is_not_simulated_has_no_truth(comment: str) -> None:
    assert from_tag({"comment": comment}) is None


def test_decoded_frames_are_the_rendered_ones_but_for_the_codec(cut: Truth, file: Path) -> None:
    times_s = [0.0, 1.3, 3.9]
    decoded = decode(probe(file), times_s)
    difference = np.abs(decoded.rgb.astype(int) - render(cut, times_s).astype(int))
    assert difference.mean() < 6
    assert np.abs(decoded.rgb[0].astype(int) - render(cut, [3.9])[0].astype(int)).mean() > 2 * difference.mean()


def test_an_interrupted_write_leaves_nothing_behind(cut: Truth, tmp_path: Path) -> None:
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_video(cut, tmp_path / "case.mp4", progress=stop)
    assert list(tmp_path.iterdir()) == []
