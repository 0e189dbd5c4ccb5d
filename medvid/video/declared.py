"""What is declared of a video: a sidecar `NAME.medvid.json` beside NAME.mp4, which holds a Case, or the simulator's container tag, whose
`comment` holds `{"medvid_simulated": {..., "case": {...}}}`. Nothing is guessed. Source: docs/formats.md, "Outcomes".
"""

import json
import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import ValidationError

from medvid.core import Case, VideoError
from medvid.video.container import shown

SIDECAR = ".medvid.json"
LARGEST_SIDECAR_BYTES = 1 << 20
LONGEST_TITLE = 80


def read_case(paths: Iterable[Path], tags: Mapping[str, str]) -> Case:
    """What the first sidecar beside a copy says, else the container's tag; a simulated file stays one. Raises VideoError."""
    tagged = _tagged(tags)
    sidecar = next((found for path in paths if (found := path.with_name(path.stem + SIDECAR)).is_file()), None)
    if sidecar is None:
        return tagged or Case()
    case = _read_sidecar(sidecar)
    return case.model_copy(update={"simulated": True}) if tagged is not None and tagged.simulated else case


def _read_sidecar(path: Path) -> Case:
    try:
        if path.stat().st_size > LARGEST_SIDECAR_BYTES:
            limit = f"above {LARGEST_SIDECAR_BYTES} bytes"
            raise VideoError(f"{shown(path)} holds {path.stat().st_size} bytes, {limit}; state procedure, scene, source and actions only")
        return Case.model_validate_json(path.read_bytes())
    except OSError as error:
        raise VideoError(f"{shown(path)} cannot be read ({error.strerror}); mend its rights or take it away") from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise VideoError(
            f"{shown(path)} cannot be used: {where}: {first['msg']}; a sidecar may state procedure, scene, source and actions, as JSON"
        ) from error


def _tagged(tags: Mapping[str, str]) -> Case | None:
    """A comment that is none of the simulator's declares nothing; people write into that tag."""
    try:
        return Case.model_validate(json.loads(tags.get("comment", ""))["medvid_simulated"]["case"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def title_of(path: Path) -> str:
    """The file's stem as one short line: whoever named the file wrote it, so nothing in it can steer a terminal or hide text."""
    stem = unicodedata.normalize("NFC", path.stem.encode("utf-8", "replace").decode())
    plain = "".join(" " if unicodedata.category(char)[0] in "CZ" else char for char in stem)
    title = " ".join(plain.split())
    return (title if len(title) <= LONGEST_TITLE else title[: LONGEST_TITLE - 1].rstrip() + "…") or "untitled"
