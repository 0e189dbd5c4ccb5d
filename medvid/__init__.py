"""medvid answers questions about medical procedure videos. Research use only."""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """`medvid.langchain_tools`, imported when it is first used."""
    if name == "langchain_tools":
        return import_module("medvid.app").langchain_tools
    raise AttributeError(f"module 'medvid' has no attribute {name!r}")
