"""medvid answers questions about medical procedure videos. Research use only. `medvid.open(path)` is for notebooks."""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """What is heavy is imported when it is first used."""
    homes = {"langchain_tools": "medvid.app", "open": "medvid.notebook"}
    if name in homes:
        return getattr(import_module(homes[name]), name)
    raise AttributeError(f"module 'medvid' has no attribute {name!r}")
