"""Cohort: an analysis, which is a plan in a YAML file, run over many videos through an MCP client, and the folder of what came of them.

    provenance.json      what it was made with; another analysis is refused
    outcomes.jsonl       a line a finished video, see Finished; of several lines of one video the last counts
    begun/ID.sqlite      the checkpoints of a video that is begun, until its line is written

Source: docs/analyses.md.
"""

import json
import os
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from hashlib import blake2b
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import anyio
import yaml
from pydantic import ValidationError

from medvid.agent.binding import bind
from medvid.agent.catalogue import Client, Listing
from medvid.agent.events import Event
from medvid.agent.runs import ask, resume
from medvid.core import ConfigError, Failure, MedVidError, Plan, PlanError, Run, Value

CALLS_PER_VIDEO = 2000
SHIPPED = files("medvid.agent") / "analyses"


class Analysis(Plan):
    """A plan for many videos. says: what it finds out, for people. report: what is made of the tables beside the summary."""

    says: str = ""
    report: Literal["groups", "trend", "checklist", "timeline", "minutes", "usage"] | None = None


class Finished(Value):
    """What came of one video. failure: why there is no run, or what failed in it."""

    video_id: str
    run: Run | None
    failure: Failure | None
    elapsed_s: float


def analyses() -> dict[str, Analysis]:
    """Those that come along, by name."""
    return {file.name.removesuffix(".yaml"): load(file) for file in sorted(SHIPPED.iterdir(), key=lambda file: file.name)}


def load_analysis(name: str) -> Analysis:
    """name: of one that comes along, or a file. Raises ConfigError where it is neither, PlanError where it holds no plan."""
    shipped = SHIPPED / f"{name}.yaml"
    if not (Path(name).is_file() or (name.isidentifier() and shipped.is_file())):
        raise ConfigError(f"there is no file and no analysis {name!r}; the analyses are {', '.join(analyses())}")
    return load(Path(name) if Path(name).is_file() else shipped)


def load(file: Any) -> Analysis:
    try:
        return Analysis.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise PlanError(f"{file.name} is no YAML: {error}") from error
    except ValidationError as error:
        wrong = (f"{'.'.join(map(str, item['loc'])) or 'the file'}: {item['msg']}" for item in error.errors(include_url=False))
        raise PlanError(f"{file.name} holds no analysis:", tuple(wrong)) from error


def values_of(plan: Plan, texts: Sequence[str]) -> dict[str, Any]:
    """`NAME=VALUE` of a command line, each as its parameter's type has it."""
    values: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or name not in plan.parameters:
            raise ConfigError(f"{text!r} sets no parameter; write NAME=VALUE, with {', '.join(plan.parameters) or 'none'} for NAME")
        values[name] = value if plan.parameters[name].type == "string" else yaml.safe_load(value)
    return values


class Folder:
    """made_with: plain JSON that tells the results of one analysis from another's."""

    def __init__(self, path: Path, made_with: Mapping[str, Any], *, retry: bool = False) -> None:
        """retry: take what failed as not finished. Raises ConfigError where the folder holds something else."""
        self.path, self._lines, self._begun = path, path / "outcomes.jsonl", path / "begun"
        self._begun.mkdir(parents=True, exist_ok=True)
        self._made_with, told = made_with, path / "provenance.json"
        if told.is_file():
            old = json.loads(told.read_text(encoding="utf-8"))["made_with"]
            if changed := [name for name in made_with if old.get(name) != made_with[name]]:
                raise ConfigError(f"{path} holds results of another {' and '.join(changed)}; name another folder with --out")
        elif any(item != self._begun for item in path.iterdir()):
            raise ConfigError(f"{path} holds something else already; name a folder that is empty or does not exist yet")
        self.finished: dict[str, Finished] = {}
        whole = self._lines.read_bytes() if self._lines.is_file() else b""
        if torn := len(whole) - (whole.rfind(b"\n") + 1):  # the process was killed while it wrote
            os.truncate(self._lines, len(whole) - torn)
        for line in whole[: len(whole) - torn].splitlines():
            done = Finished.model_validate_json(line)
            self.finished[done.video_id] = done
        if retry:
            self.finished = {video_id: done for video_id, done in self.finished.items() if done.failure is None}

    def begun(self, video_id: str) -> Path:
        return self._begun / f"{video_id}.sqlite"

    def tell(self, provenance: Mapping[str, Any]) -> None:
        plan_hash = blake2b(json.dumps(self._made_with["analysis"], sort_keys=True).encode(), digest_size=16).hexdigest()
        part = self.path / ".provenance.json"
        part.write_text(json.dumps({"plan_hash": plan_hash, "made_with": self._made_with, **provenance}, indent=2) + "\n", encoding="utf-8")
        part.replace(self.path / "provenance.json")

    def append(self, done: Finished) -> None:
        """On the disk when this returns; then the video's checkpoints go."""
        with self._lines.open("a", encoding="utf-8") as file:
            file.write(json.dumps(done.model_dump(mode="json") | {"run": done.run and done.run.to_json()}) + "\n")
            file.flush()
            os.fsync(file.fileno())
        self.finished[done.video_id] = done
        for path in self._begun.glob(f"{done.video_id}.sqlite*"):
            path.unlink()


async def run_cohort(
    analysis: Analysis, given: Mapping[str, Any], videos: Sequence[Listing], client: Client, folder: Folder, *, jobs: int = 1,
    insist: bool = False, on_event: Callable[[str, Event], Awaitable[None]], on_done: Callable[[Finished], None],
) -> None:  # fmt: skip
    """Runs what of `videos` is not finished, `jobs` at once. A video's failure is its own; it is written down and the others go on."""
    async def of_one(plan: Plan, video_id: str) -> Run:
        async def tell(event: Event) -> None:
            await on_event(video_id, event)

        if insist:
            steps = [step.model_copy(update={"args": step.args | ({"insist": True} if step.tool else {})}) for step in plan.steps]
            plan = Plan(steps=tuple(steps), title=plan.title)
        asked = {"on_event": tell, "checkpoints": folder.begun(video_id)}
        try:
            return await resume(video_id, client, **asked)
        except ConfigError:  # it is not begun
            return await ask(analysis.title, [video_id], client, run_id=video_id, plan=plan, budget=CALLS_PER_VIDEO, **asked)

    waiting = iter([video for video in videos if video["video_id"] not in folder.finished])

    async def work() -> None:
        for video in waiting:  # shared: each worker takes the next
            started_s, video_id = time.monotonic(), video["video_id"]
            run: Run | None = None
            try:
                run = await of_one(bind(analysis, given, video), video_id)
                failure = next((failed[0] for failed in run.failures.values()), None)
            except MedVidError as error:
                failure = Failure(kind=error.kind, message=str(error), retryable=error.retryable)
            done = Finished(video_id=video_id, run=run, failure=failure, elapsed_s=round(time.monotonic() - started_s, 3))
            folder.append(done)
            on_done(done)

    async with anyio.create_task_group() as group:
        for _ in range(jobs):
            group.start_soon(work)
