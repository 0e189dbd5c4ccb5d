"""Frames as resources: `video://{video_id}/frame/{ms}` is the upright frame shown at that millisecond, as a JPEG under 100 kB.

A reader checks an answer by looking at its frames; one comes with the answer itself, its box drawn. Source: MCP specification, "Resources".
"""

import base64
import io
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote

import anyio.to_thread
from mcp.types import ContentBlock, ImageContent, Resource, ResourceLink, ResourceTemplate
from PIL import Image

from medvid.core import Access, MedVidError, Outcome
from medvid.mcp_server.calls import TOLD
from medvid.mcp_server.texts import evidence_moments, frame_uri
from medvid.report.saved import drawn
from medvid.video import Library

TEMPLATE = "video://{video_id}/frame/{ms}"
MIME_TYPE = "image/jpeg"
LARGEST_BYTES = 100_000
LONGEST_SIDE_PX = 1280
PAGE = 100  # Resources on one page of `resources/list`.
QUALITIES = (85, 70, 50)
FRAME = ResourceTemplate(name="frame", title="A frame of a video", uri_template=TEMPLATE, mime_type=MIME_TYPE, description=TOLD["frame"])
_URI = re.compile(r"video://([0-9a-f]{16})/frame/([0-9]{1,10})")


async def first_frames(library: Library, access: Access, start: int) -> tuple[list[Resource], int | None]:
    """One resource a video, so that a client with a picker shows what there is; and where the next page starts, if there is one."""
    listed = await anyio.to_thread.run_sync(library.listing, access)
    page = [
        Resource(
            name=f"{video.video_id}-first-frame", title=f"{video.title}, first frame", uri=frame_uri(video.video_id, 0.0),
            mime_type=MIME_TYPE, description=f"{video.duration_s:.1f} s; other frames: {TEMPLATE.replace('{video_id}', video.video_id)}",
        )
        for video in listed[start : start + PAGE]
    ]
    return page, start + PAGE if start + PAGE < len(listed) else None


def asked_for(uri: str) -> tuple[str, float] | None:
    """The video and the second that an address names; None where it is no frame's address."""
    found = _URI.fullmatch(unquote(uri))
    return (found[1], int(found[2]) / 1000) if found else None


async def evidence(library: Library, access: Access, outcome: Outcome[Any]) -> tuple[ContentBlock, ...]:
    """The first moment of a result as a picture, the others as links; nothing where a result has no time, or its frame cannot be read."""
    video_id, moments = outcome.evidence.video_id, evidence_moments(outcome.result)
    try:
        jpegs = [await read_frame(library, access, video_id, *moment) for moment in moments[:1]]
    except MedVidError:  # the answer stands without it
        return ()
    pictures = (ImageContent(type="image", data=base64.b64encode(jpeg).decode("ascii"), mime_type=MIME_TYPE) for jpeg in jpegs)
    links = (
        ResourceLink(type="resource_link", name=f"frame at {time_s:.1f} s", uri=frame_uri(video_id, time_s), mime_type=MIME_TYPE)
        for time_s, _ in moments[1:]
    )
    return (*pictures, *links)


async def read_frame(library: Library, access: Access, video_id: str, time_s: float, box_px: Sequence[float] | None = None) -> bytes:
    """JPEG bytes; box_px, in pixels of the upright frame, is drawn. Raises AccessError, and VideoError where the video ends before."""

    def read() -> bytes:
        picture = drawn(Image.fromarray(library.decode(library.info(video_id, access), [time_s]).rgb[0]), box_px)
        picture.thumbnail((LONGEST_SIDE_PX, LONGEST_SIDE_PX))
        return jpeg_within(picture, LARGEST_BYTES)

    return await anyio.to_thread.run_sync(read)


def jpeg_within(picture: Image.Image, largest_bytes: int) -> bytes:
    """The best of a few qualities that fits; a picture that fits at none is halved until it does."""
    while True:
        for quality in QUALITIES:
            packed = io.BytesIO()
            picture.save(packed, format="JPEG", quality=quality)
            if packed.tell() <= largest_bytes or max(picture.size) < 64:
                return packed.getvalue()
        picture = picture.reduce(2)
