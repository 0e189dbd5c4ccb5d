"""The one place that puts library, engine, toolbox, server and agent together.

Each part is imported where it is opened, so that a command loads only what it uses: listing videos needs neither torch nor a server.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, closing, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anyio import to_thread

from medvid.core import Access, Progress, Run
from medvid.core import settings as places
from medvid.core.settings import Settings

if TYPE_CHECKING:
    from langchain_core.tools import StructuredTool
    from mcp.server import Server

    from medvid.agent.catalogue import Client
    from medvid.agent.events import Event, OnEvent
    from medvid.agent.planning import Planner
    from medvid.engine.base import Engine
    from medvid.mcp_server.asking import Ask, AskArgs
    from medvid.mcp_server.jobs import Jobs
    from medvid.mcp_server.limits import Gate
    from medvid.mcp_server.server import Handlers
    from medvid.mcp_server.transports import Doors
    from medvid.tools.toolbox import Toolbox
    from medvid.video import Library
    from medvid.video.worker import Readers

DEMO_NOTE = (
    "No folder of videos is named, so the demo clip is served, a simulated cholecystectomy. "
    "To serve your own videos start the server as `medvid mcp --root DIR`, or set MEDVID_ROOTS."
)


def access_of(settings: Settings) -> Access:
    """What a caller on this machine may do."""
    return Access(max_span_s=settings.max_span_s)


def open_library(
    settings: Settings, files: Sequence[Path] = (), readers: Readers | None = None, procedures: Mapping[str, str] | None = None
) -> Library:
    """The videos under the settings' roots, and these files. readers: processes that open them, in place of this one."""
    from medvid.video import Library

    return Library(settings.roots, files, readers=readers, procedures=procedures)


def demo_clip(progress: Callable[[int, int], None] | None = None) -> Path:
    """The demo's simulated operation, rendered into the cache on first use. `progress` hears frames done and in all."""
    from medvid.simulate import make_procedure, write_video
    from medvid.simulate.demo import DEMO_SEED
    from medvid.simulate.file import VERSION

    folder = places.cache_dir() / "demo" / f"{DEMO_SEED}-{VERSION}"
    clip = folder / "simulated cholecystectomy.mp4"
    if not clip.exists():
        folder.mkdir(parents=True, exist_ok=True)
        write_video(make_procedure(DEMO_SEED, "cholecystectomy"), clip, progress=progress)
    return clip


def open_model(settings: Settings) -> Engine:
    """The engine that runs the settings' model, asked in the settings' wording. Raises ConfigError where one of them is not to be had."""
    from medvid.engine.open import open_engine
    from medvid.prompts import wording

    engine = open_engine(settings.model, settings.engine, settings.device, settings)
    if settings.wording is not None and engine.profile.domain != "simulated":
        engine.profile = replace(engine.profile, wording=settings.wording)
    wording(engine.profile.wording)  # refused now, and not at the first question
    return engine


def gpus_of(settings: Settings) -> int:
    """How many one engine takes, where there are any."""
    return 0 if settings.engine == "remote" or settings.device == "cpu" else settings.tensor_parallel * settings.data_parallel


def open_toolbox(settings: Settings, library: Library, engine: Engine | None = None) -> Toolbox:
    """engine: one that is open already, instead of the settings' own."""
    from medvid.tools.toolbox import Toolbox

    windows = 4 if settings.engine == "local" else settings.max_in_flight  # a local model answers one question at a time
    return Toolbox(engine or open_model(settings), library, feeding=settings.feeding, max_in_flight=windows)


def open_server(
    toolbox: Toolbox, *, access: Access | None = None, ask: Ask | None = None, note: str | None = None, pictures: bool = True,
    gate: Gate | None = None, jobs: Jobs | None = None, extend: Callable[[Handlers], Handlers] | None = None,
) -> Server[Any]:  # fmt: skip
    """The tools alone, which is what a plan may call; for a client with `ask=planner(toolbox)` also `ask_procedure`, and jobs. access: of a
    caller who needs no token. pictures: whether answers bring a frame along. extend: what tests add."""
    from medvid.mcp_server.server import make_server

    return make_server(toolbox, access or Access(), ask=ask, note=note, pictures=pictures, gate=gate, jobs=jobs, extend=extend)


def open_planner(settings: Settings) -> Planner:
    """Who plans: the settings' language model, or the rules where none is named."""
    from medvid.agent.model_planner import ModelPlanner, open_chat
    from medvid.agent.planner import offline

    if settings.planner_model is None:
        return offline
    model = open_chat(settings.planner_model, settings.planner_endpoint, settings.planner_api_key)
    return ModelPlanner(model, settings.planner_model, settings.planner_fallback, settings.planner_answers)


def planner(toolbox: Toolbox, *, plans: Planner | None = None, servers: Sequence[str] = (), keep_s: float = 7 * 86400.0) -> Ask:
    """Answers `ask_procedure` with the agent. Its calls go to a server of their own: the tools alone, under the caller's access; and to
    other `servers`, as the settings have them. plans: the rules where None. keep_s: of the turns of a thread. A question of no thread
    leaves nothing, for a client cannot resume a run."""

    async def ask(args: AskArgs, *, access: Access, progress: Progress) -> Run:
        from medvid.agent import runs, threads
        from medvid.agent.clients import with_servers
        from medvid.agent.planner import offline

        memory, file = None, Path(":memory:")
        if args.thread is not None:
            await to_thread.run_sync(threads.expire, keep_s)
            memory, file = (await threads.memory_of(args.thread, access.caller))[0].seen_by(access.may_see), places.runs_file()
        async with open_client(open_server(toolbox, access=access, pictures=False)) as own:
            return await runs.ask(
                args.question, args.video_ids, await with_servers(own, servers), planner=plans or offline, memory=memory,
                model=toolbox.asked, caller=access.caller, on_event=_told_to(progress), checkpoints=file,
            )  # fmt: skip

    return ask


