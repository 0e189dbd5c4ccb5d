"""Notebook: a video as a value in Python. Ask it, run plans and analyses on it, look at what came of it, take it to pandas.

`ask` and `run` also work where an event loop runs already, as in Jupyter; `aask` and `arun` are for whoever awaits. The model stays loaded
until `close`, or to the program's end.
"""

import atexit
import io
from asyncio import wrap_future
from base64 import b64encode
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

from anyio.from_thread import start_blocking_portal
from PIL import Image

from medvid.agent import runs
from medvid.agent.binding import bind
from medvid.agent.catalogue import list_videos
from medvid.agent.cohort import CALLS_PER_VIDEO, load_analysis
from medvid.app import open_library, open_planner, open_tools
from medvid.core import Access, Plan, Run
from medvid.core.settings import Settings, load
from medvid.report.cohort import chart
from medvid.report.saved import drawn, moments_of
from medvid.report.tidy import finding_rows, frame_of
from medvid.video import Library

MOST_FRAMES = 8
SHOWN = ["step", "does", "of", "status", "start_s", "end_s", "name", "value", "text", "reason"]


def open(path: str | Path, **options: Any) -> "Video":
    """options: of medvid.core.settings.Settings, such as model, engine, device. Raises VideoError where the file cannot be read."""
    return Video(Path(path), load(**options, roots=()))


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a question or a plan. run: all of it, as `medvid ask --json` prints it."""

    run: Run
    library: Library

    def __repr__(self) -> str:
        needs = self.run.answer.needs
        return f"{needs.question} {' | '.join(needs.choices)}" if needs else self.run.answer.text

    def to_pandas(self) -> Any:
        """A row a finding: docs/analyses.md, "The tables"."""
        return frame_of(list(finding_rows(self.run)))

    def _repr_html_(self) -> str:
        table = self.to_pandas()
        said = "".join(f"<p>{escape(line)}</p>" for line in repr(self).splitlines())
        pictures = [_img("png", chart("steps", table, self.run.question))] if "end_s" in table else []
        told = table.reindex(columns=SHOWN).dropna(axis="columns", how="all").to_html(index=False, na_rep="", float_format="{:.1f}".format)
        return f"<div>{said}{''.join([*pictures, told, *self._frames()])}</div>"

    def _frames(self) -> Iterator[str]:
        """Evidence frames, the boxes drawn."""
        ours = (outcome for outcomes in self.run.outcomes.values() for outcome in outcomes if "evidence" in outcome)
        seen: list[Any] = [(outcome["evidence"], *moment) for outcome in ours for moment in moments_of(outcome.get("result"))]
        for evidence, time_s, box in seen[:: max(1, -(-len(seen) // MOST_FRAMES))]:
            frames = self.library.decode(self.library.info(evidence["video_id"], Access()), [time_s])
            picture, file = drawn(Image.fromarray(frames.rgb[0]), box), io.BytesIO()
            picture.thumbnail((320, 320))
            picture.save(file, "JPEG")
            yield _img("jpeg", file.getvalue(), f"{time_s:.1f} s")


class Video:
    """One video, with the model that is asked about it. Opened by `medvid.open`."""

    def __init__(self, path: Path, given: Settings) -> None:
        self._library, self._planner, self._stack = open_library(given, [path]), open_planner(given), ExitStack()
        (self.listing,) = self._library.listing(Access())
        portal = self._stack.enter_context(start_blocking_portal())  # one event loop, in a thread of its own, for every call
        self._start: Callable[[Callable[[], Awaitable[Result]]], Future[Result]] = portal.start_task_soon
        atexit.register(self._leave)
        self._client, _ = self._stack.enter_context(portal.wrap_async_context_manager(open_tools(given, self._library)))

    def ask(self, question: str, *, insist: bool = False) -> Result:
        """What `medvid ask` does; nothing of it is kept on the disk."""
        return _wait(self._start(partial(self._ask, question, insist=insist)))

    async def aask(self, question: str, *, insist: bool = False) -> Result:
        return await wrap_future(self._start(partial(self._ask, question, insist=insist)))

    def run(self, plan: Plan | str | Path, **given: Any) -> Result:
        """plan: a value, a YAML file, or the name of an analysis (`medvid run --list`). given: its parameters. Raises PlanError, and
        ConfigError where there is no such plan."""
        return _wait(self._start(partial(self._run, plan, given)))

    async def arun(self, plan: Plan | str | Path, **given: Any) -> Result:
        return await wrap_future(self._start(partial(self._run, plan, given)))

    def close(self) -> None:
        self._stack.close()

    def _leave(self) -> None:
        """At the program's end an engine can start no thread to wait in, and need not."""
        with suppress(RuntimeError):
            self.close()

    async def _ask(self, question: str, **how: Any) -> Result:
        kept = Path(":memory:")
        run = await runs.ask(question, [self.listing.video_id], self._client, planner=self._planner, checkpoints=kept, **how)
        return Result(run, self._library)

    async def _run(self, plan: Plan | str | Path, given: dict[str, Any]) -> Result:
        plan = plan if isinstance(plan, Plan) else load_analysis(str(plan))
        (listing,) = await list_videos(self._client, [self.listing.video_id])
        return await self._ask(plan.title, plan=bind(plan, given, listing), budget=CALLS_PER_VIDEO, verify=False)


def _wait(future: Future[Result]) -> Result:
    try:
        return future.result()
    finally:
        future.cancel()  # Ctrl-C stops the run; of one that is done nothing is left to stop


def _img(kind: str, picture: bytes, title: str = "") -> str:
    return f'<img src="data:image/{kind};base64,{b64encode(picture).decode()}" title="{title}" style="display: inline; margin: 3px">'
