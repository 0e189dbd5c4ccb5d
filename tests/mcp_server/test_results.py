"""How large an answer is, what is seen beside it, and how long lists come in pages."""

from __future__ import annotations

import base64
import io
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mcp import Client, MCPError
from mcp.types import INVALID_PARAMS, ImageContent, ResourceLink
from PIL import Image

from medvid.agent.catalogue import list_videos
from medvid.app import open_server, open_toolbox
from medvid.core.access import Access
from medvid.core.case import Action
from medvid.core.outcome import Evidence, Look, Outcome
from medvid.core.settings import Settings
from medvid.core.span import Span
from medvid.engine.base import Request
from medvid.engine.profiles import EMBEDDED
from medvid.engine.scripted import ScriptedEngine
from medvid.mcp_server import frames, video_tools
from medvid.mcp_server.texts import LONGEST_LIST, LONGEST_TEXT, outcome_text
from medvid.tools.caption_events import CaptionedEvent, Events
from medvid.tools.registry import TOOLS
from medvid.video import Library, VideoListing, decode, probe
from tests.mcp_server.results import mark_of, text_of
from tests.mcp_server.scripted import ACTION, OWN_ARGS, scripted_engine, scripted_server

SEEN = {"localize_action", "ground_object", "caption_events"}
"""Tools whose result has a time or a box."""


@pytest.mark.anyio
@pytest.mark.parametrize("name", TOOLS)
async def test_an_answer_with_a_time_brings_one_small_picture_and_links(clip: Path, video_id: str, mode: str, name: str) -> None:
    async with Client(scripted_server(clip, scripted_engine()), mode=mode) as client:
        result = await client.call_tool(name, {"video_id": video_id, **OWN_ARGS.get(name, {})})
        pictures = [block for block in result.content if isinstance(block, ImageContent)]
        links = [block for block in result.content if isinstance(block, ResourceLink)]
        assert len(result.content) == 1 + len(pictures) + len(links)
        assert len(pictures) == (name in SEEN)
        for link in links:
            assert str(link.uri) in text_of(result)
            assert (await client.read_resource(str(link.uri))).contents
    for picture in pictures:
        assert picture.mime_type == "image/jpeg"
        assert len(base64.b64decode(picture.data)) <= 100_000
        assert picture.data not in json.dumps(result.structured_content)
    assert ("The first of them is the picture" in text_of(result)) == (name in SEEN)
    assert len(links) == (name == "ground_object")  # two boxes: one is pictured, one is linked


@pytest.mark.anyio
async def test_the_picture_is_the_frame_of_the_first_box_with_the_box_drawn(clip: Path, video_id: str) -> None:
    async with Client(scripted_server(clip, scripted_engine())) as client:
        result = await client.call_tool("ground_object", {"video_id": video_id, **OWN_ARGS["ground_object"]})
    first = result.structured_content["result"]["track"][0]
    picture = next(block for block in result.content if isinstance(block, ImageContent))
    seen = np.asarray(Image.open(io.BytesIO(base64.b64decode(picture.data))), dtype=float)
    plain = decode(probe(clip), [first["time_s"]]).rgb[0].astype(float)
    # The box of 10-50 fed pixels is 28.6-142.9 of the source; its left line lies at x = 28 or 29, and turns green what was tissue.
    assert first["box_px"][0] == pytest.approx(28.57, abs=0.01)
    greener = (seen - plain)[60:120, :, 1].mean(axis=0)
    assert int(greener.argmax()) in range(27, 31)
    assert np.abs(seen - plain)[:, 200:].mean() < 6  # elsewhere only what JPEG changes


@pytest.mark.anyio
async def test_a_program_gets_no_picture_and_neither_does_an_answer_without_a_result(clip: Path, video_id: str) -> None:
    call = {"video_id": video_id, "action": ACTION}
    async with Client(scripted_server(clip, scripted_engine(), pictures=False)) as client:
        assert len((await client.call_tool("localize_action", call)).content) == 1
    async with Client(scripted_server(clip, ScriptedEngine(EMBEDDED, lambda request: "Not observed."))) as client:
        assert len((await client.call_tool("localize_action", call)).content) == 1


@pytest.mark.anyio
async def test_an_answer_stands_without_the_picture_where_its_frame_cannot_be_read(clip: Path, tmp_path: Path, video_id: str) -> None:
    copy = Path(shutil.copy(clip, tmp_path / "copy.mp4"))

    def reply(request: Request) -> str:
        copy.write_bytes(b"")  # gone between the answer and its picture
        return "1.0-3.0 seconds."

    server = scripted_server(copy, ScriptedEngine(EMBEDDED, reply))
    async with Client(server) as client:
        result = await client.call_tool("localize_action", {"video_id": video_id, "action": ACTION})
    assert result.structured_content["status"] == "ok"
    assert len(result.content) == 1


def outcome(events: int, looks: int = 1, notes: int = 0) -> Outcome[Any]:
    told = "x" * 80
    found = Events(events=tuple(CaptionedEvent(span=Span.of(i, i + 1), action="cut", caption=f"Event {i}. {told}") for i in range(events)))
    seen = Evidence(
        video_id="0123456789abcdef", span=Span.of(0, events), model="tiny", feeding="faithful",
        looks=tuple(Look(start_s=i, end_s=i + 1, fps=1, frames=1) for i in range(looks)),
    )  # fmt: skip
    return Outcome[Events](status="ok", result=found, notes=tuple(f"note {i}" for i in range(notes)), evidence=seen)


