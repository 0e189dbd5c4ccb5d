"""Manifest: the videos of a cohort, from files, folders and a CSV file with a column `video` (a path, from the manifest's folder on),
optional `id`, `group` and `procedure`, and whatever else is to stand in the tables. Source: docs/analyses.md.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from medvid.core import Access, ConfigError, VideoError
from medvid.video.info import VideoListing
from medvid.video.library import SUFFIXES, Library

OURS = {"video_id", "duration_s", "status", "reason", "elapsed_s"}
"""Columns of the tables that no manifest may have."""


@dataclass(frozen=True, slots=True)
class Member:
    """row: of the manifest, with the id by which its rows are called. listing: None where the file cannot be read, for the reason in
    `problem`. same: names of files of equal content."""

    path: Path
    row: dict[str, str]
    listing: VideoListing | None
    problem: str | None
    same: list[str] = field(default_factory=list)


def members_of(paths: Sequence[Path], manifest: Path | None) -> list[Member]:
    """Each video once, in order. Raises ConfigError where there is none, or naming the line of the manifest that cannot be used."""
    found: dict[str, Member] = {}
    named = [(file, dict[str, str]()) for given in paths for file in _files(given)]
    for path, row in [*named, *(_rows(manifest) if manifest else ())]:
        listing, problem = None, None
        try:
            (listing,) = Library((), [path]).listing(Access())
        except VideoError as error:
            problem = str(error)
        key, name = (listing.video_id, listing.title) if listing else (str(path.resolve()), path.stem)
        taken = {member.row["id"] for member in found.values()}
        if key in found:
            if row and {**found[key].row, "video": "", "id": ""} != {**row, "video": "", "id": ""}:
                raise ConfigError(f"{path.name} holds the same video as {found[key].path.name}, and other things are said of it; keep one")
            found[key].same.append(path.name)
        elif row.get("id") in taken:
            raise ConfigError(f"two videos are called {row['id']!r}; give each an id of its own in the manifest")
        else:
            unused = row.get("id") or (name if name not in taken else f"{name} {key[-6:]}")
            found[key] = Member(path, {**row, "id": unused}, listing, problem)
    if not found:
        raise ConfigError("no video is named; give files, folders or --manifest CSV")
    return list(found.values())


def _files(path: Path) -> list[Path]:
    if not path.exists():
        raise ConfigError(f"there is no file or folder {path}; name one that exists")
    return sorted(file for file in path.rglob("[!.]*") if file.suffix.lower() in SUFFIXES) if path.is_dir() else [path]


def _rows(manifest: Path) -> Iterator[tuple[Path, dict[str, str]]]:
    try:
        with manifest.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            names = reader.fieldnames or ()
            if "video" not in names or len(set(names)) < len(names) or OURS & set(names):
                rule = f"one must be video, no two the same, none of {', '.join(sorted(OURS))}"
                raise ConfigError(f"{manifest.name}, line 1: the columns are {', '.join(names)}; {rule}")
            for row in reader:
                path = manifest.parent / str(row["video"])
                uneven = None in row or None in row.values()
                if uneven or not path.is_file():
                    wrong = f"it has not the {len(names)} cells of line 1" if uneven else f"there is no file {str(path)!r}"
                    raise ConfigError(f"{manifest.name}, line {reader.line_num}: {wrong}; correct the line")
                if not re.fullmatch(r"\d*(\.\d+)?", row.get("attempt", "")):
                    raise ConfigError(f"{manifest.name}, line {reader.line_num}: the attempt {row['attempt']!r} is no number; count from 1")
                yield path, row
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(f"the manifest {manifest} cannot be read ({error}); give a CSV file in UTF-8") from error