def _told_to(progress: Progress) -> OnEvent:
    """A run's events as steps done, with the part of the step that tells how far it is."""
    done, steps = 0.0, 1.0

    async def tell(event: Event) -> None:
        nonlocal done, steps
        if event.steps_done is not None and event.steps:
            done, steps = event.steps_done, event.steps
        part = event.done / event.total if event.done is not None and event.total else 0.0
        await progress(min(done + part, steps), steps, event.message)

    return tell


@asynccontextmanager
async def open_client(server: Server[Any]) -> AsyncIterator[Client]:
    """A client of a server in this process. What the body raises leaves as it is: sent through the client's own exit it would come out
    wrapped in the exception groups of its task groups, and no catcher of a MedVidError would know it."""
    from mcp import Client

    client = Client(server)
    await client.__aenter__()
    try:
        yield client
    finally:
        await client.__aexit__(None, None, None)


@asynccontextmanager
async def open_tools(settings: Settings, library: Library) -> AsyncIterator[tuple[Client, str]]:
    """A client of the tools, in this process, and of the settings' other servers; and the model's name. The weights are read when the first
    step needs them."""
    from medvid.agent.clients import with_servers

    toolbox = open_toolbox(settings, library)
    try:
        server = open_server(toolbox, access=access_of(settings), pictures=False)
        async with open_client(server) as own:
            yield await with_servers(own, settings.mcp_servers), toolbox.asked
    finally:
        await toolbox.engine.aclose()


@asynccontextmanager
async def langchain_tools(*files: str | Path, **flags: Any) -> AsyncIterator[list[StructuredTool]]:
    """The tools as LangChain tools, for an agent of your own, over these files and the settings' roots. flags: of `core.settings`."""
    from medvid.agent.langchain_tools import langchain_tools

    settings = places.load(**flags)
    async with open_tools(settings, open_library(settings, [Path(file) for file in files])) as (client, _):
        yield await langchain_tools(client)


@asynccontextmanager
async def studio() -> AsyncIterator[Any]:
    """The graph for `langgraph dev` (langgraph.json), over the settings' videos or the demo clip."""
    from medvid.agent.catalogue import list_tools
    from medvid.agent.graph import Context, build_graph

    settings = places.load()
    async with open_tools(settings, open_library(settings, () if settings.roots else [demo_clip()])) as (client, _):
        yield build_graph(Context(client, await list_tools(client), open_planner(settings))).compile()


def http_doors(settings: Settings, token: str | None) -> Doors:
    """token: a single one beside the callers' own."""
    from medvid.mcp_server.tokens import Tokens
    from medvid.mcp_server.transports import Doors

    tokens = Tokens(access_of(settings), settings.callers, token) if settings.callers or token is not None else None
    return Doors(tokens, settings.allow_hosts, settings.allow_origins)


async def serve(
    settings: Settings, files: Sequence[Path] = (), *, http: bool = False, host: str = "127.0.0.1", port: int = 8000,
    token: str | None = None, on_listening: Callable[[str], None] | None = None,
) -> None:  # fmt: skip
    """Serves until the client leaves or the program is interrupted: over standard input and output, or HTTP, whose address `on_listening`
    hears. Without a root or a file, the demo clip."""
    from medvid.mcp_server import transports
    from medvid.mcp_server.jobs import Jobs
    from medvid.mcp_server.limits import Gate
    from medvid.video.worker import Readers

    doors = http_doors(settings, token) if http else transports.Doors()
    reading = closing(Readers(limit_s=settings.decode_limit_s, memory_gib=settings.decode_memory_gib))
    with transports.listen(host, port, doors) if http else nullcontext() as listener, reading as readers:
        note = None
        if not settings.roots and not files:
            files, note = [demo_clip()], DEMO_NOTE
        toolbox = open_toolbox(settings, open_library(settings, files, readers))
        home = repr((settings.model, sorted(str(path.resolve()) for path in (*settings.roots, *files))))
        keep_s = settings.keep_jobs_days * 86400.0
        ask = partial(planner, plans=open_planner(settings), servers=settings.mcp_servers, keep_s=keep_s)
        jobs = Jobs(toolbox, places.data_dir() / "jobs.sqlite", ask=ask, home=home, most=settings.max_jobs, keep_s=keep_s)
        gate = Gate(settings.max_calls, settings.max_waiting, settings.call_deadline_s, jobs=True)
        server = open_server(toolbox, access=access_of(settings), ask=ask(toolbox), note=note, gate=gate, jobs=jobs)
        try:
            async with jobs.running():
                if listener is None:
                    await transports.serve_stdio(server)
                else:
                    if settings.engine != "local":  # minutes for a large one: whoever is told the address finds it ready
                        await toolbox.engine.warm()
                    if on_listening is not None:
                        on_listening(transports.address(listener))
                    await transports.web_server(server, listener, doors).serve([listener])
        finally:
            await toolbox.engine.aclose()
