"""Runs: what the graph does with a plan over a real MCP client, in memory."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import anyio
import pytest

from medvid.agent import graph
from medvid.agent.events import Event
from medvid.agent.runs import ask, resume, stored
from medvid.core.errors import AccessError, ConfigError, PlanError
from medvid.core.plan import Plan, Step
from medvid.core.run import Run
from tests.agent.fake import VIDEO_ID, Failed, FakeServer, listing, not_observed, outcome

pytestmark = pytest.mark.anyio

DEMO = "When is the cystic duct clipped, what is the clipper doing there, and was the critical view of safety achieved before that?"
SPANS = [{"start_s": 30.0, "end_s": 36.5}, {"start_s": 40.0, "end_s": 44.0}]
TRACK = [{"time_s": 30.0, "box_px": [10.0, 20.0, 60.5, 80.25]}, {"time_s": 32.0, "box_px": [12.0, 20.0, 62.0, 80.0]}]
SCORES = {"Two structures": 2, "Cystic plate": 1, "Hepatocystic triangle": 2}
REPLIES: dict[str, Any] = {
    "localize_action": lambda args: outcome({"spans": SPANS}, span=args.get("span")),
    "ground_object": lambda args: outcome({"track": TRACK}, span=args.get("span")),
    "caption_region": lambda args: outcome({"text": "The clipper clips the cystic duct."}, span=args.get("span")),
    "assess_cvs": lambda args: outcome({"scores": SCORES}, span=args.get("span")),
    "caption_events": lambda args: outcome({"events": [{"span": SPANS[0], "action": None, "caption": "Clips."}]}, span=args.get("span")),
    "weigh": lambda args: {"grams": 12.5},
}


@pytest.fixture(autouse=True)
def strict_checkpoints(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuses to read back anything but plain JSON."""
    monkeypatch.setenv("LANGGRAPH_STRICT_MSGPACK", "true")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "runs.sqlite"


def step(step_id: str, tool: str | None = None, op: str | None = None, for_each: str | None = None, **args: Any) -> Step:
    if tool is not None and tool != "weigh":
        args = {"video_id": VIDEO_ID, **args}
    return Step(id=step_id, tool=tool, op=op, args=args, for_each=for_each)


LOCALIZE = step("a", "localize_action", action="clip the cystic duct")


async def run_of(fake: FakeServer, file: Path, *steps: Step, **options: Any) -> Run:
    async with fake.client() as client:
        options = {"verify": False, **options}  # the second looks have tests of their own
        return await ask("?", [VIDEO_ID], client, plan=Plan(steps=steps), checkpoints=file, first_wait_s=0.0, **options)


async def test_the_demos_question_is_answered_over_what_was_found(file: Path) -> None:
    fake = FakeServer(REPLIES)
    async with fake.client() as client:
        run = await ask(DEMO, [VIDEO_ID], client, checkpoints=file, verify=False)
    assert fake.asked_of("ground_object") == [{"video_id": VIDEO_ID, "object": "clipper", "every_s": 2.0, "span": SPANS[0]}]
    (region,) = fake.asked_of("caption_region")
    assert (region["box_px"], region["time_s"], region["span"]) == ([10.0, 20.0, 60.5, 80.25], 30.0, SPANS[0])
    assert fake.asked_of("assess_cvs") == [{"video_id": VIDEO_ID, "span": {"start_s": 0.0, "end_s": 30.0}}]
    assert [statement.step for statement in run.answer.statements] == ["s1", "s3", "s4", "s6"]
    assert run.values == {"s2": SPANS[0], "s5": {"start_s": 0.0, "end_s": 30.0}}
    assert run.outcomes["s1"] == [outcome({"spans": SPANS})]
    assert not run.failures
    assert Run.model_validate(run.to_json()) == run


async def test_a_run_is_plain_json_with_the_keys_that_scripts_read(file: Path) -> None:
    run = (await run_of(FakeServer(REPLIES), file, LOCALIZE)).to_json()
    told = {"looks", "contradictions", "plannings", "reused", "limits", "thread"}
    assert set(run) == {"id", "question", "plan", "outcomes", "values", "failures", "answer"} | told
    assert run["plan"] == {
        "steps": [{"id": "a", "tool": "localize_action", "args": {"video_id": VIDEO_ID, "action": "clip the cystic duct"}}]
    }
    assert set(run["answer"]) == {"text", "statements", "needs", "unused", "written_by"}


