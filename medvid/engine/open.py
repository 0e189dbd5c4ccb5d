"""Which engine runs which model: the one place that chooses."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from medvid.core.errors import ConfigError

if TYPE_CHECKING:
    from medvid.engine.local import LocalEngine


def open_engine(model: str | Path | None = None, engine: str = "local", device: str = "auto") -> LocalEngine:
    """model: a checkpoint directory or hub id; None is the embedded model. engine: `local`. device: `auto`, `cpu`, `cuda` or `mps`. Reads
    the configuration now and the weights at the first request. Raises ConfigError where the checkpoint cannot be used."""
    if engine != "local":
        raise ConfigError(f"there is no engine {engine!r}; use local")
    from medvid.engine.checkpoint import read_checkpoint
    from medvid.engine.local import LocalEngine

    return LocalEngine(read_checkpoint(model), device=device)
