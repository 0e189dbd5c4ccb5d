"""What a client cannot reach, and what a hostile file cannot do, over the real client."""

from __future__ import annotations

import shutil
import unicodedata
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, MCPError
from mcp.types import INVALID_PARAMS

from medvid.app import open_library, open_server, open_toolbox, planner
from medvid.core.settings import Settings
from medvid.core.span import Span
from medvid.simulate import clip_of, make_procedure, write_video
from medvid.tools.registry import TOOLS
from medvid.video import probe
from medvid.video.worker import Readers
from tests.mcp_server.results import mark_of, text_of
from tests.mcp_server.scripted import ACTION, OWN_ARGS, scripted_engine
from tests.video.hostile import __name__ as HOSTILE

pytestmark = pytest.mark.anyio


@pytest.fixture
def served(clip: Path, tmp_path: Path) -> Path:
    """A root with one video, a video beside it, and a link to that one from the root."""
    root, outside = tmp_path / "root", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    shutil.copy(clip, root / "é case.mp4")
    secret = write_video(clip_of(make_procedure(5, "cholecystectomy"), Span.of(0.0, 3.0)), outside / "secret.mp4")
    (root / "link.mp4").symlink_to(secret)
    (root / "folder").symlink_to(outside)
    (root / ".hidden.mp4").write_bytes(secret.read_bytes())
    return root


def tricks(root: Path, video_id: str) -> list[str]:
    """What might stand for a video beside its id."""
    secret = root.parent / "outside" / "secret.mp4"
    full_width = "".join(chr(ord(char) + 0xFEE0) for char in video_id)
    return [
        probe(secret).video_id, str(secret), "../outside/secret.mp4", "..\\outside\\secret.mp4", "%2e%2e/outside/secret.mp4",
        "%2e%2e%2foutside", "link.mp4", "folder/secret.mp4", ".hidden.mp4", "é case", "é case.mp4",
        unicodedata.normalize("NFD", "é case.mp4"), "/etc/passwd", "file:///etc/passwd", f"video://{video_id}", f"{video_id}\0",
        f"{video_id}\n", f" {video_id}", f"{video_id}/../{video_id}", video_id + "0", video_id[:-1], full_width, f"{video_id}\u200b", "",
        ".", "*", "\u2024\u2024/secret.mp4", "x" * 100_000,
    ]  # fmt: skip


def opened(root: Path, readers: Readers | None = None) -> Any:
    settings = Settings(roots=(root,))
    toolbox = open_toolbox(settings, open_library(settings, readers=readers), scripted_engine())
    return open_server(toolbox, ask=planner(toolbox))


async def test_no_spelling_of_a_path_or_another_video_is_an_id(served: Path, clip: Path, video_id: str, mode: str) -> None:
    async with Client(opened(served), mode=mode) as client:
        listed = (await client.call_tool("list_videos", {})).structured_content["videos"]
        assert [video["video_id"] for video in listed] == [video_id]
        for name in TOOLS:
            good = {"video_id": video_id, **OWN_ARGS.get(name, {})}
            assert not (await client.call_tool(name, good)).is_error
            for trick in tricks(served, video_id):
                refused = await client.call_tool(name, {**good, "video_id": trick})
                assert mark_of(refused)["kind"] in ("arguments", "access"), trick
                assert refused.structured_content is None
                assert len(refused.content) == 1
                assert str(served.parent) not in text_of(refused).replace(repr(trick), "")
        for trick in tricks(served, video_id):
            asked = await client.call_tool("ask_procedure", {"video_ids": [trick], "question": "When is the cystic duct clipped?"})
            assert mark_of(asked)["kind"] in ("arguments", "access"), trick


async def test_no_spelling_of_an_address_leads_to_another_frame(served: Path, video_id: str, mode: str) -> None:
    async with Client(opened(served), mode=mode) as client:
        assert (await client.read_resource(f"video://{video_id}/frame/0")).contents
        addresses = [f"video://{trick}/frame/0" for trick in tricks(served, video_id) if trick != f"video://{video_id}"]
        times = ("../0", "0/../../x", "0\0", "０", "-0", "1e3", "0x0", "0?x=1", "0#", "0%00", "0" * 11)
        addresses += [f"video://{video_id}/frame/{ms}" for ms in times]
        addresses += [f"file:///{served}/é case.mp4", f"video:///{video_id}/frame/0", f"video://u@{video_id}/frame/0", f"VIDEO:{video_id}"]
        for address in addresses:
            with pytest.raises(MCPError) as raised:
                await client.read_resource(address)
            assert raised.value.error.code == INVALID_PARAMS, address
            assert str(served.parent) not in str(raised.value.error.message).replace(address[:200], "")
            assert len(raised.value.error.message) < 1000


@pytest.fixture
def hostile(clip: Path, tmp_path: Path) -> Iterator[tuple[Any, str, str, str]]:
    """A server whose readers act on files by their names, and the ids of a plain one, one that kills them and one that hangs them."""
    shutil.copy(clip, tmp_path / "plain.mp4")
    for name, end_s in (("killed-1", 3.0), ("hanging-1", 4.0)):
        write_video(clip_of(make_procedure(5, "cholecystectomy"), Span.of(0.0, end_s)), tmp_path / f"{name}.mp4")
    ids = [probe(tmp_path / f"{name}.mp4").video_id for name in ("plain", "killed-1", "hanging-1")]
    with closing(Readers(slots=2, limit_s=30.0, program=HOSTILE)) as readers:
        yield opened(tmp_path, readers), ids[0], ids[1], ids[2]


async def test_a_file_that_kills_its_reader_is_an_error_of_that_call(hostile: tuple[Any, str, str, str], tmp_path: Path) -> None:
    server, plain, killing, _ = hostile
    async with Client(server) as client:
        for _ in range(3):
            failed = await client.call_tool("localize_action", {"video_id": killing, "action": ACTION})
            assert mark_of(failed) == {"kind": "video", "retryable": False}
            assert "killed-1.mp4 broke the process" in text_of(failed)
            assert str(tmp_path) not in text_of(failed)
        assert not (await client.call_tool("localize_action", {"video_id": plain, "action": ACTION})).is_error


async def test_a_neighbour_is_answered_while_a_file_hangs_and_a_cancel_frees_the_reader(hostile: tuple[Any, str, str, str]) -> None:
    server, plain, _, hanging = hostile
    async with Client(server) as client:
        for _ in range(3):  # more often than there are readers
            async with anyio.create_task_group() as calls:
                calls.start_soon(client.call_tool, "localize_action", {"video_id": hanging, "action": ACTION})
                with anyio.fail_after(20):
                    assert not (await client.call_tool("localize_action", {"video_id": plain, "action": ACTION})).is_error
                    assert (await client.read_resource(f"video://{plain}/frame/0")).contents
                calls.cancel_scope.cancel()
