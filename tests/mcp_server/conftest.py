"""Ten simulated seconds in which the cystic duct is clipped from second 3 on."""

from __future__ import annotations

from pathlib import Path

import pytest

from medvid.core.span import Span
from medvid.simulate import clip_of, make_procedure, write_video
from medvid.video import probe


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # Seed 5 clips the cystic duct at 33.0-38.5 s.
    truth = clip_of(make_procedure(5, "cholecystectomy"), Span.of(30.0, 40.0))
    return write_video(truth, tmp_path_factory.mktemp("videos") / "operation.mp4")


@pytest.fixture(scope="session")
def video_id(clip: Path) -> str:
    return probe(clip).video_id


@pytest.fixture(params=["legacy", "auto"])
def mode(request: pytest.FixtureRequest) -> str:
    """The two eras of the protocol: with a handshake, and without."""
    return str(request.param)
