"""Threads: what a conversation remembers, over a real MCP client and a real file, and what is left when it is forgotten."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from medvid.agent import runs, threads
from medvid.agent.memory import Memory
from medvid.agent.threads import forget, listed, memory_of
from medvid.core import ConfigError, Plan, Run, Step
from medvid.core.settings import runs_file
from tests.agent.fake import VIDEO_ID, FakeServer, outcome

pytestmark = pytest.mark.anyio

SPANS = [{"start_s": 30.0, "end_s": 36.5}]
REPLIES: dict[str, Any] = {
    "localize_action": lambda args: outcome({"spans": SPANS}, raw=[{"text": f"RAW {args['action']}", "mean_logprob": -0.1}]),
    "assess_cvs": lambda args: outcome({"scores": {"Two structures": 2}}, span=args.get("span")),
}
CLIP = "When is the cystic duct clipped?"


@pytest.fixture(autouse=True)
def own_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))


async def ask(fake: FakeServer, question: str, thread: str | None, caller: str = "", **options: Any) -> Run:
    memory = (await memory_of(thread, caller))[0] if thread else None
    async with fake.client() as client:
        options = {"verify": False, **options}  # so that the calls are those of the plan
        return await runs.ask(question, [VIDEO_ID], client, memory=memory, model="fake", caller=caller, **options)


async def test_an_outcome_that_answers_is_used_again_and_the_run_says_from_where() -> None:
    fake = FakeServer(REPLIES)
    first = await ask(fake, CLIP, "t")
    second = await ask(fake, "Was the critical view of safety achieved before the cystic duct was clipped?", "t")
    assert [name for name, _ in fake.asked] == ["localize_action", "assess_cvs"]
    assert second.reused == {"s1": first.id}
    assert second.thread == "t" and first.reused == {}
    assert second.outcomes["s1"][0]["result"] == {"spans": SPANS}
    assert await ask(fake, CLIP, None) and len(fake.asked) == 3, "a question of no thread knows nothing of the others"
    assert await ask(fake, CLIP, "u") and len(fake.asked) == 4, "nor does one of another"


async def test_another_model_looks_for_itself() -> None:
    fake = FakeServer(REPLIES)
    await ask(fake, CLIP, "t")
    memory, _ = await memory_of("t")
    async with fake.client() as client:
        await runs.ask(CLIP, [VIDEO_ID], client, memory=memory, model="larger", verify=False)
        assert len(fake.asked) == 2
        await runs.ask(CLIP, [VIDEO_ID], client, memory=memory, verify=False)
        assert len(fake.asked) == 3


async def test_what_another_version_found_is_looked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeServer(REPLIES)
    await ask(fake, CLIP, "t")
    monkeypatch.setattr(threads, "__version__", "99")
    run = await ask(fake, CLIP, "t")
    assert (len(fake.asked), run.reused) == (2, {})
    assert [turn.question for turn in (await memory_of("t"))[0].turns] == [CLIP, CLIP]


async def test_turns_come_in_order_each_once_and_unfinished_ones_not_at_all() -> None:
    fake = FakeServer(REPLIES)
    await ask(fake, CLIP, "t", note={"videos": ["a.mp4"]})
    await ask(fake, "When is the cystic artery clipped?", "t", note={"videos": ["b.mp4"]})
    with pytest.raises(runs.Waiting):
        await ask(fake, "When is the cystic duct cut?", "t", approve=runs.Cost(calls=-1), note={"videos": ["c.mp4"]})
    memory, note = await memory_of("t")
    assert [turn.question for turn in memory.turns] == [CLIP, "When is the cystic artery clipped?"]
    assert note == {"videos": ["c.mp4"]}
    assert "RAW" not in memory.model_dump_json(), "what the model wrote is not kept"


async def test_each_caller_has_threads_of_their_own() -> None:
    fake = FakeServer(REPLIES)
    await ask(fake, CLIP, "t", caller="theatre-1")
    assert (await memory_of("t", "theatre-2"))[0] == Memory(thread="t")
    assert (await memory_of("t"))[0] == Memory(thread="t")
    assert len((await memory_of("t", "theatre-1"))[0].turns) == 1
    assert [(row["caller"], row["thread"], row["runs"]) for row in listed()] == [("theatre-1", "t", 1)]


async def test_what_is_forgotten_is_gone_from_the_file() -> None:
    fake = FakeServer(REPLIES)
    for word in ("SECRETONE", "SECRETTWO"):
        await ask(fake, f"When is the {word} clipped?", "private")
        await ask(fake, f"When is the {word} clipped?", "private")
    await ask(fake, "When is the KEPTWORD clipped?", "other")
    await ask(fake, "When is the LOOSEWORD clipped?", None)

    def left() -> bytes:
        return b"".join(path.read_bytes() for path in runs_file().parent.glob("runs.sqlite*"))

    assert b"SECRETONE" in left() and b"SECRETTWO" in left()
    forget("private")
    assert not [word for word in (b"SECRET", b"secret", b"private") if word in left()]
    assert b"KEPTWORD" in left() and b"LOOSEWORD" in left()
    assert [row["thread"] for row in listed()] == ["other"]
    with pytest.raises(ConfigError, match="there is no thread 'private'"):
        forget("private")


async def test_what_is_forgotten_while_another_reads_the_file_is_gone_once_that_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "WAIT_S", 0.5)
    await ask(FakeServer(REPLIES), "When is the SECRETONE clipped?", "t")
    with sqlite3.connect(runs_file()) as reading:
        assert reading.execute("SELECT count(*) FROM checkpoints").fetchone() == (1,)
        reading.execute("BEGIN")
        reading.execute("SELECT * FROM checkpoints").fetchone()
        with pytest.raises(ConfigError, match="until every medvid that uses it has ended"):
            forget("t")
        assert listed() == []
    reading.close()
    assert not [path for path in runs_file().parent.glob("runs.sqlite*") if b"SECRETONE" in path.read_bytes()]


async def test_a_run_that_is_not_finished_is_forgotten_with_its_thread() -> None:
    with pytest.raises(runs.Waiting):
        await ask(FakeServer(REPLIES), "When is the SECRETONE clipped?", "t", run_id="r1", approve=runs.Cost(calls=-1))
    forget("t")
    with pytest.raises(ConfigError, match="holds no run 'r1'"):
        await runs.stored("r1")


@pytest.mark.parametrize("name", ["", " ", "../up", "a" * 41, "-x", "a b", "x\n"])
async def test_a_name_that_cannot_be_one_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="cannot be a thread's name"):
        await memory_of(name)


async def test_turns_of_a_servers_callers_expire_and_those_of_this_machine_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeServer(REPLIES)
    for caller in ("", "theatre-1"):
        await ask(fake, CLIP, "t", caller=caller)
    threads.expire(3600.0)
    assert len(listed()) == 2
    threads.expire(-1.0)
    assert [row["caller"] for row in listed()] == [""]
    monkeypatch.setattr(threads, "MOST", 2)
    for _ in range(4):
        await ask(fake, CLIP, "t", caller="theatre-1")
    threads.expire(3600.0)
    assert [(row["caller"], row["runs"]) for row in listed()] == [("theatre-1", 2), ("", 1)]


async def test_a_file_that_cannot_be_used_is_named() -> None:
    runs_file().write_text("this is no database, and long enough to be seen as none " * 20)
    with pytest.raises(ConfigError, match=r"runs\.sqlite cannot be used: file is not a database"):
        listed()


async def test_a_turn_takes_little_of_the_file_and_a_long_thread_remembers_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "TURNS", 20)
    fake = FakeServer(REPLIES)
    step = Step(id="s1", tool="localize_action", args={"video_id": VIDEO_ID, "action": "clip the cystic duct"})
    for number in range(25):
        await ask(fake, f"question {number}?", "t", plan=Plan(steps=(step,)))
    memory, _ = await memory_of("t")
    assert len(fake.asked) == 1
    assert [turn.question for turn in memory.turns] == [f"question {number}?" for number in range(5, 25)]
    # The last checkpoint of each run, without those before it.
    with sqlite3.connect(runs_file()) as opened:
        assert opened.execute("SELECT count(*) FROM checkpoints").fetchone() == (25,)
    assert runs_file().stat().st_size / 25 < 20_000
