"""The same server over HTTP on a free port, and over standard input and output of another process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import httpx2
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp.server import Server

from medvid.core.access import Access
from medvid.core.errors import ConfigError
from medvid.mcp_server import transports
from medvid.mcp_server.tokens import Tokens
from medvid.mcp_server.transports import Doors
from medvid.tools.registry import TOOLS
from tests.interop import ledgers
from tests.mcp_server.scripted import ACTION, OWN_ARGS, scripted_engine, scripted_server, talkative_engine

TOKEN = "0123456789abcdef0123"
MODES = pytest.mark.parametrize("mode", ["legacy", "auto"])


@asynccontextmanager
async def over_http(server: Server[Any], token: str | None = None) -> AsyncIterator[str]:
    """The address at which the server answers while this lasts."""
    async with through(server, Doors(Tokens(Access(), single=token) if token else None)) as url:
        yield url


@asynccontextmanager
async def through(server: Server[Any], doors: Doors) -> AsyncIterator[str]:
    listener = transports.listen("127.0.0.1", 0, doors)
    web = transports.web_server(server, listener, doors)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(web.serve, [listener])
        try:
            yield transports.address(listener)
        finally:
            web.should_exit = True


def stdio_command(clip: Path) -> StdioServerParameters:
    # Two torch processes with a thread a core each would wait for one another.
    kept = {"OMP_NUM_THREADS": "1", **{name: value for name, value in os.environ.items() if name.startswith("XDG_")}}
    return StdioServerParameters(
        command=sys.executable,
        args=["-m", "tests.mcp_server.scripted", str(clip)],
        env={"PYTHONPATH": os.pathsep.join(sys.path), **kept},
    )


async def call_every_tool(client: Client, video_id: str) -> None:
    listed = await client.call_tool("list_videos", {})
    assert [video["video_id"] for video in listed.structured_content["videos"]] == [video_id]
    for name in TOOLS:
        result = await client.call_tool(name, {"video_id": video_id, **OWN_ARGS.get(name, {})})
        assert not result.is_error, result.content
        assert result.structured_content["status"] == "ok"


@pytest.mark.anyio
@MODES
async def test_every_tool_answers_over_http(clip: Path, video_id: str, mode: str) -> None:
    async with over_http(scripted_server(clip, scripted_engine())) as url, Client(url, mode=mode) as client:
        await call_every_tool(client, video_id)


@pytest.mark.anyio
@MODES
async def test_progress_and_a_cancel_travel_over_http(clip: Path, video_id: str, mode: str) -> None:
    engine, started = talkative_engine()
    heard: list[float] = []

    async def hear(done: float, total: float | None, message: str | None) -> None:
        heard.append(done)

    async with over_http(scripted_server(clip, engine)) as url, Client(url, mode=mode) as client:
        async with anyio.create_task_group() as calls:
            calls.start_soon(lambda: client.call_tool("summarize_video", {"video_id": video_id}, progress_callback=hear))
            with anyio.fail_after(10):
                await started.wait()
            await anyio.sleep(0.1)
            calls.cancel_scope.cancel()
        await anyio.sleep(0.3)
        made = engine.tokens_made
        await anyio.sleep(0.3)
        assert 0 < engine.tokens_made == made
    assert heard


@pytest.mark.anyio
@MODES
async def test_every_tool_answers_over_standard_output_whatever_is_printed(clip: Path, video_id: str, mode: str) -> None:
    async with Client(stdio_command(clip), mode=mode) as client:
        await call_every_tool(client, video_id)


@pytest.mark.anyio
@MODES
async def test_progress_and_a_cancel_travel_over_standard_input_and_output(clip: Path, video_id: str, mode: str, tmp_path: Path) -> None:
    command = stdio_command(clip).model_copy(update={"args": ["-m", "tests.interop.server", str(clip), str(tmp_path)]})
    talk = {"video_id": video_id, "style": "gemini"}
    started = anyio.Event()

    async def hear(done: float, total: float | None, message: str | None) -> None:
        started.set()

    async with Client(command, mode=mode) as client:
        async with anyio.create_task_group() as calls:
            calls.start_soon(lambda: client.call_tool("summarize_video", talk, progress_callback=hear))
            await anyio.to_thread.run_sync(ledgers.begun, tmp_path)
            calls.cancel_scope.cancel()
        await anyio.sleep(0.3)
        made = ledgers.made(tmp_path)
        await anyio.sleep(0.3)
        assert 0 < ledgers.made(tmp_path) == made
    assert started.is_set()


@pytest.mark.anyio
@MODES
@pytest.mark.parametrize("transport", ["http", "stdio"])
async def test_a_message_for_each_window_reaches_the_client(clip: Path, video_id: str, mode: str, transport: str) -> None:
    heard: list[tuple[float, float | None, str | None]] = []

    async def hear(done: float, total: float | None, message: str | None) -> None:
        heard.append((done, total, message))

    async with AsyncExitStack() as open_now:
        server = await open_now.enter_async_context(over_http(scripted_server(clip, scripted_engine()))) if transport == "http" else None
        client = await open_now.enter_async_context(Client(server or stdio_command(clip), mode=mode))
        await client.call_tool("localize_action", {"video_id": video_id, "action": ACTION, "fps": 10.0}, progress_callback=hear)
    # 100 frames at a budget of 32 are windows of 3.2 s from 0, 2.4, 4.8 and 6.8 s on.
    assert [(done, total) for done, total, _ in heard] == [(0, 4), (1, 4), (2, 4), (3, 4), (4, 4)]
    assert sorted(str(message) for _, _, message in heard[1:]) == [
        f"localize_action: looked at {span} s" for span in ("0.0-3.2", "2.4-5.6", "4.8-8.0", "6.8-10.0")
    ]


def test_standard_output_carries_the_protocol_and_nothing_else(clip: Path, video_id: str) -> None:
    def request(number: int, method: str, params: dict[str, Any]) -> str:
        return json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params})

    hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    call = {"name": "summarize_video", "arguments": {"video_id": video_id}}
    command = stdio_command(clip)
    with subprocess.Popen(
        [command.command, *command.args], env=command.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        assert server.stderr is not None
        written = []
        for number, (method, params) in enumerate([("initialize", hello), ("tools/call", call)]):
            print(request(number, method, params), file=server.stdin, flush=True)
            written.append(server.stdout.readline())
        server.stdin.close()
        written += server.stdout.readlines()
        printed = server.stderr.read()
    assert [json.loads(line)["id"] for line in written] == [0, 1]
    assert "a library that prints" in printed
    assert server.returncode == 0


@pytest.mark.anyio
async def test_without_the_token_nothing_is_answered(clip: Path, video_id: str) -> None:
    async with over_http(scripted_server(clip, scripted_engine()), TOKEN) as url:
        async with httpx2.AsyncClient() as plain:
            for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": TOKEN}):
                refused = await plain.post(url, json={}, headers=headers)
                assert refused.status_code == 401
                assert refused.headers["WWW-Authenticate"].startswith('Bearer error="invalid_token"')
                assert "resource_metadata" not in refused.headers["WWW-Authenticate"]
        known = httpx2.AsyncClient(headers={"Authorization": f"Bearer {TOKEN}"})
        async with known, Client(streamable_http_client(url, http_client=known)) as client:
            assert len((await client.list_tools()).tools) == 1 + len(TOOLS)


@pytest.mark.anyio
async def test_a_page_of_another_site_cannot_reach_a_loopback_server(clip: Path) -> None:
    async with over_http(scripted_server(clip, scripted_engine())) as url, httpx2.AsyncClient() as plain:
        assert (await plain.post(url, json={}, headers={"Host": "elsewhere.example"})).status_code == 421
        assert (await plain.post(url, json={}, headers={"Origin": "https://elsewhere.example"})).status_code == 403


@pytest.mark.anyio
async def test_a_name_and_a_site_that_are_allowed_get_in(clip: Path) -> None:
    doors = Doors(hosts=("medvid.example",), origins=("https://assistant.example",))
    async with through(scripted_server(clip, scripted_engine()), doors) as url, httpx2.AsyncClient() as plain:

        async def status(**headers: str) -> int:
            return (await plain.post(url, json={}, headers=headers)).status_code

        assert await status(Host="medvid.example") == await status(Host="medvid.example:8443") == 400  # let in, and no request
        assert await status(Host="medvid.example", Origin="https://assistant.example") == 400
        assert await status(Host="medvid.example", Origin="http://assistant.example") == 403
        assert await status(Host="medvid.example.elsewhere.example") == 421


@pytest.mark.anyio
@pytest.mark.parametrize("token", [None, TOKEN])
async def test_health_is_answered_without_a_token_and_tells_nothing(clip: Path, token: str | None) -> None:
    async with over_http(scripted_server(clip, scripted_engine()), token) as url, httpx2.AsyncClient() as plain:
        answer = await plain.get(url.replace("/mcp", "/healthz"))
    assert (answer.status_code, answer.text) == (200, "ok")
    assert "medvid" not in str(answer.headers).lower()


GOOD = Doors(Tokens(Access(), single=TOKEN), ("medvid.example",), ("https://medvid.example",))


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.7", "::", "somewhere.example"])
@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"tokens": None}, "no token is set"),
        ({"hosts": ()}, "no allowed host .--allow-host. is set"),
        ({"origins": ()}, "no allowed origin .--allow-origin. is set"),
        ({"tokens": None, "hosts": (), "origins": ()}, "no token and no allowed host .* and no allowed origin"),
    ],
)
def test_beyond_loopback_a_token_a_host_and_an_origin_are_needed(host: str, changed: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=f"host {host} can be reached from other machines and {said}"):
        transports.listen(host, 0, replace(GOOD, **changed))


def test_beyond_loopback_it_listens_once_all_three_are_set() -> None:
    with transports.listen("0.0.0.0", 0, GOOD) as listener:
        assert listener.getsockname()[0] == "0.0.0.0"


def test_a_port_in_use_is_named() -> None:
    with transports.listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(ConfigError, match=f"cannot listen on 127.0.0.1:{port}: .*; choose another port"):
            transports.listen("127.0.0.1", port)


@pytest.mark.parametrize(
    ("host", "near"), [("127.0.0.1", True), ("127.0.0.9", True), ("::1", True), ("localhost", True), ("10.0.0.1", False)]
)
def test_loopback_is_known(host: str, near: bool) -> None:
    assert transports.is_loopback(host) is near


def test_addresses_are_written_as_urls() -> None:
    with transports.listen("127.0.0.1", 0) as listener:
        assert transports.address(listener) == f"http://127.0.0.1:{listener.getsockname()[1]}/mcp"


