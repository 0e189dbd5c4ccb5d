"""The server tried with the MCP clients of the field, each in an environment of its own, in every era and over every transport it knows.

Run by `make interop`, which makes those environments; a client that is not there is a failure here. Not part of `make test`.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from medvid.core.span import Span
from medvid.simulate import clip_of, make_procedure, write_video
from medvid.tools.registry import TOOLS
from tests.interop.ledgers import samples
from tests.interop.rows import A_SERVER_A_CALL, CLIENTS, NO_CANCEL, RESULTS, ROWS, Result, environment
from tests.interop.server import WHOLE_TALK
from tests.mcp_server.scripted import OWN_ARGS

VIDEO = "$list_videos.videos.0.video_id"
CALLS: list[dict[str, Any]] = [
    {"name": "list_videos", "arguments": {}},
    *({"name": name, "arguments": {"video_id": VIDEO, **OWN_ARGS.get(name, {})}} for name in TOOLS),
    {"name": "ask_procedure", "arguments": {"video_ids": [VIDEO], "question": "When is the cystic duct clipped?"}},
    {"name": "start_job", "arguments": {"tool": "summarize_video", "arguments": {"video_id": VIDEO}}},
    {"name": "job_status", "arguments": {"job_id": "$start_job.job_id"}, "until": ["state", "done"]},
    {"name": "job_result", "arguments": {"job_id": "$start_job.job_id"}},
    {"name": "cancel_job", "arguments": {"job_id": "$start_job.job_id"}},
]
"""Every tool that the server lists."""
CANCELLED = {"name": "summarize_video", "arguments": {"video_id": VIDEO, "style": "gemini"}}
PROTOCOL = {"legacy": "2025-11-25", "modern": "2026-07-28"}
SETTLED_S = 1.5
STILL = 10
"""Samples, half a second, over which an engine that was stopped makes no token."""


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    truth = clip_of(make_procedure(5, "cholecystectomy"), Span.of(30.0, 40.0))
    return write_video(truth, tmp_path_factory.mktemp("videos") / "operation.mp4")


@contextmanager
def reached(transport: str, clip: Path, ledgers: Path) -> Iterator[dict[str, Any]]:
    """How a client is to reach a server of its own."""
    command = [sys.executable, "-m", "tests.interop.server", str(clip), str(ledgers)]
    if transport == "stdio":
        yield {"command": command, "env": environment()}
        return
    with subprocess.Popen([*command, "--http"], env=environment(), stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield {"url": server.stdout.readline().strip()}
        finally:
            server.terminate()


def reported(name: str, job: dict[str, Any]) -> dict[str, Any]:
    client = CLIENTS[name]
    for path in client.needs:
        assert path.exists(), f"{path} is missing; `make interop` makes it"
    options = client.environment.get("OPTIONS", "").split()
    command = [*client.program, json.dumps(job), *options]
    done = subprocess.run(command, env={**environment(), **client.environment}, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize(("name", "era", "transport"), ROWS)
def test_every_tool_answers_progress_is_heard_and_a_cancel_stops_the_engine(
    clip: Path, tmp_path: Path, name: str, era: str, transport: str
) -> None:
    brief = transport == "stdio" and name in A_SERVER_A_CALL
    calls = [{key: value for key, value in call.items() if key != "until" or not brief} for call in CALLS]
    with reached(transport, clip, tmp_path) as server:
        report = reported(name, {**server, "era": era, "calls": calls, "cancel": CANCELLED, "ledgers": str(tmp_path)})
        if transport == "http":
            time.sleep(SETTLED_S)
        counts = samples(tmp_path)
    (protocol,) = [path.stem for path in tmp_path.glob("*.protocol")]
    assert protocol == PROTOCOL[era]
    assert report["tools"] == [call["name"] for call in CALLS]
    assert list(report["results"]) == report["tools"]
    done = report["results"].pop("job_result")
    if brief:
        assert done["is_error"]
        assert "has no result; job_status says more" in done["text"]
    else:
        assert done["structured"]["result"] == report["results"]["summarize_video"]["structured"]["result"]
    for tool, result in report["results"].items():
        assert not result["is_error"], result
        assert result["text"].strip(), tool
        assert isinstance(result["structured"], dict), tool
        if tool in TOOLS:
            assert result["structured"]["status"] == "ok"
    assert report["results"]["ask_procedure"]["structured"]["answer"]["text"] in report["results"]["ask_procedure"]["text"]
    assert report["progress"] is None if name == "Inspector" else report["progress"] >= 1
    assert counts, "the talk never began"
    stopped = counts[-1] < WHOLE_TALK
    if report["stayed"] or transport == "http":
        # The server outlived the cancel: its engine stood still from then on.
        stopped = stopped and counts[-1] == counts[-STILL]
    assert stopped is ((name, era, transport) not in NO_CANCEL), counts[-2 * STILL :]
    cancel = NO_CANCEL.get((name, era, transport), f"stopped after {counts[-1]} of {WHOLE_TALK} tokens")
    RESULTS.append(Result(report["client"], protocol, transport, len(report["tools"]), report["progress"], cancel))
