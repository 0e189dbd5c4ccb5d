"""Callers over HTTP, each with a token of their own, and what each may see."""

from __future__ import annotations

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

from medvid.agent.threads import listed
from medvid.app import http_doors, open_library, open_server, open_toolbox, planner
from medvid.core.access import Access
from medvid.core.errors import ConfigError
from medvid.core.settings import Settings, load, tokens_file
from medvid.core.span import Span
from medvid.mcp_server.tokens import Tokens, hash_of, new_token
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


@pytest.fixture
def tokens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    return tokens_file()


def limit(tokens: Path, line: str) -> None:
    """Adds a line to the caller that was made last, as a person would."""
    tokens.write_text(f"{tokens.read_text()}{line}\n")


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
async def test_one_callers_videos_are_nothing_to_another(ids: tuple[Path, str, str], tokens: Path, mode: str) -> None:
    folder, mine, others = ids
    all_token, token = new_token("everybody"), new_token("me")
    limit(tokens, f'videos = ["{mine}"]')
    # Both at once: neither session's tasks may take the other's access.
    async with (
        through(served(folder), http_doors(load(), None)) as url,
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
async def test_a_callers_longest_span_holds_for_that_caller_only(ids: tuple[Path, str, str], tokens: Path) -> None:
    folder, mine, _ = ids
    many, few = new_token("many"), new_token("few")
    limit(tokens, "max_span_s = 5.0")
    call = {"video_id": mine, "action": ACTION}  # ten seconds
    async with through(served(folder), http_doors(load(), None)) as url:
        async with as_caller(url, few, "auto") as client:
            assert "above the caller's 5 s" in text_of(await client.call_tool("localize_action", call))
        async with as_caller(url, many, "auto") as client:
            assert not (await client.call_tool("localize_action", call)).is_error


@pytest.mark.anyio
async def test_a_session_of_one_caller_is_closed_to_another(ids: tuple[Path, str, str], tokens: Path) -> None:
    one, two = new_token("one"), new_token("two")
    hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    accept = {"Accept": "application/json, text/event-stream"}
    async with through(served(ids[0]), http_doors(load(), None)) as url, httpx2.AsyncClient(headers=accept) as plain:
        begun = await plain.post(
            url, json={"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": hello}, headers={"Authorization": f"Bearer {one}"}
        )
        session = {"Mcp-Session-Id": begun.headers["mcp-session-id"]}
        ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
        own = await plain.post(url, json=ping, headers={**session, "Authorization": f"Bearer {one}"})
        stolen = await plain.post(url, json=ping, headers={**session, "Authorization": f"Bearer {two}"})
    assert own.status_code == 200
    assert stolen.status_code == 404


def test_the_file_keeps_a_hash_and_is_its_owners_alone(tokens: Path) -> None:
    tokens.parent.mkdir()
    tokens.write_text("# our callers")  # readable to all, and without an end of line
    first, second = new_token("theatre-2"), new_token("theatre-3")
    assert first not in tokens.read_text()
    assert len(first) >= 43  # 32 random bytes
    assert stat.S_IMODE(tokens.stat().st_mode) == 0o600
    two, three = load().callers
    assert (two.name, two.videos, two.max_span_s, two.blake2b) == ("theatre-2", None, None, hash_of(first))
    assert (three.name, three.blake2b) == ("theatre-3", hash_of(second))


@pytest.mark.parametrize("name", ["a b", "", '"', "x" * 41, "\n[[callers]]", "../x", "ａ"])
def test_a_name_that_could_not_stand_in_the_file_is_refused(tokens: Path, name: str) -> None:
    with pytest.raises(ConfigError, match=r"callers.0.name"):
        new_token(name)
    assert not tokens.exists()


@pytest.mark.parametrize(
    ("line", "said"),
    [("video = []", r"callers.0.video\b"), ('videos = ["../x"]', r"callers.0.videos.0"), ("max_span_s = 0", r"callers.0.max_span_s")],
)
def test_a_line_that_cannot_be_used_is_named(tokens: Path, line: str, said: str) -> None:
    new_token("a")
    tokens.write_text(f"{tokens.read_text()}{line}\n")
    with pytest.raises(ConfigError, match=said):
        load()


def test_a_short_token_is_refused() -> None:
    with pytest.raises(ConfigError, match="the token has 6 characters, at least 16 are needed"):
        Tokens(Access(), single="secret")


@pytest.mark.anyio
async def test_the_single_token_and_the_callers_own_all_open(tokens: Path) -> None:
    token = new_token("anna")
    doors = http_doors(load(max_span_s=7.0), "0123456789abcdef")
    assert doors.tokens is not None
    anna, single = await doors.tokens.verify_token(token), await doors.tokens.verify_token("0123456789abcdef")
    assert anna is not None and single is not None
    assert (anna.claims, single.claims) == ({"access": Access("anna", None, 7.0)}, {"access": Access("token", None, 7.0)})
    for wrong in ("", token + "x", token[:-1], hash_of(token), "\udcff"):
        assert await doors.tokens.verify_token(wrong) is None
    assert http_doors(Settings(callers=()), None).tokens is None


@pytest.mark.anyio
async def test_a_thread_is_of_one_caller_and_remembers_what_was_found(ids: tuple[Path, str, str], tokens: Path, mode: str) -> None:
    folder, mine, _ = ids
    first_token, second_token = new_token("first"), new_token("second")
    settings = Settings(roots=(folder,))
    engine = scripted_engine()
    toolbox = open_toolbox(settings, open_library(settings), engine)
    call = {"video_ids": [mine], "question": "When is the cystic duct clipped?", "thread": f"shared-{mode}"}
    async with (
        through(open_server(toolbox, ask=planner(toolbox)), http_doors(load(), None)) as url,
        as_caller(url, first_token, mode) as first,
        as_caller(url, second_token, mode) as second,
    ):
        runs = [(await client.call_tool("ask_procedure", call)).structured_content for client in (first, first, second, second)]
        # Each caller's first question looks; the second is answered from it. The other's is not there.
        assert [run["reused"] for run in runs] == [{}, dict.fromkeys(SEEN, runs[0]["id"]), {}, dict.fromkeys(SEEN, runs[2]["id"])]
        assert len(engine.requests) == 4
        assert [run["outcomes"]["s1"][0]["result"] for run in runs] == [{"spans": [{"start_s": 1.0, "end_s": 3.0}]}] * 4
        assert {run["thread"] for run in runs} == {f"shared-{mode}"}
        alone = await first.call_tool("ask_procedure", {**call, "thread": None})
        assert alone.structured_content["reused"] == {} and len(engine.requests) == 6
        refused = await first.call_tool("ask_procedure", {**call, "thread": "../other"})
        assert mark_of(refused) == {"kind": "arguments", "retryable": False}
    kept = [(row["caller"], row["runs"]) for row in listed() if row["thread"] == f"shared-{mode}"]
    assert sorted(kept) == [("first", 2), ("second", 2)]


SEEN = ("s1", "s1_again")


@pytest.mark.anyio
async def test_a_caller_whose_videos_were_limited_learns_nothing_of_the_others_by_a_thread(
    ids: tuple[Path, str, str], tokens: Path
) -> None:
    folder, mine, others = ids
    token = new_token("narrowed")
    call = {"video_ids": [others], "question": "When is the cystic duct clipped?", "thread": "narrow"}
    async with through(served(folder), http_doors(load(), None)) as url, as_caller(url, token, "auto") as client:
        assert not (await client.call_tool("ask_procedure", call)).is_error
    limit(tokens, f'videos = ["{mine}"]')
    async with through(served(folder), http_doors(load(), None)) as url, as_caller(url, token, "auto") as client:
        refused = await client.call_tool("ask_procedure", call)
        assert mark_of(refused)["kind"] == "access"
        allowed = await client.call_tool("ask_procedure", {**call, "video_ids": [mine]})
        assert not allowed.is_error
        assert others not in allowed.model_dump_json()
