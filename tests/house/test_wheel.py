"""What an installation puts on a user's path: one name, with everything it needs inside."""

from __future__ import annotations

import pkgutil
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from medvid.cli.root import main

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The files in the wheel. It is built from a copy, because setuptools leaves a `build` folder behind."""
    source = tmp_path_factory.mktemp("source")
    shutil.copytree(ROOT / "medvid", source / "medvid", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "tests", source / "tests", ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
        "-w",
        str(source / "out"),
        str(source),
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (wheel,) = (source / "out").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_only_top_level_name_is_medvid(names: set[str]) -> None:
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"medvid"}


def test_every_file_of_the_package_is_inside(names: set[str]) -> None:
    files = {
        path.relative_to(ROOT).as_posix() for path in (ROOT / "medvid").rglob("*") if path.is_file() and "__pycache__" not in path.parts
    }
    assert "medvid/py.typed" in files
    assert files - names == set()


def test_the_embedded_model_is_inside_and_small(names: set[str]) -> None:
    weights = [name for name in names if name.startswith("medvid/engine/embedded/") and name.endswith(".safetensors")]
    assert weights
    assert sum((ROOT / name).stat().st_size for name in weights) <= 16e6


def test_the_installed_program_is_the_one_that_is_tested() -> None:
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]
    assert set(scripts) == {"medvid"}
    assert pkgutil.resolve_name(scripts["medvid"]) is main


def test_the_license_is_inside(names: set[str]) -> None:
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)
