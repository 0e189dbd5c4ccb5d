"""`list_videos`: which videos there are, what is declared of each, and the ids that every other tool takes."""

from __future__ import annotations

import anyio.to_thread
from pydantic import BaseModel, Field

from medvid.core.access import Access
from medvid.core.progress import Progress
from medvid.core.span import FROZEN
from medvid.mcp_server import schemas
from medvid.mcp_server.calls import Answered, Call
from medvid.video import Library, VideoListing

DESCRIPTION = """\
Lists the procedure videos that can be asked about. Call it first: every other tool takes a video_id from here, never a path or a title.
For each video: video_id (16 hexadecimal digits), title, duration_s and fps, size [width, height] in pixels, the declared procedure (null if
nobody declared one), the names of its actions or steps, and whether it is simulated. Do not use it to find when something happens; that is
localize_action. Takes no arguments. Example: {}."""


class ListVideosArgs(BaseModel):
    model_config = FROZEN


class Videos(BaseModel):
    model_config = FROZEN

    videos: tuple[VideoListing, ...]
    problems: tuple[str, ...] = Field(default=(), description="files that are not served, and why")
    note: str | None = Field(default=None, description="something to know about what is served")


def listing_call(library: Library, note: str | None) -> Call[ListVideosArgs]:
    async def run(args: ListVideosArgs, access: Access, progress: Progress) -> Answered:
        listed = await anyio.to_thread.run_sync(library.listing, access)
        # A caller who may see some videos only is not told of files that might be others'.
        problems = library.problems if access.videos is None else ()
        videos = Videos(videos=tuple(listed), problems=problems, note=note)
        return Answered(videos.model_dump(mode="json"), text_of(videos))

    return Call(
        name="list_videos",
        title="List videos",
        description=DESCRIPTION,
        args_type=ListVideosArgs,
        output_schema=schemas.output_schema(Videos),
        run=run,
    )


def text_of(videos: Videos) -> str:
    lines = [f"{len(videos.videos)} videos." if len(videos.videos) != 1 else "1 video."]
    for video in videos.videos:
        width, height = video.size
        simulated = ", simulated" if video.simulated else ""
        lines.append(
            f"{video.video_id}: {video.title}, {video.duration_s:.1f} s, {video.fps:g} fps, {width}x{height}{simulated}; "
            f"procedure: {video.procedure or 'not declared'}"
        )
        if video.actions:
            lines.append(f"  actions: {', '.join(action.name for action in video.actions)}")
    lines += [f"Not served: {problem}" for problem in videos.problems]
    if videos.note:
        lines.append(videos.note)
    return "\n".join(lines)
