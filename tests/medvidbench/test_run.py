"""What a run asks, in which order, how much of it stands ready, and when an engine counts as down."""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import anyio
import pytest

from medvid.core import ConfigError, EngineError, Failure
from medvid.engine.base import Reply, Request
from medvid.engine.profiles import EMBEDDED
from medvid.engine.scripted import ScriptedEngine
from medvid.medvidbench import run
from medvid.medvidbench.answers import Answer, AnswersFolder, made_from, read_answers
from medvid.medvidbench.asking import How
from medvid.medvidbench.records import Record, read_leniently, write_records
from medvid.medvidbench.run import AHEAD, choose, keeper, longest_first, run_records, summary_of
from tests.medvidbench.pictures import pictured_records

pytestmark = pytest.mark.anyio


def record(qa_type: str, frames: int = 1, video: str = "a") -> Record:
    turns = [{"from": "human", "value": f"<video>\nWhat of {video}?"}]
    return Record.model_validate({"qa_type": qa_type, "conversations": turns, "video": [f"{video}/{i}.jpg" for i in range(frames)]})


def test_a_limit_is_spread_over_tasks_and_file_and_a_larger_one_holds_the_smaller() -> None:
    # 80 of tal stand before 16 of stg and 4 of cvs_assessment.
    records = [record(name) for name, count in (("tal", 80), ("stg", 16), ("cvs_assessment", 4)) for _ in range(count)]
    nine = choose(records, limit=9)
    assert Counter(records[at].qa_type for at in nine) == {"tal": 3, "stg": 3, "cvs_assessment": 3}
    # The first three of 80 places, their seven bits turned round: 0, 64, 32.
    assert [at for at in nine if at < 80] == [0, 32, 64]
    chosen = [set(choose(records, limit=limit)) for limit in range(1, 101)]
    assert all(smaller < larger for smaller, larger in itertools.pairwise(chosen))
    assert choose(records, limit=1000) == list(range(100))


def test_a_task_is_named_whole_or_by_what_its_variants_begin_with() -> None:
    records = [record(name) for name in ("tal", "video_summary_gpt", "video_summary_gemini", "stg")]
    assert choose(records, ["video_summary"]) == [1, 2]
    assert choose(records, ["stg,tal", "video_summary_gpt"]) == [0, 1, 3]
    with pytest.raises(ConfigError, match="no record is of the task video_sum; there are stg, tal, video_summary_gemini"):
        choose(records, ["video_sum"])


def test_the_longest_goes_first_and_questions_about_the_same_frames_together() -> None:
    clip = {"fps": "0.5", "input_video_start_time": "10", "input_video_end_time": "30"}
    file = record("tal").model_copy(update={"video": ("a.mp4",), "metadata": clip})  # 20 s at 0.5 fps: 10 frames
    records = [record("tal", 3), record("tal", 12, "a"), record("tal", 12, "b"), record("stg", 12, "a"), file, record("tal", 1800)]
    assert longest_first(records, range(6)) == [5, 1, 3, 2, 4, 0]


async def test_no_more_records_are_made_ready_than_are_in_flight_and_three(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    records = pictured_records(tmp_path, 30)
    lock, standing, most = threading.Lock(), 0, 0

    def counted(*args: Any) -> Any:
        nonlocal standing, most
        with lock:
            standing += 1
            most = max(most, standing)
        return request_of(*args)

    class Slow(ScriptedEngine):
        async def generate(self, request: Request) -> Reply:
            nonlocal standing
            await anyio.sleep(0.01)
            with lock:
                standing -= 1
            return await super().generate(request)

    request_of = run.request_of
    monkeypatch.setattr(run, "request_of", counted)
    heard: list[Answer] = []
    await run_records(records, range(30), Slow(EMBEDDED, "tying"), How(root=tmp_path), 2, heard.append)
    assert most == 2 + AHEAD
    assert sorted(answer.position for answer in heard) == list(range(30))


async def test_an_engine_that_no_record_can_be_put_to_ends_the_run(tmp_path: Path) -> None:
    def refuse(request: Request) -> str:
        raise ConfigError("the server wants another key")

    heard: list[Answer] = []
    with pytest.raises(ConfigError, match="another key"):
        await run_records(
            pictured_records(tmp_path, 12), range(12), ScriptedEngine(EMBEDDED, refuse), How(root=tmp_path), 1, heard.append
        )
    assert heard == []


def test_five_failures_in_a_row_that_may_pass_mean_that_the_engine_is_down_and_are_asked_again(tmp_path: Path) -> None:
    records = [record("tal", video=str(i)) for i in range(12)]
    write_records(tmp_path / "records.json", records)
    made_with = {"records": 1}
    folder = AnswersFolder(tmp_path / "out", records, made_with, {})
    keep = keeper(folder, lambda answer: None)

    def told(at: int, kind: str | None = None, *, retryable: bool = True) -> Answer:
        failure = Failure(kind=kind, message="no way", retryable=retryable) if kind else None
        return Answer(position=at, question=run.question_hash(records[at]), text=None if kind else "1.0-2.0 seconds.", failure=failure)

    for at in range(4):
        keep(told(at, "engine"))
    keep(told(4))
    keep(told(5, "refused", retryable=False))
    for at in range(6, 10):
        keep(told(at, "engine"))
    with pytest.raises(EngineError, match="5 requests in a row failed: no way"):
        keep(told(10, "engine"))
    counts = summary_of(range(12), folder.answers)
    assert (counts["answered"], counts["failed"], counts["left"]) == (1, {"engine": 9, "refused": 1}, 1)
    assert AnswersFolder(tmp_path / "out", records, made_with, {}).answers.keys() == {4, 5}
    assert AnswersFolder(tmp_path / "out", records, made_with, {}, retry=True).answers.keys() == {4}


def test_a_broken_record_keeps_its_place_and_what_tells_which_it_is(tmp_path: Path) -> None:
    file = tmp_path / "records.json"
    write_records(file, [record("tal"), record("stg"), record("tal", video="c")])
    text = file.read_text().replace('"from": "human",\n    "value": "<video>\\nWhat of c?"', '"from": "nobody",\n    "value": "?"')
    file.write_text(text.replace('"stg"', '["stg"]').replace('"id": ""', '"id": "v&&1&&2&&1"'))
    records, broken = read_leniently(file)
    assert broken == {
        1: "record 1: qa_type: Input should be a valid string (it holds \"['stg']\")",
        2: "record 2: conversations.0.from: Input should be 'human' or 'gpt' (it holds 'nobody')",
    }
    assert [(one.qa_type, one.id, one.question) for one in records[1:]] == [("", "v&&1&&2&&1", ""), ("tal", "v&&1&&2&&1", "")]


def test_records_that_have_changed_are_not_read_with_old_answers(tmp_path: Path) -> None:
    file = tmp_path / "records.json"
    write_records(file, [record("tal")])
    AnswersFolder(tmp_path / "out", [], {"records": made_from(file)}, {"records_file": str(file)})
    assert len(read_answers(tmp_path / "out").records) == 1
    write_records(file, [record("tal"), record("stg")])
    with pytest.raises(ConfigError, match="are not there as they were when it was run"):
        read_answers(tmp_path / "out")
