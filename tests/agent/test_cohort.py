"""One plan over many videos through a real client: what is written, what is not run again, and what another video's failure costs."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medvid.agent.cohort import SHIPPED, Analysis, Finished, Folder, load_analysis, run_cohort
from medvid.agent.events import Event
from medvid.agent.operations import total_duration, windows
from medvid.core import ConfigError
from tests.agent.fake import Failed, FakeServer, listing, outcome

pytestmark = pytest.mark.anyio
IDS = tuple(f"{number:016x}" for number in range(1, 6))
VIDEOS = tuple(listing(video_id=video_id, title=f"case {number}") for number, video_id in enumerate(IDS))
PLAN = Analysis.model_validate(
    {
        "title": "When",
        "parameters": {"action": {"default": "clip the cystic duct"}},
        "steps": [
            {"id": "found", "tool": "localize_action", "args": {"video_id": "$video.video_id", "action": "$action"}},
            {"id": "s", "op": "total_duration", "args": {"spans": "$found.spans"}},
        ],
    }
)
MADE = {"analysis": PLAN.to_json()}
SPANS = outcome({"spans": [{"start_s": 1.0, "end_s": 3.0}]})


async def run(folder: Folder, reply: Any, **how: Any) -> tuple[FakeServer, list[Finished]]:
    server, done = FakeServer({"localize_action": reply}, VIDEOS), list[Finished]()

    async def hear(video_id: str, event: Event) -> None:
        assert video_id in IDS

    async with server.client() as client:
        await run_cohort(PLAN, {}, VIDEOS, client, folder, on_event=hear, on_done=done.append, **how)
    return server, done


def broken(args: dict[str, Any]) -> Any:
    if args["video_id"] == IDS[1]:
        raise Failed("out of memory")
    return SPANS


async def test_a_line_is_written_for_each_video_and_its_checkpoints_go(tmp_path: Path) -> None:
    server, done = await run(Folder(tmp_path / "out", MADE, {}), lambda args: SPANS, jobs=3)
    lines = [json.loads(line) for line in (tmp_path / "out" / "outcomes.jsonl").read_text().splitlines()]
    assert {line["video_id"] for line in lines} == set(IDS) == {one.video_id for one in done}
    assert all(line["run"]["values"] == {"s": 2.0} and line["failure"] is None for line in lines)
    assert [args["action"] for args in server.asked_of("localize_action")] == ["clip the cystic duct"] * 5
    assert list((tmp_path / "out" / "begun").iterdir()) == []


async def test_no_more_videos_run_at_once_than_asked_for(tmp_path: Path) -> None:
    import anyio

    running, most = 0, 0

    async def slow(args: dict[str, Any]) -> Any:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await anyio.sleep(0.05)
        running -= 1
        return SPANS

    await run(Folder(tmp_path / "out", MADE, {}), slow, jobs=2)
    assert most == 2


async def test_what_failed_is_written_down_and_the_others_go_on_and_it_is_retried_on_request(tmp_path: Path) -> None:
    _, done = await run(Folder(tmp_path, MADE, {}), broken)
    failed = [one for one in done if one.failure]
    assert [(one.video_id, one.failure.message) for one in failed if one.failure] == [(IDS[1], "out of memory")]
    assert len(done) == 5

    server, _ = await run(Folder(tmp_path, MADE, {}), broken)
    assert server.asked == []  # finished and failed alike are left alone
    server, done = await run(Folder(tmp_path, MADE, {}, retry=True), lambda args: SPANS)
    assert [args["video_id"] for args in server.asked_of("localize_action")] == [IDS[1]]
    assert Folder(tmp_path, MADE, {}).finished[IDS[1]].failure is None


async def test_a_plan_that_may_not_run_on_one_video_fails_that_video(tmp_path: Path) -> None:
    async def hear(video_id: str, event: Event) -> None: ...

    server, done = FakeServer({"localize_action": lambda args: SPANS}, VIDEOS), list[Finished]()
    plan = Analysis.model_validate({**PLAN.to_json(), "parameters": {"action": {"type": "string"}}})
    async with server.client() as client:
        await run_cohort(plan, {}, VIDEOS[:1], client, Folder(tmp_path, MADE, {}), on_event=hear, on_done=done.append)
    (one,) = done
    assert one.run is None and one.failure is not None
    assert one.failure.kind == "plan" and "action" in one.failure.message


async def test_a_torn_last_line_is_run_again(tmp_path: Path) -> None:
    await run(Folder(tmp_path, MADE, {}), lambda args: SPANS)
    lines = tmp_path / "outcomes.jsonl"
    whole = lines.read_bytes()
    last = json.loads(whole.splitlines()[-1])["video_id"]
    lines.write_bytes(whole[:-40])  # as a process leaves it that is killed while it writes
    server, _ = await run(Folder(tmp_path, MADE, {}), lambda args: SPANS)
    assert [args["video_id"] for args in server.asked_of("localize_action")] == [last]
    assert len([json.loads(line) for line in lines.read_text().splitlines()]) == 5


def test_a_folder_of_another_plan_or_of_something_else_is_refused(tmp_path: Path) -> None:
    Folder(tmp_path / "out", MADE, {"videos": []})
    with pytest.raises(ConfigError, match="another parameters"):
        Folder(tmp_path / "out", {**MADE, "parameters": {"action": "cut"}}, {})
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("")
    with pytest.raises(ConfigError, match="something else already"):
        Folder(tmp_path / "mine", MADE, {})
    told = json.loads((tmp_path / "out" / "provenance.json").read_text())
    assert told["made_with"] == MADE
    assert len(told["plan_hash"]) == 32


def test_every_analysis_that_comes_along_loads_and_says_what_it_finds_out() -> None:
    assert {"cvs_before_first_clip", "cvs_by_minute", "operative_timeline", "instrument_usage", "skill_trend", "nursing_checklist",
            "compare_groups"} == set(SHIPPED)  # fmt: skip
    for name in SHIPPED:
        analysis = load_analysis(name)
        assert analysis.title and analysis.says
        assert not {step.id for step in analysis.steps} & set(analysis.parameters), "a step and a parameter of one name hide each other"


@pytest.mark.parametrize("text", ["steps: [", "steps: [{id: Bad Id, tool: x}]", "[]", "steps: []\nspeed: 3"])
def test_a_file_that_is_no_analysis_is_refused_with_its_name(text: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=r"mine\.yaml is no (YAML|plan)"):
        load_analysis(str(file))


@given(st.floats(0, 500), st.floats(0, 5000), st.floats(1, 900))
def test_windows_cover_a_stretch_without_a_gap_and_all_but_the_last_are_as_long_as_asked(
    start_s: float, length_s: float, step_s: float
) -> None:
    span = {"start_s": start_s, "end_s": start_s + length_s}
    cut = windows(span, step_s)
    assert total_duration(cut) == pytest.approx(length_s, abs=1e-3)
    assert all(one["end_s"] == pytest.approx(other["start_s"]) for one, other in pairwise(cut))
    assert all(one["end_s"] - one["start_s"] == pytest.approx(step_s) for one in cut[:-1])


def test_windows_of_nothing_are_none_and_a_hair_over_is_no_window() -> None:
    assert windows(None, 60) == []
    assert [one["end_s"] for one in windows({"start_s": 0.0, "end_s": 120.00000001}, 60)] == [60.0, 120.0]
