"""Files that the command line is tried on."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from medvid.core.span import Span
from medvid.simulate import Truth, clip_of, make_procedure, write_video

ACTION = "clip the cystic duct"


@pytest.fixture(scope="session")
def operation(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Truth]:
    """A simulated operation of at most 30 s, in which the cystic duct is clipped after some dissection."""
    whole = make_procedure(1_000_000, "cholecystectomy")
    last = max(event.span.end_s for event in whole.events if event.action == ACTION)
    truth = clip_of(whole, Span.of(max(0.0, round(last - 25)), round(last + 5)))
    return write_video(truth, tmp_path_factory.mktemp("operation") / "operation.mp4"), truth


@pytest.fixture(scope="session")
def real_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four seconds that nobody declared anything of: bright noise, 96 x 64 at 10 fps."""
    path = tmp_path_factory.mktemp("real") / "operation room.mp4"
    rng = np.random.default_rng(0)
    with av.open(path, "w") as file:
        stream = file.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        for _ in range(40):
            file.mux(stream.encode(av.VideoFrame.from_ndarray(rng.integers(60, 255, (64, 96, 3), dtype=np.uint8), format="rgb24")))
        file.mux(stream.encode(None))
    return path
