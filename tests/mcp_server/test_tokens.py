"""Callers over HTTP, each with a token of their own, and what each may see."""

from __future__ import annotations

import json
import shutil
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client
from mcp.server import Server

from medvid.app import http_doors, open_library, open_server, open_toolbox, planner
from medvid.core.access import Access
from medvid.core.errors import ConfigError
from medvid.core.settings import Settings, tokens_file
from medvid.core.span import Span
from medvid.mcp_server.tokens import Tokens, add_token, hash_of, read_tokens
from medvid.mcp_server.transports import Doors
from medvid.simulate import clip_of, make_procedure, write_video
from medvid.video import probe
from tests.mcp_server.results import mark_of, text_of
from tests.mcp_server.scripted import ACTION, scripted_engine
from tests.mcp_server.test_transports import through

MINE, OTHERS = "mine", "others"


@pytest.fixture(scope="module")
def ids(clip: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    """A folder with two videos, and their ids."""
    folder = tmp_path_factory.mktemp("served")
    shutil.copy(clip, folder / f"{MINE}.mp4")
    write_video(clip_of(make_procedure(5, "cholecystectomy"), Span.of(0.0, 4.0)), folder / f"{OTHERS}.mp4")
    (folder / "broken.mp4").write_text("no video")
    return folder, probe(folder / f"{MINE}.mp4").video_id, probe(folder / f"{OTHERS}.mp4").video_id


@asynccontextmanager
async def as_caller(url: str, token: str, mode: str) -> AsyncIterator[Client]:
    known = httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"})
    async with known, Client(streamable_http_client(url, http_client=known), mode=mode) as client:
        yield client


def served(folder: Path) -> Server:
    settings = Settings(roots=(folder,))
    toolbox = open_toolbox(settings, open_library(settings), scripted_engine())
    return open_server(toolbox, ask=planner(toolbox))


@pytest.mark.anyio
async def test_one_callers_videos_are_nothing_to_another(ids: tuple[Path, str, str], tmp_path: Path, mode: str) -> None:
    folder, mine, others = ids
    file = tmp_path / "tokens.json"
    token, all_token = add_token(file, "me", (mine,)), add_token(file, "everybody")
    # Both at once: neither session's tasks may take the other's access.
    async with (
        through(served(folder), Doors(Tokens(Access(), file=file))) as url,
        as_caller(url, all_token, mode) as everybody,
        as_caller(url, token, mode) as me,
    ):
        listed = await everybody.call_tool("list_videos", {})
        assert {video["video_id"] for video in listed.structured_content["videos"]} == {mine, others}
        assert "broken.mp4" in text_of(listed)
        assert (await everybody.read_resource(f"video://{others}/frame/0")).contents

        heard = [(await me.call_tool("list_videos", {})).model_dump_json(), (await me.list_resources()).model_dump_json()]
        assert mine in heard[0] and mine in heard[1]
        refused = await me.call_tool("localize_action", {"video_id": others, "action": ACTION})
        nowhere = await me.call_tool("localize_action", {"video_id": "0123456789abcdef", "action": ACTION})
        assert mark_of(refused)["kind"] == "access"
        assert text_of(refused) == text_of(nowhere).replace("0123456789abcdef", others)
        asked = await me.call_tool("ask_procedure", {"video_ids": [others], "question": "When is the cystic duct clipped?"})
        assert mark_of(asked)["kind"] == "access"
        with pytest.raises(MCPError, match="no video") as raised:
            await me.read_resource(f"video://{others}/frame/0")
        heard += [text_of(refused), text_of(asked), str(raised.value)]
        for said in heard:
            assert OTHERS not in said and "broken" not in said
        mine_asked = await me.call_tool("ask_procedure", {"video_ids": [mine], "question": "When is the cystic duct clipped?"})
        assert not mine_asked.is_error, text_of(mine_asked)


@pytest.mark.anyio
async def test_a_callers_longest_span_holds_for_that_caller_only(ids: tuple[Path, str, str], tmp_path: Path) -> None:
    folder, mine, _ = ids
    file = tmp_path / "tokens.json"
    few, many = add_token(file, "few", max_span_s=5.0), add_token(file, "many")
    call = {"video_id": mine, "action": ACTION}  # ten seconds
    async with through(served(folder), Doors(Tokens(Access(), file=file))) as url:
        async with as_caller(url, few, "auto") as client:
            assert "above the caller's 5 s" in text_of(await client.call_tool("localize_action", call))
        async with as_caller(url, many, "auto") as client:
            assert not (await client.call_tool("localize_action", call)).is_error


@pytest.mark.anyio
async def test_a_session_of_one_caller_is_closed_to_another(ids: tuple[Path, str, str], tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    one, two = add_token(file, "one"), add_token(file, "two")
    hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    accept = {"Accept": "application/json, text/event-stream"}
    async with through(served(ids[0]), Doors(Tokens(Access(), file=file))) as url, httpx2.AsyncClient(headers=accept) as plain:
        begun = await plain.post(
            url, json={"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": hello}, headers={"Authorization": f"Bearer {one}"}
        )
        session = {"Mcp-Session-Id": begun.headers["mcp-session-id"]}
        ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
        own = await plain.post(url, json=ping, headers={**session, "Authorization": f"Bearer {one}"})
        stolen = await plain.post(url, json=ping, headers={**session, "Authorization": f"Bearer {two}"})
    assert own.status_code == 200
    assert stolen.status_code == 404


def test_the_file_keeps_a_hash_and_is_its_owners_alone(tmp_path: Path) -> None:
    file = tmp_path / "new" / "tokens.json"
    token = add_token(file, "theatre-2", ("0123456789abcdef",), 60.0)
    assert token not in file.read_text()
    assert len(token) >= 43  # 32 random bytes
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    other = add_token(file, "theatre-3")
    first, second = read_tokens(file).tokens
    assert (first.caller, first.videos, first.max_span_s, first.blake2b) == ("theatre-2", ("0123456789abcdef",), 60.0, hash_of(token))
    assert (second.caller, second.videos, second.blake2b) == ("theatre-3", None, hash_of(other))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("name", "videos", "said"),
    [("a", None, "'a' has a token already"), ("a b", None, "caller: .*not 'a b'"), ("b", ("../x",), "videos: .*not '../x'")],
)
def test_a_token_that_could_not_be_used_is_not_made(tmp_path: Path, name: str, videos: tuple[str, ...] | None, said: str) -> None:
    file = tmp_path / "tokens.json"
    add_token(file, "a")
    before = file.read_text()
    with pytest.raises(ConfigError, match=said):
        add_token(file, name, videos)
    assert file.read_text() == before


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "the file: Invalid JSON"),
        (json.dumps({"tokens": [{"caller": "a", "blake2b": "s3cret"}]}), "tokens.0.blake2b"),
        (json.dumps({"tokens": [{"caller": "a", "blake2b": "0" * 64, "video": []}]}), "tokens.0.video: Extra inputs"),
    ],
)
def test_a_broken_file_is_named_with_the_place_and_nothing_secret(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "tokens.json"
    file.write_text(text)
    with pytest.raises(ConfigError, match=said) as raised:
        Tokens(Access(), file=file)
    assert "s3cret" not in str(raised.value)


def test_a_short_token_is_refused() -> None:
    with pytest.raises(ConfigError, match="the token has 6 characters, at least 16 are needed"):
        Tokens(Access(), single="secret")


@pytest.mark.anyio
async def test_the_single_token_and_those_of_the_file_both_open(tmp_path: Path) -> None:
    token = add_token(tokens_file(), "anna")
    try:
        doors = http_doors(Settings(max_span_s=7.0), "0123456789abcdef")
    finally:
        tokens_file().unlink()
    assert doors.tokens is not None
    anna, single = await doors.tokens.verify_token(token), await doors.tokens.verify_token("0123456789abcdef")
    assert anna is not None and single is not None
    assert (anna.access, single.access) == (Access("anna", None, 7.0), Access("token", None, 7.0))
    assert await doors.tokens.verify_token(token + "x") is None
    assert http_doors(Settings(), None).tokens is None


@pytest.mark.anyio
async def test_a_file_whose_tokens_were_all_withdrawn_opens_to_nobody(tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    file.write_text('{"tokens": []}')
    doors = http_doors(Settings(tokens=file), None)
    assert doors.tokens is not None
    assert await doors.tokens.verify_token("") is None
