"""A folder in which a long command keeps each result as it comes, so that after a kill the same command goes on where it was.

    provenance.json   what the results are made with; a folder of results made otherwise is refused
    NAME.jsonl        a line a result, on the disk when `append` returns; a last line that a kill cut off is dropped
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from medvid.core.errors import ConfigError

PROVENANCE, PART = "provenance.json", "provenance.part"


class ResultsFolder:
    """`kept`: the lines that an earlier start wrote, whole, in their order."""

    def __init__(self, path: Path, name: str, made_with: Mapping[str, Any], about: Mapping[str, Any]) -> None:
        """name: of the file of lines. made_with: JSON that may not change from one start to the next; about: JSON that may. Raises
        ConfigError where the folder holds something else, and names what differs."""
        told = path / PROVENANCE
        if not told.is_file() and path.exists() and (not path.is_dir() or any(file.name != PART for file in path.iterdir())):
            raise ConfigError(f"{path} holds something else already; name a folder that is empty or does not exist yet")
        old = provenance(path)["made_with"] if told.is_file() else made_with
        if changed := [key for key in made_with if old.get(key) != made_with[key]]:
            raise ConfigError(f"{path} holds results of another {' and '.join(changed)}; name another folder")
        path.mkdir(parents=True, exist_ok=True)
        part = path / PART
        part.write_text(json.dumps({**about, "made_with": made_with}, indent=2) + "\n", encoding="utf-8")
        part.replace(told)
        self.path, self._lines = path, path / name
        self.kept = whole_lines(self._lines)
        if self._lines.is_file():
            os.truncate(self._lines, sum(len(line) + 1 for line in self.kept))

    def append(self, line: Mapping[str, Any]) -> None:
        """On the disk when this returns."""
        with self._lines.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
            file.flush()
            os.fsync(file.fileno())


def whole_lines(path: Path) -> list[bytes]:
    """Of a file of JSON lines that may still be written, or that a kill cut off; none where it does not exist."""
    return path.read_bytes().split(b"\n")[:-1] if path.is_file() else []


def provenance(path: Path) -> dict[str, Any]:
    """What stands in the folder's `provenance.json`. Raises ConfigError where there is none."""
    try:
        told: dict[str, Any] = json.loads((path / PROVENANCE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} holds no results ({PROVENANCE} cannot be read); name the folder that --out named") from error
    return told
