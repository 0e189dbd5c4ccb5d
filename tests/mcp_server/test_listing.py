"""list_videos over a folder."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from mcp import Client

from medvid.app import open_library, open_server, open_toolbox
from medvid.core.access import Access
from medvid.core.settings import Settings
from tests.mcp_server.scripted import scripted_engine
from tests.video.files import write

pytestmark = pytest.mark.anyio


@pytest.fixture
def folder(clip: Path, tmp_path: Path) -> Path:
    shutil.copy(clip, tmp_path / "case_01.mp4")
    (tmp_path / "notes.mp4").write_text("no video")
    return tmp_path


async def test_a_file_that_cannot_be_read_is_named_with_the_reason_and_the_rest_is_served(folder: Path) -> None:
    settings = Settings(roots=(folder,))
    server = open_server(open_toolbox(settings, open_library(settings), scripted_engine()))
    async with Client(server) as client:
        result = await client.call_tool("list_videos", {})
    assert len(result.structured_content["videos"]) == 1
    (problem,) = result.structured_content["problems"]
    assert "notes.mp4" in problem
    assert str(folder) not in problem
    assert f"Not served: {problem}" in str(result.content)


async def test_actions_are_the_declared_ones_else_the_class_names_of_the_procedure_and_it_says_which(clip: Path, tmp_path: Path) -> None:
    write(tmp_path / "ward.mp4", [0.0, 0.2])
    (tmp_path / "ward.medvid.json").write_text('{"procedure": "bed shampoo"}')
    shutil.copy(clip, tmp_path / "case.mp4")
    settings = Settings(roots=(tmp_path,))
    async with Client(open_server(open_toolbox(settings, open_library(settings), scripted_engine()))) as client:
        result = await client.call_tool("list_videos", {})
    case, ward = result.structured_content["videos"]
    assert (case["actions"][0]["name"], case["class_names_of"]) == ("dissect the hepatocystic triangle", None)
    assert ([action["name"] for action in ward["actions"]][:2], ward["class_names_of"]) == (["Apply shampoo", "Comb hair"], "NurViD")
    assert "class names of NurViD: Apply shampoo, Comb hair, " in str(result.content)


async def test_a_caller_who_may_see_some_videos_only_is_told_of_no_other_file(folder: Path, video_id: str) -> None:
    settings = Settings(roots=(folder,))
    toolbox = open_toolbox(settings, open_library(settings), scripted_engine())
    async with Client(open_server(toolbox, access=Access(videos=frozenset({video_id})))) as client:
        result = await client.call_tool("list_videos", {})
    assert [video["video_id"] for video in result.structured_content["videos"]] == [video_id]
    assert result.structured_content["problems"] == []


async def test_a_video_that_is_put_into_the_folder_later_is_served_too(clip: Path, tmp_path: Path) -> None:
    settings = Settings(roots=(tmp_path,))
    async with Client(open_server(open_toolbox(settings, open_library(settings), scripted_engine()))) as client:
        assert (await client.call_tool("list_videos", {})).structured_content["videos"] == []
        shutil.copy(clip, tmp_path / "later.mp4")
        assert len((await client.call_tool("list_videos", {})).structured_content["videos"]) == 1
