"""Library: the videos under folders that the user named, by id. No path goes in or out.

Links are resolved before the check that a file lies under a root; equal content is one video; hidden files are left alone.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from medvid.core import Access, AccessError, Case, ConfigError, VideoError
from medvid.core.frames import Frames
from medvid.core.settings import cache_dir
from medvid.core.vocabulary import listed
from medvid.video.cache import ProbeCache, Stamp, stamp_of
from medvid.video.container import check_file, shown
from medvid.video.declared import read_case, title_of
from medvid.video.decode import decode
from medvid.video.framelist import FrameList
from medvid.video.info import VideoInfo, VideoListing
from medvid.video.probe import probe

if TYPE_CHECKING:
    from medvid.video.worker import Readers

MOVIES = {".mp4", ".m4v", ".mov", ".3gp", ".mkv", ".webm", ".ogv"}
RECORDERS = {".avi", ".mpg", ".mpeg", ".vob", ".ts", ".mts", ".m2ts", ".wmv", ".asf", ".flv", ".mxf"}
SUFFIXES = MOVIES | RECORDERS
LONGEST_WAIT_S = 5.0


@dataclass(frozen=True, slots=True)
class _Entry:
    """copies: resolved paths of equal content; the first is read."""

    info: VideoInfo
    title: str
    copies: tuple[Path, ...] = ()
    stamp: Stamp | None = None


class Library:
    """Videos under `roots` and the single `files`, which may be lists of frames. Looks again at every listing, and at an unknown id.
    readers: processes that open the files; without them this one does. procedures: declared elsewhere, by video_id; they count first."""

    def __init__(
        self, roots: Sequence[Path] = (), files: Sequence[Path | FrameList] = (), *, cache_file: Path | None = None,
        readers: Readers | None = None, procedures: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        """Raises ConfigError where a root cannot be served, VideoError where a file given by name cannot be read."""
        self._roots = tuple(_checked_root(root) for root in roots)
        self._cache = ProbeCache(cache_file or cache_dir() / "probes.sqlite")
        self._probe_file = readers.probe if readers else probe
        self._decode = readers.decode if readers else decode
        self._procedures = procedures or {}
        self._looking = threading.Lock()
        self._failed: dict[Stamp, str] = {}
        self._unreadable: tuple[str, ...] = ()
        self._files: list[Path] = []
        self._entries: dict[str, _Entry] = {}  # replaced as a whole, so that readers need no lock
        self._lists: dict[str, _Entry] = {}
        for file in files:
            if isinstance(file, FrameList):
                info = probe(file)
                self._lists[info.video_id] = _Entry(info, title_of(Path(file.title + ".frames")))
            else:
                check_file(file)
                self._probe(file.resolve())  # a file that was named is refused at once, one found in a folder is left out
                self._files.append(file.resolve())
        self._look()

    def listing(self, access: Access) -> list[VideoListing]:
        """What this caller may see, by title."""
        self._look()
        entries = [entry for video_id, entry in self._entries.items() if access.may_see(video_id)]
        return sorted((_listed(entry, self._case) for entry in entries), key=lambda video: (video.title.casefold(), video.video_id))

    def info(self, video_id: str, access: Access) -> VideoInfo:
        """Raises AccessError where there is no such video for this caller; whether there is one for others is not told."""
        return self._entry(video_id, access).info

    def decode(self, info: VideoInfo, times_s: Sequence[float], size: tuple[int, int] | None = None) -> Frames:
        """As `medvid.video.decode`."""
        return self._decode(info, times_s, size)

    def case(self, video_id: str) -> Case:
        """What is declared of the video. Raises AccessError where there is none, VideoError where its sidecar cannot be used."""
        return self._case(self._entry(video_id, Access()))

    @property
    def problems(self) -> tuple[str, ...]:
        """One line for each file found under a root that cannot be read, and for each sidecar that cannot be used."""
        broken = []
        for entry in self._entries.values():
            try:
                self._case(entry)
            except VideoError as error:
                broken.append(str(error))
        return (*self._unreadable, *broken)

    def _case(self, entry: _Entry) -> Case:
        case = read_case(entry.copies, entry.info.tags)
        procedure = self._procedures.get(entry.info.video_id, case.procedure)
        return case if procedure == case.procedure else Case(procedure=procedure, simulated=case.simulated)

    def _entry(self, video_id: str, access: Access) -> _Entry:
        if access.may_see(video_id):
            entry = self._entries.get(video_id)
            if entry is None or not _is_unchanged(entry):
                self._look()
                entry = self._entries.get(video_id)
            if entry is not None:
                return entry
        raise AccessError(f"no video {video_id[:40]!r} is served here; list_videos gives the ids of those that are")

    def _look(self) -> None:
        # Somebody's look may hang at a file for as long as a reader is given; the others go by the last whole look then.
        if not self._looking.acquire(timeout=LONGEST_WAIT_S):
            return
        try:
            entries, problems = dict(self._lists), []
            for path in self._found():
                try:
                    stamp = stamp_of(path)
                    info = self._probe(path)
                except VideoError as error:
                    problems.append(str(error))
                    continue
                except OSError:  # gone, or not ours to read
                    continue
                known = entries.get(info.video_id)
                if known is None:
                    entries[info.video_id] = _Entry(info, title_of(path), (path,), stamp)
                elif path not in known.copies:
                    entries[info.video_id] = _Entry(known.info, known.title, (*known.copies, path), known.stamp)
            self._entries = entries
            self._unreadable = tuple(problems)
        finally:
            self._looking.release()

    def _found(self) -> Iterator[Path]:
        yield from self._files
        for root in self._roots:
            for folder, folders, names in os.walk(root):  # does not follow links to folders
                folders[:] = sorted(name for name in folders if not name.startswith("."))
                for name in sorted(names):
                    path = Path(folder, name)
                    if not name.startswith(".") and path.suffix.lower() in SUFFIXES:
                        resolved = path.resolve()
                        if any(resolved.is_relative_to(allowed) for allowed in self._roots) and resolved.is_file():
                            yield resolved

    def _probe(self, path: Path) -> VideoInfo:
        stamp = stamp_of(path)
        if stamp in self._failed:
            raise VideoError(self._failed[stamp])
        info = self._cache.get(stamp)
        if info is None:
            try:
                info = self._probe_file(path)
            except VideoError as error:
                self._failed[stamp] = str(error)
                raise
            self._cache.put(stamp, info)
        return info


def _checked_root(root: Path) -> Path:
    try:
        resolved = root.resolve(strict=True)
    except (OSError, ValueError, RuntimeError) as error:
        raise ConfigError(f"the folder {shown(root)!r} cannot be opened; name a folder of videos that exists") from error
    if not resolved.is_dir():
        raise ConfigError(f"{shown(root)!r} is no folder; name a folder of videos, or give the file itself")
    home = Path(os.path.expanduser("~")).resolve()
    if (resolved == home or resolved in home.parents) and str(root) != str(resolved):
        raise ConfigError(f"the folder {str(root)!r} is the home folder or holds it; to serve all of it, name it in full")
    return resolved


def _is_unchanged(entry: _Entry) -> bool:
    if entry.stamp is None:
        return True
    try:
        return stamp_of(entry.info.path) == entry.stamp
    except OSError:
        return False


def _listed(entry: _Entry, case_of: Callable[[_Entry], Case]) -> VideoListing:
    try:
        case = case_of(entry)
    except VideoError:  # told by `problems`, and by `case` when the video is used
        case = Case()
    info = entry.info
    case, source = listed(case)
    return VideoListing(
        video_id=info.video_id, title=entry.title, duration_s=info.duration_s, fps=info.fps, size=info.size, procedure=case.procedure,
        actions=case.actions, class_names_of=source, simulated=case.simulated,
    )  # fmt: skip
