"""Cohort: an analysis, which is a plan in a YAML file, run over many videos through an MCP client, and the folder of what came of them.

    provenance.json      what it was made with; another analysis is refused
    outcomes.jsonl       a line a finished video, see Finished; of several lines of one video the last counts
    begun/ID.sqlite      the checkpoints of a video that is begun, until its line is written

Source: docs/analyses.md.
"""

import json
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Any, Literal

import anyio

from medvid.agent.binding import bind
from medvid.agent.catalogue import Client, Listing
from medvid.agent.events import Event, OnEvent, tell_nobody
from medvid.agent.runs import ask, resume
from medvid.core import ConfigError, Failure, MedVidError, Plan, Run, Value
from medvid.core.plan_file import read_plan
from medvid.core.results_folder import ResultsFolder

CALLS_PER_VIDEO = 2000
SHIPPED = {file.stem: file for file in sorted((Path(__file__).parent / "analyses").glob("*.yaml"))}


class Analysis(Plan):
    """A plan for many videos. says: what it finds out, for people. report: what is made of its tables beside the summary."""

    says: str = ""
    report: Literal["groups", "trend", "checklist", "timeline", "minutes", "usage"] | None = None


def checkpoints_of(folder: Path, video_id: str) -> Path:
    return folder / "begun" / f"{video_id}.sqlite"


class Finished(Value):
    """What came of one video. failure: why there is no run, or the first that failed in it."""

    video_id: str
    run: Run | None = None
    failure: Failure | None = None
    elapsed_s: float = 0.0

    def to_json(self) -> dict[str, Any]:
        return {**self.model_dump(mode="json"), "run": self.run and self.run.to_json()}


def load_analysis(name: str) -> Analysis:
    """name: of one that comes along, or a file. Raises ConfigError where it is neither."""
    file = SHIPPED.get(name, Path(name))
    if not file.is_file():
        raise ConfigError(f"there is no analysis {name!r}; give a YAML file, or one of {', '.join(SHIPPED)}")
    return read_plan(file, Analysis)


class Folder(ResultsFolder):
    """What is finished, on the disk."""

    def __init__(self, path: Path, made_with: Mapping[str, Any], about: Mapping[str, Any], *, retry: bool = False) -> None:
        """retry: take what failed as not finished."""
        plan_hash = blake2b(json.dumps(made_with["analysis"], sort_keys=True).encode(), digest_size=16).hexdigest()
        super().__init__(path, "outcomes.jsonl", made_with, {"plan_hash": plan_hash, **about})
        (path / "begun").mkdir(exist_ok=True)
        self.finished = {one.video_id: one for one in map(Finished.model_validate_json, self.kept) if not (retry and one.failure)}

    def begun(self, video_id: str) -> Path:
        return checkpoints_of(self.path, video_id)

    def add(self, done: Finished) -> None:
        """On the disk when this returns; then the video's checkpoints go."""
        self.append(done.to_json())
        self.finished[done.video_id] = done
        for path in self.begun("").parent.glob(f"{done.video_id}.sqlite*"):
            path.unlink()


async def finish(
    plan: Analysis, given: Mapping[str, Any], video: Listing, client: Client, checkpoints: Path, on_event: OnEvent = tell_nobody
) -> Finished:
    """Runs one video, or goes on with it. Its failure is its own."""
    started_s, video_id = time.monotonic(), video["video_id"]
    try:
        bound = bind(plan, given, video)
        try:
            run = await resume(video_id, client, on_event=on_event, checkpoints=checkpoints)
        except ConfigError:  # it is not begun
            how = {"run_id": video_id, "plan": bound, "budget": CALLS_PER_VIDEO, "verify": False}
            run = await ask(plan.title, [video_id], client, on_event=on_event, checkpoints=checkpoints, **how)
        done = Finished(video_id=video_id, run=run, failure=next((failed[0] for failed in run.failures.values()), None))
    except MedVidError as error:
        failure = Failure(kind=error.kind, message=str(error), retryable=error.retryable)
        done = Finished(video_id=video_id, failure=failure)
    return done.model_copy(update={"elapsed_s": round(time.monotonic() - started_s, 3)})


async def finish_text(
    plan: Analysis, given: Mapping[str, Any], videos: Mapping[str, Listing], folder: Path, opened: tuple[Client, str], video_id: str
) -> str:
    """`finish` in an actor: a video's id -> JSON of its Finished. folder: of the results."""
    return json.dumps((await finish(plan, given, videos[video_id], opened[0], checkpoints_of(folder, video_id))).to_json())


async def run_cohort(
    plan: Analysis, given: Mapping[str, Any], videos: Sequence[Listing], client: Client, folder: Folder, *, jobs: int = 1,
    on_event: Callable[[str, Event], Coroutine[Any, Any, None]], on_done: Callable[[Finished], None],
) -> None:  # fmt: skip
    """Runs what of `videos` is not finished, `jobs` at once. A video's failure is written down and the others go on."""

    async def work() -> None:
        for video in waiting:  # shared: each worker takes the next
            done = await finish(plan, given, video, client, folder.begun(video["video_id"]), partial(on_event, video["video_id"]))
            folder.add(done)
            on_done(done)

    waiting = iter([video for video in videos if video["video_id"] not in folder.finished])
    async with anyio.create_task_group() as group:
        for _ in range(jobs):
            group.start_soon(work)
