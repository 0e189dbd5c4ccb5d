"""A run of the whole pipeline in small: eight clips, seconds of training. It learns nothing; that every stage works is the point."""

from pathlib import Path

import pytest
import torch

from medvid.train.footage import Footage, render_footage
from medvid.train.lessons import write_lessons
from medvid.train.sft import SftConfig, starting_model


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder that holds footage and lessons."""
    out = tmp_path_factory.mktemp("run")
    footage = render_footage(out / "footage", 8, workers=1)
    write_lessons(out / "lessons", footage.takes, workers=1)
    return out


@pytest.fixture(scope="session")
def footage(small: Path) -> Footage:
    return Footage(small / "footage")


@pytest.fixture
def fresh(small: Path) -> torch.nn.Module:
    return starting_model(SftConfig(out=small))
