"""`medvid bench run`: the real program against a real server: odd records, refusals, kills, Ctrl-C, a server that goes down."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
import json
import random
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from medvid.core.results_folder import whole_lines
from medvid.medvidbench.answers import read_answers
from medvid.medvidbench.records import read_records, read_results, write_records
from tests.cli.program import ORACLE, ROOT, environment, medvid
from tests.engine.served import FakeServer, completion, refusal
from tests.medvidbench.pictures import pictured_records

pytestmark = pytest.mark.anyio

@dataclass
class Done:
    code: int
    out: str
    err: str

    @property
    def told(self) -> dict[str, Any]:
        return json.loads(self.out)


@dataclass
class Bench:
    """Records in a folder and a server that answers them, `wait_s` after each is asked, by what it is shown and asked alone."""

    folder: Path
    server: FakeServer
    wait_s: float = 0.0
    says: Callable[[str], Any] = lambda question: None
    asked: list[str] = field(default_factory=list)

    def args(self, out: str, *more: str) -> list[str]:
        return ["bench", "run", str(self.folder / "records.json"), "--out", str(self.folder / out), "--engine", self.server.address, *more]

    async def start(self, out: str, *more: str) -> asyncio.subprocess.Process:
        pipe = asyncio.subprocess.PIPE
        command = [sys.executable, "-m", "medvid.cli", *self.args(out, *more)]
        return await asyncio.create_subprocess_exec(*command, cwd=ROOT, env=environment(), stdout=pipe, stderr=pipe)

    async def run(self, out: str, *more: str) -> Done:
        process = await self.start(out, *more)
        said, err = await asyncio.wait_for(process.communicate(), 120)
        return Done(process.returncode or 0, said.decode(), err.decode())

    async def reply(self, body: dict[str, Any]) -> Any:
        content = body["messages"][-1]["content"]
        text = hashlib.sha256(json.dumps([part for part in content if "uuid" not in part or part.pop("uuid")]).encode()).hexdigest()[:16]
        self.asked.append(text)
        await asyncio.sleep(self.wait_s)
        return self.says(content[-1]["text"]) or text

    def lines(self, out: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in whole_lines(self.folder / out / "answers.jsonl")]


@asynccontextmanager
async def bench(folder: Path, records: list[Any]) -> AsyncIterator[Bench]:
    write_records(folder / "records.json", records)
    server = FakeServer("")
    async with server.running():
        made = Bench(folder, server)
        server.reply = made.reply
        yield made


async def test_odd_records_are_failures_with_their_reasons_and_stop_nothing(tmp_path: Path) -> None:
    records = pictured_records(tmp_path, 10)
    test_record = records[1].model_copy(update={"conversations": records[1].conversations[:1], "struc_info": {}})
    records[1] = test_record
    records[3] = records[2].model_copy(update={"id": records[2].id})  # the same question on the same clip, under the same id
    renamed = tuple(f"/data/authors/{name}" for name in records[4].video)
    records[4] = records[4].model_copy(update={"video": renamed})
    records[5] = records[5].model_copy(update={"video": ("gone/000001.jpg", *records[5].video[1:])})
    async with bench(tmp_path, records) as odd:
        file = tmp_path / "records.json"
        entries = json.loads(file.read_text())
        entries[6] = {"id": entries[6]["id"], "qa_type": "tal", "video": []}
        entries[7] = 7
        entries[8]["qa_type"] = "riddle"
        file.write_text(json.dumps(entries))
        refused = records[9].question

        def says(question: str) -> Any:
            long = completion("far too long", 2) if question == records[0].question else None
            return refusal(400, "too many frames") if question == refused else long

        odd.says = says
        how = ("--frame-root", f"/data/authors={tmp_path}", "--json")
        done = await odd.run("out", *how)
        assert done.code == 1, done.err
        assert {name: done.told[name] for name in ("records", "answered", "cut", "left", "failed")} == {
            "records": 10, "answered": 5, "cut": 1, "left": 0, "failed": {"record": 2, "video": 1, "config": 1, "refused": 1},
        }  # fmt: skip
        reasons = {line["position"]: line["failure"]["message"] for line in odd.lines("out") if line["failure"]}
        assert "gone/000001.jpg is not there" in reasons[5]
        assert reasons[6] == "record 6: conversations: Field required (it holds " + repr(str(entries[6])[:80]) + ")"
        assert reasons[7].startswith("record 7: the whole: Input should be a valid dictionary")
        assert "qa_type 'riddle' is none of tal," in reasons[8]
        assert "refuses the request (HTTP 400: " in reasons[9] and "too many frames" in reasons[9]
        results = json.loads((tmp_path / "out" / "results.json").read_text())
        assert list(results) == ["0", "1", "2", "3", "4"]
        assert results["0"]["answer"] == "far too"
        assert "gnd" in results["0"] and "gnd" not in results["1"] and results["1"]["struc_info"] == {}
        read = read_answers(tmp_path / "out")
        assert [len(read.records), read.records[6].qa_type, read.provenance["frame_roots"]] == [10, "tal", {"/data/authors": str(tmp_path)}]

        asked = len(odd.asked)
        again = await odd.run("out", *how)
        assert (again.code, again.told["answered"], len(odd.asked)) == (1, 5, asked), again.err

        (tmp_path / "gone").mkdir()
        (tmp_path / "gone" / "000001.jpg").write_bytes((tmp_path / records[5].video[1]).read_bytes())
        mended = await odd.run("out", *how, "--retry-failed")
        assert (mended.told["answered"], len(odd.asked)) == (6, asked + 2), mended.err

        other = await odd.run("out", "--feeding", "published")
        assert (other.code, other.out) == (2, "")
        assert "holds results of another feeding; name another folder" in other.err
        wrong = await odd.run("new", "--frame-root", "/data")
        assert (wrong.code, "write OLD=NEW" in wrong.err, (tmp_path / "new").exists()) == (2, True, False)


async def test_a_run_killed_five_times_gives_what_an_unbroken_one_gives_and_asks_for_no_stored_answer_again(tmp_path: Path) -> None:
    rng = random.Random(20)
    async with bench(tmp_path, pictured_records(tmp_path, 200)) as whole:
        unbroken = await whole.run("whole", "--jobs", "8", "--json")
        assert (unbroken.code, unbroken.told["answered"], len(set(whole.asked))) == (0, 200, 200), unbroken.err
        position = {line["text"]: line["position"] for line in whole.lines("whole")}

        whole.wait_s, stored = 0.02, set[int]()
        kills = sorted(rng.sample(range(10, 190), 5))
        for kill in kills:
            whole.asked.clear()
            process = await whole.start("broken", "--jobs", "8")
            while len(stored) + len(whole.asked) < kill:
                assert process.returncode is None
                await asyncio.sleep(0.001)
            await asyncio.sleep(rng.uniform(0, 0.05))
            process.kill()
            await process.communicate()
            assert process.returncode == -signal.SIGKILL
            assert not stored & {position[text] for text in whole.asked}
            stored = {line["position"] for line in whole.lines("broken")}
        whole.asked.clear()
        end = await whole.run("broken", "--jobs", "8", "--json")
        assert (end.code, end.told["answered"], end.told["left"]) == (0, 200, 0), end.err
        assert {position[text] for text in whole.asked} == set(range(200)) - stored
        assert max(Counter(line["position"] for line in whole.lines("broken")).values()) == 1
    assert (tmp_path / "broken" / "results.json").read_bytes() == (tmp_path / "whole" / "results.json").read_bytes()


async def test_ctrl_c_leaves_the_results_of_what_there_is(tmp_path: Path) -> None:
    async with bench(tmp_path, pictured_records(tmp_path, 30)) as going:
        going.wait_s = 0.1
        process = await going.start("out", "--jobs", "2", "--json")
        while len(going.asked) < 9:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        process.send_signal(signal.SIGINT)
        out, err = await asyncio.wait_for(process.communicate(), 60)
        assert process.returncode == 130, err
        told = json.loads(out)
        assert 0 < told["answered"] < 30 and told["left"] == 30 - told["answered"]
        assert f"stopped with {told['left']} records left; the same command goes on where it was" in err.decode()
        assert "Traceback" not in err.decode()
        assert len(json.loads((tmp_path / "out" / "results.json").read_text())) == told["answered"] == len(going.lines("out"))


async def test_a_server_that_goes_down_ends_the_run_which_then_goes_on(tmp_path: Path) -> None:
    async with bench(tmp_path, pictured_records(tmp_path, 40)) as down:
        down.says = lambda question: refusal(503, "overloaded", {"retry-after": "0.05"}) if len(down.asked) > 10 else None
        done = await down.run("out", "--jobs", "2")
        assert done.code == 1
        assert "5 requests in a row failed: the server at" in done.err and "HTTP 503" in done.err
        told = [line for line in down.lines("out") if line["failure"]]
        assert 5 <= len(told) <= 10
        down.says = lambda question: None
        done = await down.run("out", "--json")
        assert (done.code, done.told["answered"], done.told["failed"]) == (0, 40, {}), done.err


async def test_a_larger_limit_asks_for_the_rest_only(tmp_path: Path) -> None:
    async with bench(tmp_path, pictured_records(tmp_path, 40)) as grown:
        first = await grown.run("out", "--limit", "8", "--tasks", "tal,stg,next_action", "--json")
        assert (first.code, first.told["answered"]) == (0, 8), first.err
        results = json.loads((tmp_path / "out" / "results.json").read_text())
        assert {one["qa_type"] for one in results.values()} == {"tal", "stg", "next_action"}
        second = await grown.run("out", "--limit", "20", "--json")
        held = len({line["position"] for line in grown.lines("out")})
        assert (second.told["answered"], len(grown.asked), len(set(grown.asked))) == (20, held, held)


async def test_a_blind_run_shows_black_frames_and_has_a_folder_of_its_own(tmp_path: Path) -> None:
    async with bench(tmp_path, pictured_records(tmp_path, 12)) as dark:
        assert (await dark.run("out", "--limit", "1")).code == 0
        refused = await dark.run("out", "--limit", "1", "--blind")
        assert (refused.code, "holds results of another blind" in refused.err) == (2, True)
        assert (await dark.run("blind", "--limit", "1", "--blind")).code == 0
        contents = [body["messages"][-1]["content"] for body in dark.server.asked]
        seen, blind = (next(part["video_url"]["url"] for part in content if "video_url" in part) for content in contents)
        brightest = [max(map(_brightest, url.removeprefix("data:video/jpeg;base64,").split(","))) for url in (seen, blind)]
        assert brightest[0] > 100 and brightest[1] == 0


def _brightest(jpeg: str) -> int:
    return int(np.asarray(Image.open(io.BytesIO(base64.b64decode(jpeg)))).max())


def test_the_simulators_own_set_is_answered_right_by_who_knows_the_truth(tmp_path: Path) -> None:
    told = json.loads(medvid("simulate", str(tmp_path / "set"), "--records", "10", "--json").stdout)
    records = read_records(tmp_path / "set" / "records.json")
    assert (told["records"], sum(told["tasks"].values()), len(records)) == (str(tmp_path / "set" / "records.json"), 10, 10)
    films = ":".join(str(file) for file in (tmp_path / "set" / "videos").iterdir())
    args = ("bench", "run", told["records"], "--out", str(tmp_path / "out"))
    done = medvid(*args, program=ORACLE, env={"ORACLE_FILES": films})
    assert done.returncode == 0, done.stderr
    assert "10 of 10 answered, 0 of them cut" in done.stdout
    for record, result in zip(records, read_results(tmp_path / "out" / "results.json"), strict=True):
        if record.qa_type != "stg":  # whose boxes were told in the pixels that the model is shown, and lost digits
            assert result.answer == record.answer
