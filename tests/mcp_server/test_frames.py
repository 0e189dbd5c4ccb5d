"""Frames as resources."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from mcp import Client, MCPError
from mcp.types import INVALID_PARAMS, BlobResourceContents
from PIL import Image

from medvid.core.access import Access
from medvid.mcp_server.frames import QUALITIES, asked_for, jpeg_within
from medvid.video import decode, probe
from tests.mcp_server.scripted import scripted_engine, scripted_server


@pytest.mark.anyio
@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_a_frame_is_the_picture_shown_at_that_millisecond(clip: Path, video_id: str, mode: str) -> None:
    async with Client(scripted_server(clip, scripted_engine()), mode=mode) as client:
        (frame,) = (await client.read_resource(f"video://{video_id}/frame/4500")).contents
    assert isinstance(frame, BlobResourceContents)
    assert frame.mime_type == "image/jpeg"
    seen = np.asarray(Image.open(io.BytesIO(base64.b64decode(frame.blob))), dtype=float)
    info = probe(clip)
    right, wrong = (decode(info, [time_s]).rgb[0].astype(float) for time_s in (4.5, 9.5))
    assert seen.shape == (240, 320, 3)
    # JPEG changes a pixel by a few of 255; the camera and the instrument have moved between 4.5 and 9.5 s.
    assert np.abs(seen - right).mean() < 4
    assert np.abs(seen - wrong).mean() > 2 * np.abs(seen - right).mean()


@pytest.mark.anyio
async def test_each_video_is_listed_by_its_first_frame(clip: Path, video_id: str) -> None:
    async with Client(scripted_server(clip, scripted_engine())) as client:
        (resource,) = (await client.list_resources()).resources
        (template,) = (await client.list_resource_templates()).resource_templates
        assert (await client.read_resource(str(resource.uri))).contents
    assert resource.uri == f"video://{video_id}/frame/0"
    assert resource.title == "operation, first frame"
    assert template.uri_template == "video://{video_id}/frame/{ms}"
    assert str(clip.parent) not in resource.model_dump_json()


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("video://{video_id}/frame/60000", r"60\.000 s lies past the end"),
        ("video://0123456789abcdef/frame/0", "no video '0123456789abcdef'"),
        ("video://{video_id}/frame/-5", "frames are at video://"),
        ("file:///etc/passwd", "frames are at video://"),
    ],
)
async def test_what_is_no_frame_is_refused(clip: Path, video_id: str, uri: str, said: str) -> None:
    async with Client(scripted_server(clip, scripted_engine())) as client:
        with pytest.raises(MCPError, match=said) as raised:
            await client.read_resource(uri.replace("{video_id}", video_id))
    assert raised.value.error.code == INVALID_PARAMS


@pytest.mark.anyio
async def test_a_caller_who_may_not_see_the_video_gets_no_frame(clip: Path, video_id: str) -> None:
    async with Client(scripted_server(clip, scripted_engine(), access=Access(videos=frozenset()))) as client:
        assert (await client.list_resources()).resources == []
        with pytest.raises(MCPError, match="no video"):
            await client.read_resource(f"video://{video_id}/frame/0")


def test_an_address_names_a_video_and_a_second() -> None:
    assert asked_for("video://0123456789abcdef/frame/12500") == ("0123456789abcdef", 12.5)
    assert asked_for("video://0123456789ABCDEF/frame/12500") is None
    assert asked_for("video://0123456789abcdef/frame/12500/../0") is None


def test_a_picture_that_packs_badly_is_made_smaller_until_it_fits() -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (960, 1280, 3), dtype=np.uint8))
    whole = io.BytesIO()
    noise.save(whole, format="JPEG", quality=min(QUALITIES))
    assert whole.tell() > 100_000
    packed = jpeg_within(noise, 100_000)
    assert 10_000 < len(packed) <= 100_000
    # Halved once, 1280x960 is 640x480; the mean of four noisy pixels is smoother, so that fits.
    assert Image.open(io.BytesIO(packed)).size == (640, 480)
