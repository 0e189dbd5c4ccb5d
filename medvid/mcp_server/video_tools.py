"""The video tools as MCP calls: `list_videos`, which gives the ids that all others take, and every tool of the registry."""

import itertools
from typing import Any

import anyio.to_thread
from pydantic import Field

from medvid.core import Access, Progress, Value
from medvid.core.outcome import outcome_type
from medvid.engine.base import Profile
from medvid.mcp_server.calls import TOLD, Answered, Call, output_schema
from medvid.mcp_server.frames import evidence
from medvid.mcp_server.texts import outcome_text
from medvid.tools.base import Args, Tool
from medvid.tools.toolbox import Toolbox
from medvid.video import Library, VideoListing

LARGEST_PAGE = 20_000  # Characters of JSON on one page, or one video: a result should stay below 10,000 tokens.
MOST_PROBLEMS = 20


class ListVideosArgs(Value):
    offset: int = Field(default=0, ge=0, description="videos to pass over")
    limit: int = Field(default=50, ge=1, le=200, description="most videos to list")


class Videos(Value):
    videos: tuple[VideoListing, ...]
    total: int
    next_offset: int | None = Field(default=None, description="where the next page starts, if there is one")
    problems: tuple[str, ...] = Field(default=(), description="files that are not served, and why")
    note: str | None = Field(default=None, description="something to know about what is served")


def listing_call(library: Library, note: str | None) -> Call[ListVideosArgs]:
    async def run(args: ListVideosArgs, access: Access, progress: Progress) -> Answered:
        listed = await anyio.to_thread.run_sync(library.listing, access)
        page = listed[args.offset : args.offset + args.limit]
        sizes = itertools.accumulate(len(video.model_dump_json()) for video in page)
        page = page[: max(1, sum(size <= LARGEST_PAGE for size in sizes))]
        following = args.offset + len(page) if args.offset + len(page) < len(listed) else None
        # A caller who may see some videos only is not told of files that might be others'.
        problems = library.problems if access.videos is None and args.offset == 0 else ()
        if len(problems) > MOST_PROBLEMS:
            problems = (*problems[:MOST_PROBLEMS], f"{len(problems) - MOST_PROBLEMS} files more")
        videos = Videos(videos=tuple(page), total=len(listed), next_offset=following, problems=problems, note=note)
        return Answered(videos.model_dump(mode="json"), text_of(videos))

    return Call("list_videos", "List videos", TOLD["list_videos"], ListVideosArgs, output_schema(Videos), run)


def text_of(videos: Videos) -> str:
    lines = [f"{videos.total} videos." if videos.total != 1 else "1 video."]
    for video in videos.videos:
        width, height = video.size
        simulated = ", simulated" if video.simulated else ""
        lines.append(
            f"{video.video_id}: {video.title}, {video.duration_s:.1f} s, {video.fps:g} fps, {width}x{height}{simulated}; "
            f"procedure: {video.procedure or 'not declared'}"
        )
        if video.actions:
            whose = f"class names of {video.class_names_of}" if video.class_names_of else "actions"
            lines.append(f"  {whose}: {', '.join(action.name for action in video.actions)}")
    if videos.next_offset is not None:
        lines.append(f"{len(videos.videos)} are listed here; list_videos with offset {videos.next_offset} lists the next.")
    lines += [f"Not served: {problem}" for problem in videos.problems]
    if videos.note:
        lines.append(videos.note)
    return "\n".join(lines)


def video_call(tool: Tool[Any, Any], toolbox: Toolbox, pictures: bool = True) -> Call[Args]:
    async def run(args: Args, access: Access, progress: Progress) -> Answered:
        outcome = await toolbox.run(tool.name, args, access=access, progress=progress)
        seen = await evidence(toolbox.library, access, outcome) if pictures else ()
        pictured = "\nThe first of them is the picture beside this text." if seen else ""
        return Answered(outcome.model_dump(mode="json"), outcome_text(tool.name, outcome) + pictured, seen)

    async def expected_s(args: Args, access: Access) -> float | None:
        return await toolbox.expected_s(tool.name, args, access)

    title, description = tool.name.replace("_", " ").capitalize(), f"{tool.description}\n\n{reliability_line(tool, toolbox.engine.profile)}"
    return Call(tool.name, title, description, tool.args_type, output_schema(outcome_type(tool.result_type)), run, expected_s)


def reliability_line(tool: Tool[Any, Any], profile: Profile) -> str:
    """What is known of the model's skill at this tool, so that a planner can weigh an answer before asking for it; in one line."""
    cards = [profile.cards[qa_type] for qa_type in tool.qa_types if qa_type in profile.cards]
    if not cards:
        return f"Reliability of {profile.name}: not measured."
    told = [f"{card.qa_type} {card.text}" for card in cards] if len({card.text for card in cards}) > 1 else [cards[0].text]
    return f"Reliability of {profile.name}: {'; '.join(told)}."
