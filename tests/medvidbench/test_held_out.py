"""The held-out set as records, without its pictures; the command line's test has those."""

from __future__ import annotations

from pathlib import Path

import pytest

from medvid.medvidbench import held_out
from medvid.medvidbench.extent import extent_of
from medvid.medvidbench.held_out import write_held_out
from medvid.medvidbench.records import Record, read_records
from medvid.simulate import HELD_OUT_SEED, Truth
from medvid.tools.registry import BY_QA_TYPE


@pytest.fixture
def fifty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Record]:
    monkeypatch.setattr(held_out, "write_clip", lambda truth, folder: folder / f"{truth.seed}.mp4")
    told = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        told.append(write_held_out(tmp_path / name, 50, lambda done, wanted: None)["tasks"])
    assert told[0] == told[1] and set(told[0]) == set(BY_QA_TYPE) and min(told[0].values()) >= 3
    assert (tmp_path / "a" / "records.json").read_bytes() == (tmp_path / "b" / "records.json").read_bytes()
    return read_records(tmp_path / "a" / "records.json")


def test_fifty_records_are_of_all_types_on_ten_videos_and_ask_for_absent_things_too(fifty: list[Record]) -> None:
    assert len(fifty) == 50
    assert [record.video for record in fifty[::5]] == [(f"videos/{HELD_OUT_SEED + i}.mp4",) for i in range(10)]
    looked_for = [record for record in fifty if record.qa_type in ("tal", "stg")]
    absent = [record for record in looked_for if record.answer == "Not observed."]
    assert 0 < len(absent) < len(looked_for) / 2


def test_a_record_states_its_stretch_in_frames_of_its_own_file(fifty: list[Record]) -> None:
    for record in fifty:
        extent, truth = extent_of(record), truth_of(record)
        assert extent is not None and (extent.unit, extent.start) == ("frames", 0.0)
        lasts_s = extent.end / truth.fps
        assert lasts_s <= truth.duration_s + 1 / truth.fps
        assert record.fps is not None and lasts_s * record.fps <= 32 + 1e-6  # what the embedded model takes at once
        if record.rc_info is not None:
            number = int(Path(record.rc_info["start_frame"]).stem)
            assert 0 <= number < extent.end


def truth_of(record: Record) -> Truth:
    return held_out.held_out_clip(int(Path(record.video[0]).stem) - HELD_OUT_SEED)
