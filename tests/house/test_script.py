"""The command that an installation puts on the path."""

import tomllib
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_installed_command_leads_to_the_command_line() -> None:
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    module, name = scripts["medvid"].split(":")
    assert callable(getattr(import_module(module), name))