def test_a_long_answers_text_is_cut_and_says_how_much_is_left_out_and_how_to_get_it() -> None:
    long = outcome(events=1000, looks=500, notes=1000)
    text = outcome_text("caption_events", long)
    assert len(text) < LONGEST_TEXT + 2 * LONGEST_LIST + 2000 < 40_000  # 10,000 tokens of four characters
    assert len(outcome_text("caption_events", outcome(events=100)).splitlines()) > 100
    shown = sum(": cut: Event " in line for line in text.splitlines())
    assert 0 < shown < 1000
    # The heading `events: 1000` is a line of the result too.
    assert f"({1000 - shown} lines more are left out here; the structured content has them all, or ask about a shorter span)" in text
    assert len(long.model_dump(mode="json")["result"]["events"]) == 1000
    for kept in ("Model: tiny", "Note: note 0", "Looked at 0.0-1.0 s", "Frames to look at: video://"):
        assert kept in text


@pytest.mark.anyio
async def test_an_answer_above_a_megabyte_is_refused_with_the_way_out(clip: Path, video_id: str) -> None:
    def endless(request: Request) -> str:
        return f"1.0-3.0 seconds: {ACTION}: {'x' * 1_000_000}"  # kept whole, as it was written

    async with Client(scripted_server(clip, ScriptedEngine(EMBEDDED, endless))) as client:
        result = await client.call_tool("caption_events", {"video_id": video_id})
    assert mark_of(result) == {"kind": "size", "retryable": False}
    assert "above the 1 MB that clients take; ask about a shorter span" in text_of(result)
    assert result.structured_content is None


class Shelf(Library):
    """Many videos that are nowhere."""

    def __init__(self, count: int, cache_file: Path, actions: int = 0) -> None:
        super().__init__(cache_file=cache_file)
        named = tuple(Action(name=f"action {i:03d} {'y' * 30}") for i in range(actions))
        one = VideoListing(video_id="0" * 16, title="", duration_s=10.0, fps=25.0, size=(320, 240), actions=named)
        self.videos = [one.model_copy(update={"video_id": f"{i:016x}", "title": f"case {i}"}) for i in range(count)]

    def listing(self, access: Access) -> list[VideoListing]:
        return [video for video in self.videos if access.may_see(video.video_id)]

    @property
    def problems(self) -> tuple[str, ...]:
        return tuple(f"bad {i}.mp4 is empty" for i in range(30))


def shelf_server(shelf: Library, access: Access | None = None) -> Any:
    return open_server(open_toolbox(Settings(), shelf, scripted_engine()), access=access)


@pytest.mark.anyio
async def test_many_videos_come_in_pages_and_our_agent_reads_them_all(tmp_path: Path) -> None:
    shelf = Shelf(230, tmp_path / "probes.sqlite")
    async with Client(shelf_server(shelf)) as client:
        first = await client.call_tool("list_videos", {})
        page = first.structured_content
        assert (len(page["videos"]), page["total"], page["next_offset"]) == (50, 230, 50)
        assert "230 videos." in text_of(first)
        assert "50 are listed here; list_videos with offset 50 lists the next." in text_of(first)
        assert page["problems"][19:] == ["bad 19.mp4 is empty", "10 files more"]
        last = (await client.call_tool("list_videos", {"offset": 200})).structured_content
        assert (len(last["videos"]), last["next_offset"], last["problems"]) == (30, None, [])
        beyond = (await client.call_tool("list_videos", {"offset": 500})).structured_content
        assert (beyond["videos"], beyond["total"], beyond["next_offset"]) == ([], 230, None)
        assert len(await list_videos(client)) == 230
        assert [video["title"] for video in await list_videos(client, [f"{229:016x}"])] == ["case 229"]
        for wrong in ({"offset": -1}, {"limit": 0}, {"limit": 201}, {"cursor": "x"}):
            assert mark_of(await client.call_tool("list_videos", wrong))["kind"] == "arguments"


@pytest.mark.anyio
async def test_a_page_ends_where_it_would_be_long_to_read(tmp_path: Path) -> None:
    async with Client(shelf_server(Shelf(60, tmp_path / "probes.sqlite", actions=100))) as client:
        result = await client.call_tool("list_videos", {"limit": 200})
        page = result.structured_content
        assert 1 <= len(page["videos"]) == page["next_offset"] < 60
        assert len(json.dumps(page["videos"])) < video_tools.LARGEST_PAGE * 1.2  # with blanks that the server does not count
        assert len(text_of(result)) < 40_000
        assert len(await list_videos(client)) == 60


@pytest.mark.anyio
async def test_a_page_counts_what_its_caller_may_see_only(tmp_path: Path) -> None:
    mine = Access(videos=frozenset({f"{3:016x}", f"{200:016x}"}))
    async with Client(shelf_server(Shelf(230, tmp_path / "probes.sqlite"), mine)) as client:
        page = (await client.call_tool("list_videos", {"limit": 1})).structured_content
        resources = await client.list_resources()
    assert (page["videos"][0]["title"], page["total"], page["next_offset"]) == ("case 3", 2, 1)
    assert len(resources.resources) == 2
    assert resources.next_cursor is None


@pytest.mark.anyio
async def test_first_frames_come_in_pages_by_the_protocols_cursor(tmp_path: Path, mode: str) -> None:
    async with Client(shelf_server(Shelf(230, tmp_path / "probes.sqlite")), mode=mode) as client:
        names, cursor = set(), None
        for expected in (frames.PAGE, frames.PAGE, 30):
            page = await client.list_resources(cursor=cursor)
            assert len(page.resources) == expected
            names |= {resource.name for resource in page.resources}
            cursor = page.next_cursor
        assert cursor is None
        assert len(names) == 230
        for wrong in ("-1", "x", "1" * 10, "１"):
            with pytest.raises(MCPError) as raised:
                await client.list_resources(cursor=wrong)
            assert raised.value.error.code == INVALID_PARAMS