async def test_steps_that_do_not_need_each_other_run_at_the_same_time(file: Path) -> None:
    both = anyio.Event()
    waiting = 0

    async def meet(args: dict[str, Any]) -> Any:
        nonlocal waiting
        waiting += 1
        if waiting == 2:
            both.set()
        with anyio.fail_after(5):  # alone it would wait for ever
            await both.wait()
        return outcome({"spans": SPANS})

    run = await run_of(FakeServer({"localize_action": meet}), file, LOCALIZE, step("b", "localize_action", action="cut the cystic duct"))
    assert set(run.outcomes) == {"a", "b"}


async def test_an_error_marked_retryable_is_tried_again(file: Path) -> None:
    tries = 0

    def busy_at_first(args: dict[str, Any]) -> Any:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise Failed("the engine is busy", retryable=True)
        return outcome({"spans": SPANS})

    events: list[Event] = []

    async def keep(event: Event) -> None:
        events.append(event)

    run = await run_of(FakeServer({"localize_action": busy_at_first}), file, LOCALIZE, on_event=keep)
    assert tries == 3
    assert run.outcomes["a"][0]["status"] == "ok"
    assert [event.kind for event in events if event.step == "a"] == ["started", "retried", "retried", "finished"]


async def test_a_busy_server_is_asked_again_when_it_says_and_no_earlier(file: Path) -> None:
    tried_s: list[float] = []

    def busy_at_first(args: dict[str, Any]) -> Any:
        tried_s.append(time.monotonic())
        if len(tried_s) < 2:
            raise Failed("busy: 8 calls run and 16 wait", retryable=True, retry_after_s=0.4)
        return outcome({"spans": SPANS})

    run = await run_of(FakeServer({"localize_action": busy_at_first}), file, LOCALIZE)
    assert run.outcomes["a"][0]["status"] == "ok"
    assert tried_s[1] - tried_s[0] >= 0.4


@pytest.mark.parametrize("said", [1e9, "soon", float("nan"), -5.0])
async def test_a_server_cannot_make_a_run_wait_for_ever(file: Path, said: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph, "LONGEST_WAIT_S", 0.01)

    def busy(args: dict[str, Any]) -> Any:
        raise Failed("busy", retryable=True, retry_after_s=said)

    fake = FakeServer({"localize_action": busy})
    with anyio.fail_after(10):
        run = await run_of(fake, file, LOCALIZE)
    assert len(fake.asked_of("localize_action")) == 3
    assert run.failures["a"][0].retryable


async def test_every_call_of_a_plan_says_that_it_is_waited_for(file: Path) -> None:
    fake = FakeServer(REPLIES)
    await run_of(fake, file, LOCALIZE, step("b", "weigh", of="stone"))
    told = {name: meta.get("medvid/waits") for name, meta in fake.metas if name != "list_videos"}
    assert told == {"localize_action": True, "weigh": True}


@pytest.mark.parametrize(("retryable", "tries"), [(True, 3), (False, 1), (None, 1)])
async def test_a_step_that_fails_is_told_and_the_others_go_on(file: Path, retryable: bool | None, tries: int) -> None:
    def broken(args: dict[str, Any]) -> Any:
        raise Failed("the engine has no memory left", retryable=retryable)

    fake = FakeServer({**REPLIES, "localize_action": broken})
    run = await run_of(
        fake, file, LOCALIZE, step("b", op="first", spans="$a.spans"), step("c", "assess_cvs", span="$b"), step("d", "assess_cvs")
    )
    assert len(fake.asked_of("localize_action")) == tries
    (failure,) = run.failures["a"]
    assert failure.message == "the engine has no memory left"
    assert failure.retryable == bool(retryable)
    assert len(fake.asked_of("assess_cvs")) == 1, "what needs the failed step is not run, the rest is"
    texts = {statement.step: statement.text for statement in run.answer.statements}
    assert texts["a"] == "localize_action failed: the engine has no memory left."
    assert texts["c"] == "The critical view of safety was not looked at: localize_action failed (a)."
    assert "d" in texts


