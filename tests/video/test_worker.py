"""Videos read in processes of their own: what one file does there stays there."""

from __future__ import annotations

import os
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import anyio
import numpy as np
import pytest

from medvid.core.access import Access
from medvid.core.errors import AccessError, VideoError
from medvid.core.span import Span
from medvid.simulate import clip_of, make_procedure, write_video
from medvid.video import Library, VideoInfo, decode, probe
from medvid.video.worker import Readers

HOSTILE = "tests.video.hostile"
TIMES_S = [0.0, 0.5, 1.0]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    truth = clip_of(make_procedure(5, "cholecystectomy"), Span.of(30.0, 34.0))
    return write_video(truth, tmp_path_factory.mktemp("clip") / "operation.mp4")


@pytest.fixture
def readers() -> Iterator[Readers]:
    with closing(Readers(slots=2, limit_s=20.0, memory_gib=2.0, program=HOSTILE)) as opened:
        yield opened


def named(clip: Path, folder: Path, name: str) -> VideoInfo:
    return probe(Path(shutil.copy(clip, folder / f"{name}.mp4")))


def test_what_a_worker_reads_is_what_is_read_here(clip: Path, tmp_path: Path) -> None:
    with closing(Readers(slots=1)) as readers:
        info = readers.probe(clip)
        assert info == probe(clip)
        for size in (None, (112, 84)):
            there, here = readers.decode(info, TIMES_S, size), decode(info, TIMES_S, size)
            assert np.array_equal(there.rgb, here.rgb)
            assert np.array_equal(there.times_s, here.times_s)
            assert there.fps == here.fps


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("killed", "reading killed-1.mp4 broke the process that did it"),
        ("lying", "reading lying-1.mp4 broke the process that did it"),
        ("greedy", "takes more than 2 GiB of memory; ask for fewer or smaller frames"),
    ],
)
def test_a_file_that_breaks_its_process_is_an_error_for_that_call_only(
    clip: Path, tmp_path: Path, readers: Readers, name: str, said: str
) -> None:
    bad, good = named(clip, tmp_path, f"{name}-1"), named(clip, tmp_path, "good")
    for _ in range(3):  # more often than there are slots
        with pytest.raises(VideoError, match=said) as raised:
            readers.decode(bad, TIMES_S)
        assert str(tmp_path) not in str(raised.value)
        assert len(readers.decode(good, TIMES_S)) == 3


@pytest.mark.parametrize("name", ["hanging", "stalling"])
def test_a_file_that_hangs_is_given_up_and_its_process_ended(clip: Path, tmp_path: Path, name: str) -> None:
    bad, good = named(clip, tmp_path, f"{name}-1"), named(clip, tmp_path, "good")
    with closing(Readers(slots=1, limit_s=2.0, program=HOSTILE)) as readers:
        with pytest.raises(VideoError, match=rf"reading {name}-1\.mp4 took longer than 2 s; ask about a shorter span"):
            readers.decode(bad, TIMES_S)
        assert len(readers.decode(good, TIMES_S)) == 3


def test_a_neighbours_call_goes_on_while_a_file_hangs(clip: Path, tmp_path: Path) -> None:
    bad, good = named(clip, tmp_path, "hanging-1"), named(clip, tmp_path, "good")
    with closing(Readers(slots=2, limit_s=6.0, program=HOSTILE)) as readers:
        failed: list[str] = []

        def hang() -> None:
            try:
                readers.decode(bad, TIMES_S)
            except VideoError as error:
                failed.append(str(error))

        hanging = threading.Thread(target=hang)
        hanging.start()
        time.sleep(0.2)
        for _ in range(3):
            assert len(readers.decode(good, TIMES_S)) == 3
        assert not failed  # it hangs still
        hanging.join()
        assert len(failed) == 1


def test_a_process_that_died_between_two_calls_is_replaced(clip: Path, readers: Readers) -> None:
    info = probe(clip)
    readers.decode(info, TIMES_S)
    idle = readers._idle.queue[-1].process
    assert idle is not None
    os.kill(idle.pid, signal.SIGKILL)
    idle.wait()
    assert len(readers.decode(info, TIMES_S)) == 3


def test_one_process_answers_many_calls(clip: Path, readers: Readers) -> None:
    info = probe(clip)
    pids = set()
    for _ in range(4):
        readers.decode(info, TIMES_S)
        process = readers._idle.queue[-1].process
        assert process is not None
        pids.add(process.pid)
    assert len(pids) == 1


@pytest.mark.anyio
async def test_a_call_that_is_given_up_frees_its_slot(clip: Path, tmp_path: Path) -> None:
    bad, good = named(clip, tmp_path, "hanging-1"), named(clip, tmp_path, "good")
    with closing(Readers(slots=1, limit_s=60.0, program=HOSTILE)) as readers:
        for abandoned in (True, False):
            with anyio.move_on_after(1.5):
                await anyio.to_thread.run_sync(readers.decode, bad, TIMES_S, abandon_on_cancel=abandoned)
            with anyio.fail_after(20):
                assert len(await anyio.to_thread.run_sync(readers.decode, good, TIMES_S)) == 3


def test_the_worker_neither_loads_torch_nor_sees_secrets_nor_prints_on_our_output(
    clip: Path, tmp_path: Path, readers: Readers, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MEDVID_TOKEN", "0123456789abcdef")
    assert len(readers.decode(named(clip, tmp_path, "torch-1"), TIMES_S)) == 3
    assert len(readers.decode(named(clip, tmp_path, "noisy-1"), TIMES_S)) == 3
    assert "a decoder that prints" not in capfd.readouterr().out
    process = readers._idle.queue[-1].process
    assert process is not None
    environment = Path(f"/proc/{process.pid}/environ")
    if environment.exists():
        assert b"0123456789abcdef" not in environment.read_bytes()


def test_odd_files_are_refused_in_the_same_words_there_as_here(tmp_path: Path, clip: Path, readers: Readers) -> None:
    whole = clip.read_bytes()
    playlist = b"#EXTM3U\n/etc/passwd\n"
    odd = {"empty.mp4": b"", "text.mp4": b"no video", "head.mp4": whole[:200], "list.mp4": playlist, "zero.mkv": bytes(5000)}
    for name, content in odd.items():
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(VideoError) as here:
            probe(path)
        with pytest.raises(VideoError) as there:
            readers.probe(path)
        assert str(there.value) == str(here.value)


def test_a_library_reads_by_its_readers_and_remembers_a_file_that_broke_one(clip: Path, tmp_path: Path, readers: Readers) -> None:
    root = tmp_path / "root"
    root.mkdir()
    shutil.copy(clip, root / "killed-1.mp4")
    library = Library([root], cache_file=tmp_path / "probes.sqlite", readers=readers)
    (video,) = library.listing(Access())
    info = library.info(video.video_id, Access())
    with pytest.raises(VideoError, match="broke the process"):
        library.decode(info, TIMES_S)


def test_a_look_that_hangs_does_not_hold_up_the_others(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(clip, tmp_path / "a.mp4")
    library = Library([tmp_path], cache_file=tmp_path / "probes.sqlite")
    monkeypatch.setattr("medvid.video.library.LONGEST_WAIT_S", 0.05)
    with library._looking:  # somebody's look
        assert [video.title for video in library.listing(Access())] == ["a"]
        with pytest.raises(AccessError):
            library.info("0123456789abcdef", Access())
