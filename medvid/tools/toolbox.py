"""Toolbox: runs a tool on a video, from source time and source pixels to an Outcome in the same.

It decides what is in scope and which frames are shown, asks the engine, and says what came of it. Source: docs/formats.md, "Outcomes".
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import anyio

from medvid.core import Access, ConfigError, Feeding, MedVidError, Outcome, Progress, Span, VideoError, no_progress
from medvid.core.outcome import asked_as
from medvid.core.vocabulary import listed
from medvid.engine.base import Engine, Profile
from medvid.prompts import FORMS, wording
from medvid.tools.base import Args, Tool, read_args
from medvid.tools.feeding import fed_size, system_message
from medvid.tools.look import Inquiry, Seen, look_at
from medvid.tools.looks import Looks, Window, frame_budget, longest_asked, plan_looks
from medvid.tools.outcomes import NOT_DECLARED, Report
from medvid.tools.pace import Pace
from medvid.tools.published import check_known
from medvid.tools.registry import TOOLS
from medvid.tools.scope import Objection, named_as_listed, out_of_scope
from medvid.video import Library, VideoInfo

Given = Args | Mapping[str, Any]  # arguments as a caller read them, or as JSON, see the tool's `args_type`


class Toolbox:
    """engine: the model. library: the videos. max_in_flight: windows of one call that are asked about at once."""

    def __init__(self, engine: Engine, library: Library, *, feeding: Feeding = "faithful", max_in_flight: int = 4) -> None:
        """Raises ConfigError where nobody published how the model is fed, and `published` feeding is asked for."""
        if feeding == "published":
            check_known(engine.profile)
        self.feeding: Feeding = feeding
        self.engine = engine
        self.library = library
        self.max_in_flight = max_in_flight
        self.pace = Pace()

    @property
    def asked(self) -> str:
        """See `asked_as`."""
        return asked_as(self.engine.profile.name, self.feeding)

    async def run(self, name: str, args: Given, *, access: Access, progress: Progress = no_progress) -> Outcome[Any]:
        """Raises ConfigError, ArgumentsError, AccessError, VideoError and EngineError; what a model makes of the question is an Outcome."""
        started_s = time.monotonic()
        inquiry, notes, objection = await anyio.to_thread.run_sync(self._prepare, name, args, access)
        report = Report(inquiry, self.engine.profile, started_s, notes)
        if objection is not None and not inquiry.args.insist:
            return report.refused("out_of_scope", objection.reason)
        if objection is not None:
            report.notes.append(f"answered on insistence: {objection.fact}")
        looks = self._plan(inquiry)
        report.notes.extend(looks.notes)
        if looks.refusal is not None:
            return report.refused("not_assessable", looks.refusal)
        seen = await self._look(looks.windows, inquiry, progress)
        if asked := [look.look.frames for look in seen if look.raw is not None]:
            self.pace.note(name, len(asked), sum(asked) / self.engine.profile.frame_budget, time.monotonic() - started_s)
        return report.of(seen)

    async def expected_s(self, name: str, args: Given, access: Access) -> float | None:
        """How long `run` will take; None before anything was measured, or without a look. Raises what `run` raises before it looks."""
        inquiry, _, objection = await anyio.to_thread.run_sync(self._prepare, name, args, access)
        windows = self._plan(inquiry).windows if objection is None or inquiry.args.insist else ()
        return self.pace.expected_s(name, len(windows), sum(window.count for window in windows) / self.engine.profile.frame_budget)

    async def look(self, window: Window, inquiry: Inquiry) -> Seen:
        return await look_at(window, inquiry, self.engine)

    def _prepare(self, name: str, given: Given, access: Access) -> tuple[Inquiry, list[str], Objection | None]:
        if (tool := TOOLS.get(name)) is None:
            raise ConfigError(f"there is no tool {name!r}; the tools are {', '.join(TOOLS)}")
        args = given if isinstance(given, Args) else read_args(name, tool.args_type, given)
        info = self.library.info(args.video_id, access)
        case = self.library.case(args.video_id)
        span = _asked_span(args, info, self.engine.profile)
        access.check_span(span.duration_s)
        _check_drawn(tool, args, span, info)
        args, named = named_as_listed(args, case)
        notes = [*info.notes, *([] if case.procedure else [NOT_DECLARED]), *named]
        case, source = listed(case)
        if source is not None and FORMS[tool.name].lists:
            notes.append(f"no list of {FORMS[tool.name].lists} is declared; that of {source}'s class names was shown")
        remark = wording(self.engine.profile.wording).remark(tool.name, case, getattr(args, "style", None))
        notes += [remark] if remark else []
        return Inquiry(tool, args, case, info, span, self.library, self.feeding), notes, out_of_scope(tool, args, case, self.engine)

    def _plan(self, inquiry: Inquiry) -> Looks:
        """Room for question and answer is reckoned for the longest stretch asked about at once, so that it holds for every window."""
        profile, tool = self.engine.profile, inquiry.tool
        args = inquiry.args.model_copy(update={"span": longest_asked(tool, inquiry.args, inquiry.span)})
        question = f"{system_message(tool, profile)} {tool.question(args, inquiry.case, wording(profile.wording))}"
        budget = frame_budget(profile, fed_size(inquiry.info.size, profile, self.feeding), tool.max_tokens(args), question)
        return plan_looks(tool, inquiry.args, inquiry.span, inquiry.info.fps, budget, profile)

    async def _look(self, windows: Sequence[Window], inquiry: Inquiry, progress: Progress) -> list[Seen]:
        """All windows, some at a time; the first error ends them all."""
        seen: dict[int, Seen] = {}
        failed: list[MedVidError] = []
        slots = anyio.CapacityLimiter(self.max_in_flight)

        async def one(index: int, window: Window) -> None:
            try:
                async with slots:
                    seen[index] = await self.look(window, inquiry)
                await progress(len(seen), len(windows), f"{inquiry.tool.name}: looked at {seen[index].span}")
            except MedVidError as error:
                failed.append(error)
                group.cancel_scope.cancel()

        await progress(0, len(windows), f"{inquiry.tool.name}: looking at {inquiry.span}")
        async with anyio.create_task_group() as group:
            for index, window in enumerate(windows):
                group.start_soon(one, index, window)
        if failed:
            raise failed[0]
        return [seen[index] for index in range(len(windows))]


def _asked_span(args: Args, info: VideoInfo, profile: Profile) -> Span:
    """Within the video. An instant becomes one frame's length at the rate looked at, for something has to be shown."""
    span = info.span() if args.span is None else info.span(args.span.start_s, args.span.end_s)
    if span.duration_s > 0:
        return span
    return Span.of(span.start_s, min(info.duration_s, span.start_s + 1 / (args.fps or profile.default_fps)))


def _check_drawn(tool: Tool[Any, Any], args: Args, span: Span, info: VideoInfo) -> None:
    drawn = tool.drawn(args)
    if drawn is None:
        return
    if not span.start_s <= drawn.time_s <= span.end_s:
        raise VideoError(f"time {drawn.time_s:.1f} s lies outside the span {span}; give a time at which the box is seen within the span")
    if drawn.box_px.cut(*info.size) is None:
        width, height = info.size
        raise VideoError(f"box {list(drawn.box_px.root)} lies outside the frame of {width}x{height} px; give pixels of the video")
