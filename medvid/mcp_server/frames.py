"""Frames as resources: `video://{video_id}/frame/{ms}` is the upright frame shown at that millisecond, as a JPEG under 100 kB.

A reader checks an answer by looking at its frames. Source: MCP specification, "Resources".
"""

from __future__ import annotations

import io
import re
from urllib.parse import unquote

import anyio.to_thread
from mcp.types import Resource, ResourceTemplate
from PIL import Image

from medvid.core.access import Access
from medvid.mcp_server.texts import frame_uri
from medvid.video import Library

TEMPLATE = "video://{video_id}/frame/{ms}"
MIME_TYPE = "image/jpeg"
LARGEST_BYTES = 100_000
LONGEST_SIDE_PX = 1280
QUALITIES = (85, 70, 50)
_URI = re.compile(r"video://([0-9a-f]{16})/frame/([0-9]{1,10})")


def template() -> ResourceTemplate:
    return ResourceTemplate(
        name="frame",
        title="A frame of a video",
        uri_template=TEMPLATE,
        mime_type=MIME_TYPE,
        description=(
            "The upright frame shown at a time, as a JPEG of at most 100 kB. ms: milliseconds from the video's first frame; "
            "second 12.5 of a video is video://0123456789abcdef/frame/12500. Frames longer than 1280 px are scaled down."
        ),
    )


async def first_frames(library: Library, access: Access) -> list[Resource]:
    """One resource a video, so that a client with a picker shows what there is."""
    listed = await anyio.to_thread.run_sync(library.listing, access)
    return [
        Resource(
            name=f"{video.video_id}-first-frame",
            title=f"{video.title}, first frame",
            uri=frame_uri(video.video_id, 0.0),
            mime_type=MIME_TYPE,
            description=f"{video.duration_s:.1f} s; other frames: {TEMPLATE.replace('{video_id}', video.video_id)}",
        )
        for video in listed
    ]


def asked_for(uri: str) -> tuple[str, float] | None:
    """The video and the second that an address names; None where it is no frame's address."""
    found = _URI.fullmatch(unquote(uri))
    return (found[1], int(found[2]) / 1000) if found else None


async def read_frame(library: Library, access: Access, video_id: str, time_s: float) -> bytes:
    """JPEG bytes. Raises AccessError, and VideoError where the video ends before that time."""
    return await anyio.to_thread.run_sync(_read, library, access, video_id, time_s)


def _read(library: Library, access: Access, video_id: str, time_s: float) -> bytes:
    picture = Image.fromarray(library.decode(library.info(video_id, access), [time_s]).rgb[0])
    picture.thumbnail((LONGEST_SIDE_PX, LONGEST_SIDE_PX))
    return jpeg_within(picture, LARGEST_BYTES)


def jpeg_within(picture: Image.Image, largest_bytes: int) -> bytes:
    """The best of a few qualities that fits; a picture that fits at none is halved until it does."""
    while True:
        for quality in QUALITIES:
            packed = io.BytesIO()
            picture.save(packed, format="JPEG", quality=quality)
            if packed.tell() <= largest_bytes or max(picture.size) < 64:
                return packed.getvalue()
        picture = picture.reduce(2)
