"""medvid answers questions about medical procedure videos. Research use only. `medvid.open(path)` is for notebooks."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from medvid.notebook import open as open

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """What is heavy is imported when it is first used."""
    if name == "open":
        return import_module("medvid.notebook").open
    raise AttributeError(f"module 'medvid' has no attribute {name!r}")
