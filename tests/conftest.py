"""What every test shares: asyncio under anyio, no network, and settings, data and cache in a folder of the test run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ.setdefault("OMP_NUM_THREADS", "2")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session", autouse=True)
def own_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Points every folder that medvid writes to, and its configuration, at a new one; clears MEDVID_ settings of the developer."""
    base = tmp_path_factory.mktemp("home")
    patch = pytest.MonkeyPatch()
    for name in [name for name in os.environ if name.startswith("MEDVID_")]:
        patch.delenv(name)
    for name in ("DATA", "CACHE", "CONFIG", "STATE"):
        patch.setenv(f"XDG_{name}_HOME", str(base / name.lower()))
    yield base
    patch.undo()
