"""What is put together in medvid.app."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest
from mcp import Client

from medvid import app
from medvid.core.access import Access
from medvid.core.errors import ConfigError
from medvid.core.settings import Settings
from medvid.core.span import Span
from medvid.engine.profiles import EMBEDDED, MEDVLM_1_0A_RL
from medvid.engine.scripted import ScriptedEngine
from medvid.prompts.read import ReadForm, write_forms
from medvid.simulate import clip_of, from_tag, make_procedure, write_video
from medvid.simulate.demo import DEMO_SEED
from medvid.simulate.truth import HELD_OUT_SEED, Kind, Truth
from medvid.video import probe
from tests.agent.chat import served
from tests.agent.test_clients import labels
from tests.mcp_server.scripted import ACTION, scripted_engine, talkative_engine


class ClosedWithTheServer(ScriptedEngine):
    closed = False

    async def aclose(self) -> None:
        self.closed = True


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # Seed 5 clips the cystic duct at 33.0-38.5 s.
    return write_video(clip_of(make_procedure(5, "cholecystectomy"), Span.of(30.0, 40.0)), tmp_path_factory.mktemp("app") / "operation.mp4")


@pytest.fixture
def short_demo(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[tuple[int, str]]:
    """The demo clip cut to three seconds, in a cache of its own; holds which procedures were made."""
    made: list[tuple[int, str]] = []

    def make(seed: int, kind: Kind) -> Truth:
        made.append((seed, kind))
        return clip_of(make_procedure(seed, kind), Span.of(0.0, 3.0))

    monkeypatch.setattr("medvid.simulate.make_procedure", make)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return made


def test_the_demo_clip_is_a_held_out_cholecystectomy_that_says_it_is_simulated(short_demo: list[tuple[int, str]], tmp_path: Path) -> None:
    clip = app.demo_clip()
    assert short_demo == [(DEMO_SEED, "cholecystectomy")]
    assert DEMO_SEED >= HELD_OUT_SEED
    assert clip.is_relative_to(tmp_path / "cache")
    truth = from_tag(probe(clip).tags)
    assert truth is not None
    assert (truth.seed, truth.case.simulated) == (DEMO_SEED, True)


def test_the_demo_clip_is_rendered_once(short_demo: list[tuple[int, str]]) -> None:
    told: list[tuple[int, int]] = []
    first = app.demo_clip(lambda done, total: told.append((done, total)))
    assert told[-1] == (30, 30)  # three seconds at 10 fps
    assert app.demo_clip(lambda done, total: told.append((done, total))) == first
    assert len(short_demo) == 1
    assert len(told) == 30


@pytest.mark.anyio
async def test_without_a_root_the_demo_clip_is_served_and_the_way_to_add_one_is_said(
    short_demo: list[tuple[int, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = ClosedWithTheServer(EMBEDDED, "nobody asks")
    monkeypatch.setattr(app, "open_model", lambda settings: engine)
    addresses: list[str] = []
    listening = anyio.Event()

    def listen(address: str) -> None:
        addresses.append(address)
        listening.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(lambda: app.serve(Settings(), http=True, port=0, on_listening=listen))
        with anyio.fail_after(30):
            await listening.wait()
        async with Client(addresses[0]) as client:
            listed = await client.call_tool("list_videos", {})
            tools = [tool.name for tool in (await client.list_tools()).tools]
            instructions = client.instructions
        tasks.cancel_scope.cancel()
    (video,) = listed.structured_content["videos"]
    assert video["title"] == "simulated cholecystectomy"
    assert "medvid mcp --root DIR" in listed.structured_content["note"]
    assert instructions is not None
    assert "medvid mcp --root DIR" in instructions
    assert tools[-5:] == ["ask_procedure", "start_job", "job_status", "job_result", "cancel_job"]
    assert engine.closed


@pytest.mark.anyio
async def test_a_file_that_is_named_is_served_without_the_demo_clip(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "demo_clip", lambda: pytest.fail("the demo clip was rendered"))
    monkeypatch.setattr(app, "open_model", lambda settings: scripted_engine())
    library = app.open_library(Settings(), [clip])
    async with app.open_client(app.open_server(app.open_toolbox(Settings(), library))) as client:
        listed = await client.call_tool("list_videos", {})
    assert [video["title"] for video in listed.structured_content["videos"]] == ["operation"]
    assert listed.structured_content["note"] is None
    assert ACTION in [action["name"] for action in listed.structured_content["videos"][0]["actions"]]


@pytest.mark.anyio
async def test_a_question_is_planned_over_the_tools_and_answered_with_its_evidence(clip: Path) -> None:
    engine = scripted_engine()
    toolbox = app.open_toolbox(Settings(), app.open_library(Settings(), [clip]), engine)
    video_id = probe(clip).video_id
    heard: list[float] = []

    async def hear(done: float, total: float | None, message: str | None) -> None:
        heard.append(done)

    async with app.open_client(app.open_server(toolbox, ask=app.planner(toolbox))) as client:
        asked = {"video_ids": [video_id], "question": "When is the cystic duct clipped?"}
        result = await client.call_tool("ask_procedure", asked, progress_callback=hear)
    assert not result.is_error, result.content
    run = result.structured_content
    assert [step["tool"] for step in run["plan"]["steps"] if "tool" in step] == ["localize_action"] * 2, "the second looks again"
    # The scripted engine says 1.0-3.0 seconds.
    assert "1.0-3.0 s" in run["answer"]["text"]
    assert run["answer"]["statements"]
    assert [request.origin[0] for request in engine.requests if request.origin] == ["localize_action"] * 2
    assert heard[-1] == max(heard) > 0


@pytest.mark.anyio
async def test_the_planner_of_a_server_may_be_a_language_model_and_use_the_tools_of_another_server(clip: Path) -> None:
    toolbox = app.open_toolbox(Settings(), app.open_library(Settings(), [clip]), scripted_engine())
    plan = {"steps": [{"id": "s1", "tool": "scales__weigh", "args": {"of": "needle"}}]}
    with labels() as url, served(plan) as (address, requests):
        settings = Settings(planner_model="any", planner_endpoint=address, planner_api_key="none", mcp_servers=(f"scales={url}",))
        ask = app.planner(toolbox, plans=app.open_planner(settings), servers=settings.mcp_servers)
        async with app.open_client(app.open_server(toolbox, ask=ask)) as client:
            asked = {"video_ids": [probe(clip).video_id], "question": "What does the needle weigh?"}
            result = await client.call_tool("ask_procedure", asked)
    assert not result.is_error, result.content
    assert len(requests) == 1
    (said,) = result.structured_content["answer"]["statements"]
    assert "12.5" in said["text"] and "scales" in said["text"], "quoted as the other server's word"


@pytest.mark.anyio
async def test_the_planner_asks_under_the_callers_access(clip: Path) -> None:
    engine = scripted_engine()
    toolbox = app.open_toolbox(Settings(), app.open_library(Settings(), [clip]), engine)
    stranger = Access(caller="stranger", videos=frozenset())
    async with app.open_client(app.open_server(toolbox, access=stranger, ask=app.planner(toolbox))) as client:
        asked = {"video_ids": [probe(clip).video_id], "question": "When is the cystic duct clipped?"}
        result = await client.call_tool("ask_procedure", asked)
    assert result.is_error
    assert result.meta is not None
    assert result.meta["medvid/error"]["kind"] == "access"
    assert not engine.requests


@pytest.mark.anyio
async def test_a_question_that_its_client_gives_up_stops_the_engine(clip: Path) -> None:
    engine, started = talkative_engine()
    toolbox = app.open_toolbox(Settings(), app.open_library(Settings(), [clip]), engine)
    async with app.open_client(app.open_server(toolbox, ask=app.planner(toolbox))) as client:
        async with anyio.create_task_group() as calls:
            asked = {"video_ids": [probe(clip).video_id], "question": "Describe the video."}
            calls.start_soon(client.call_tool, "ask_procedure", asked)
            with anyio.fail_after(20):
                await started.wait()
            await anyio.sleep(0.2)
            calls.cancel_scope.cancel()
        await anyio.sleep(0.1)
        made = engine.tokens_made
        await anyio.sleep(0.3)
        assert 0 < engine.tokens_made == made


@pytest.mark.anyio
@pytest.mark.parametrize("error", [ConfigError("no such model; name another"), RuntimeError("a bug")])
async def test_an_error_beside_an_open_client_leaves_as_it_is(clip: Path, error: Exception) -> None:
    toolbox = app.open_toolbox(Settings(), app.open_library(Settings(), [clip]), scripted_engine())
    with pytest.raises(type(error)) as raised:
        async with app.open_client(app.open_server(toolbox)):
            raise error
    assert raised.value is error


def test_a_model_of_real_video_is_asked_in_the_settings_wording_and_the_embedded_one_in_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    write_forms("settings", [ReadForm(tool="assess_cvs", style=None, source="", records=1, parts=("Score it.",))])
    settings = Settings(wording="settings")
    assert app.open_model(settings).profile.wording == "plain"
    monkeypatch.setattr("medvid.engine.open.open_engine", lambda *args: ScriptedEngine(MEDVLM_1_0A_RL, ""))
    assert app.open_model(settings).profile.wording == "settings"
    assert app.open_model(Settings()).profile.wording == "plain"
    with pytest.raises(ConfigError, match="there is no wording 'other', but plain, "):
        app.open_model(Settings(wording="other"))