async def test_a_for_each_runs_once_an_element_and_keeps_their_order(file: Path) -> None:
    async def slow_first(args: dict[str, Any]) -> Any:
        await anyio.sleep(0.2 if args["span"] == SPANS[0] else 0.0)
        return outcome({"track": [{"time_s": args["span"]["start_s"], "box_px": [1, 2, 3, 4]}]}, span=args["span"])

    fake = FakeServer({**REPLIES, "ground_object": slow_first})
    run = await run_of(
        fake,
        file,
        LOCALIZE,
        step("b", "ground_object", for_each="$a.spans", object="clipper", every_s=2.0, span="$item"),
        step("c", "caption_region", for_each="$b", box_px="$item.track[0].box_px", time_s="$item.track[0].time_s"),
        step("d", op="count", spans="$a.spans"),
    )
    assert [content["evidence"]["span"] for content in run.outcomes["b"]] == SPANS
    assert sorted(args["time_s"] for args in fake.asked_of("caption_region")) == [30.0, 40.0]
    assert run.values == {"d": 2}
    assert [(statement.step, statement.index) for statement in run.answer.statements] == [
        ("a", 0), ("b", 0), ("b", 1), ("c", 0), ("c", 1), ("d", None),
    ]  # fmt: skip


async def test_a_for_each_over_nothing_runs_zero_times_and_says_why(file: Path) -> None:
    fake = FakeServer({**REPLIES, "localize_action": lambda args: not_observed()})
    run = await run_of(fake, file, LOCALIZE, step("b", "ground_object", for_each="$a.spans", object="clipper", every_s=2.0, span="$item"))
    assert fake.asked_of("ground_object") == []
    assert "b" not in run.outcomes
    assert run.answer.statements[-1].text == "The clipper was not looked at: “clip the cystic duct” was not observed (a)."


async def test_one_element_that_failed_does_not_take_the_others_along(file: Path) -> None:
    def only_second(args: dict[str, Any]) -> Any:
        if args["span"] == SPANS[0]:
            raise Failed("decoding broke off")
        return outcome({"track": TRACK}, span=args["span"])

    fake = FakeServer({**REPLIES, "ground_object": only_second})
    run = await run_of(
        fake,
        file,
        LOCALIZE,
        step("b", "ground_object", for_each="$a.spans", object="clipper", every_s=2.0, span="$item"),
        step("c", "caption_region", for_each="$b", box_px="$item.track[0].box_px", time_s="$item.track[0].time_s"),
    )
    assert len(run.outcomes["b"]) == 1
    assert [failure.message for failure in run.failures["b"]] == ["decoding broke off"]
    assert len(fake.asked_of("caption_region")) == 1, "the element that is there goes on"


async def test_a_for_each_above_the_budget_makes_no_call_and_says_so(file: Path) -> None:
    fake = FakeServer(REPLIES)
    steps = (LOCALIZE, step("b", "ground_object", for_each="$a.spans", object="clipper", every_s=2.0, span="$item"))
    run = await run_of(fake, file, *steps, budget=2)
    assert fake.asked_of("ground_object") == []
    assert run.failures["b"][0].message == "2 calls of ground_object are above the 1 calls left in the budget; ask for less at once"


async def test_a_foreign_tools_content_is_read_as_it_stands(file: Path) -> None:
    fake = FakeServer(REPLIES)
    run = await run_of(fake, file, step("w", "weigh", of="needle"), step("x", "weigh", of="$w.unit"), step("y", "weigh", of="$w.grams"))
    assert fake.asked_of("weigh") == [{"of": "needle"}, {"of": 12.5}]
    assert run.outcomes["w"] == [{"grams": 12.5}]
    assert [statement.text for statement in run.answer.statements] == [
        'weigh: {"grams": 12.5}',
        "Weigh was not looked at: $w.unit is empty.",
        'weigh: {"grams": 12.5}',
    ]


async def test_a_question_that_cannot_be_placed_calls_nothing_and_asks_back(file: Path) -> None:
    fake = FakeServer(REPLIES)
    async with fake.client() as client:
        run = await ask("Why is the sky blue?", [VIDEO_ID], client, checkpoints=file)
    assert fake.asked == []
    assert run.answer.needs is not None and run.answer.needs.choices
    assert (run.answer.text, run.plan.steps) == ("", ())


async def test_a_plan_that_may_not_run_calls_nothing(file: Path) -> None:
    fake = FakeServer(REPLIES)
    with pytest.raises(PlanError, match="no step has that id"):
        await run_of(fake, file, LOCALIZE, step("b", op="first", spans="$z.spans"))
    assert fake.asked == []


async def test_a_video_that_is_not_served_is_refused(file: Path) -> None:
    fake = FakeServer(REPLIES, videos=(listing(video_id="f" * 16),))
    async with fake.client() as client:
        with pytest.raises(AccessError, match=f"video {VIDEO_ID} is not served here"):
            await ask(DEMO, [VIDEO_ID], client, checkpoints=file)


async def test_events_tell_how_far_a_run_is(file: Path) -> None:
    events: list[Event] = []

    async def keep(event: Event) -> None:
        events.append(event)

    await run_of(
        FakeServer(REPLIES), file, LOCALIZE, step("b", op="first", spans="$a.spans"), step("c", "assess_cvs", span="$b"), on_event=keep
    )
    assert [event.kind for event in events] == [
        "planned", "advanced", "started", "finished", "advanced", "started", "finished", "advanced", "answered",
    ]  # fmt: skip
    assert [(event.steps_done, event.steps) for event in events if event.kind == "advanced"] == [(0, 3), (2, 3), (3, 3)]


async def test_a_cancelled_run_cancels_its_call_and_can_be_resumed(file: Path) -> None:
    stopped, begun = anyio.Event(), anyio.Event()

    async def endless(args: dict[str, Any]) -> Any:
        begun.set()
        try:
            await anyio.sleep_forever()
        finally:
            stopped.set()

    fake = FakeServer({**REPLIES, "assess_cvs": endless})
    steps = (LOCALIZE, step("b", op="first", spans="$a.spans"), step("c", "assess_cvs", span="$b"))
    async with fake.client() as client:
        async with anyio.create_task_group() as tasks:

            async def asking() -> None:
                await ask("?", [VIDEO_ID], client, run_id="r1", plan=Plan(steps=steps), checkpoints=file, verify=False)

            tasks.start_soon(asking)
            with anyio.fail_after(10):
                await begun.wait()
            tasks.cancel_scope.cancel()
        with anyio.fail_after(10):
            await stopped.wait()
        fake.replies["assess_cvs"] = REPLIES["assess_cvs"]
        run = await resume("r1", client, checkpoints=file)
    assert len(fake.asked_of("localize_action")) == 1, "what had finished is not asked again"
    assert len(fake.asked_of("assess_cvs")) == 2
    assert set(run.outcomes) == {"a", "c"}


async def test_of_a_wave_of_calls_only_those_in_flight_are_made_again(file: Path) -> None:
    begun = anyio.Event()

    async def endless_second(args: dict[str, Any]) -> Any:
        if args["action"] == "cut the cystic duct":
            begun.set()
            await anyio.sleep_forever()
        return outcome({"spans": SPANS})

    fake = FakeServer({"localize_action": endless_second})
    steps = (LOCALIZE, step("b", "localize_action", action="cut the cystic duct"))
    finished = anyio.Event()

    async def tell(event: Event) -> None:
        if event.kind == "finished":
            finished.set()

    async with fake.client() as client:
        async with anyio.create_task_group() as tasks:

            async def asking() -> None:
                await ask("?", [VIDEO_ID], client, run_id="r1", plan=Plan(steps=steps), checkpoints=file, verify=False, on_event=tell)

            tasks.start_soon(asking)
            with anyio.fail_after(10):
                await begun.wait()
                await finished.wait()
                await anyio.sleep(0.2)  # the finished call's result is on its way to the file
            tasks.cancel_scope.cancel()
        fake.replies["localize_action"] = REPLIES["localize_action"]
        run = await resume("r1", client, checkpoints=file)
    assert [args["action"] for args in fake.asked_of("localize_action")].count("clip the cystic duct") == 1
    assert set(run.outcomes) == {"a", "b"}


async def test_a_finished_run_is_given_again_without_a_call(file: Path) -> None:
    fake = FakeServer(REPLIES)
    run = await run_of(fake, file, LOCALIZE, run_id="r1")
    async with fake.client() as client:
        assert await resume("r1", client, checkpoints=file) == run
    assert len(fake.asked) == 1
    kept = await stored("r1", checkpoints=file)
    assert (kept["question"], kept["video_ids"]) == ("?", [VIDEO_ID])


async def test_an_unknown_run_and_a_run_that_is_there_already_are_refused(file: Path) -> None:
    fake = FakeServer(REPLIES)
    await run_of(fake, file, LOCALIZE, run_id="r1")
    with pytest.raises(ConfigError, match="there is a run r1 already"):
        await run_of(fake, file, LOCALIZE, run_id="r1")
    async with fake.client() as client:
        with pytest.raises(ConfigError, match="holds no run 'r2'"):
            await resume("r2", client, checkpoints=file)
