"""Reading videos in processes of their own, so that a hostile file takes down neither the server nor a neighbour's call.

A request is JSON. What comes back begins with `E` where it is a VideoError's text; else it is a VideoInfo as JSON, or a frame's time and
pixels. Nothing that a worker sends is unpickled, longer than it may be, or believed about where a file lies. For POSIX systems.
"""

import json
import os
import queue
import resource
import struct
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from subprocess import DEVNULL, Popen
from threading import Timer
from typing import Any

import numpy as np
from anyio import from_thread
from pydantic import TypeAdapter

from medvid.core import VideoError
from medvid.core.frames import Frames
from medvid.video.container import content_id, shown
from medvid.video.decode import gather, scaled
from medvid.video.info import VideoInfo
from medvid.video.probe import probe
from medvid.video.pyav import Shown

CORES = os.cpu_count() or 1
SLOTS = min(16, max(4, CORES))
POLL_S = 0.1  # How soon a call that was given up lets go.
LARGEST_INFO_BYTES = 16 << 20
LONGEST_ERROR_BYTES = 4000
KEPT_VARIABLES = ("PATH", "HOME", "LANG", "LC_", "LD_", "DYLD_", "TMP", "XDG_")
"""Beginnings of the variables that a worker sees; those that hold tokens and keys are left out."""
_second = struct.Struct(">d")
_infos = TypeAdapter(VideoInfo)


class Readers:
    """`probe` and `decode` in at most `slots` processes, for several threads at once. limit_s: the longest one request may take.
    memory_gib: the most a process may allocate, where the system can limit that (Linux). program: the module that is run."""

    def __init__(self, *, slots: int = SLOTS, limit_s: float = 300.0, memory_gib: float = 4.0, program: str = __name__) -> None:
        self.limit_s = limit_s
        self._idle: queue.LifoQueue[_Worker] = queue.LifoQueue()
        for _ in range(slots):
            self._idle.put(_Worker([sys.executable, "-P", "-m", program, str(memory_gib), str(limit_s)]))

    def probe(self, path: Path) -> VideoInfo:
        """As `medvid.video.probe` of a file."""
        with self._asked(shown(path), {"path": str(path)}) as worker:
            info = _infos.validate_json(worker.take(LARGEST_INFO_BYTES))
            worker.done = True
            return replace(info, video_id=content_id(path), paths=(path,))

    def decode(self, info: VideoInfo, times_s: Sequence[float], size: tuple[int, int] | None = None) -> Frames:
        """As `medvid.video.decode`."""
        return gather(info, times_s, size, self._shown)

    def _shown(self, info: VideoInfo, times_s: list[float], size: tuple[int, int]) -> Iterator[Shown]:
        width, height = size
        with self._asked(info.name, {"info": _infos.dump_python(info, mode="json"), "times_s": times_s, "size": size}) as worker:
            for _ in times_s:
                part = worker.take(_second.size + width * height * 3)
                yield _second.unpack_from(part)[0], np.frombuffer(part, np.uint8, offset=_second.size).reshape(height, width, 3)
            worker.done = True

    @contextmanager
    def _asked(self, name: str, request: dict[str, Any]) -> Iterator["_Worker"]:
        """A worker that reads for this call alone. One whose answer was not taken to its end, for whatever reason, is killed."""
        worker, ends_s = self._free(), time.monotonic() + self.limit_s
        try:
            worker.ask(request, self.limit_s)
            yield worker
        except (EOFError, OSError, ValueError, struct.error) as error:  # gone, or what came is no VideoInfo and no frame
            why = f"took longer than {self.limit_s:g} s" if time.monotonic() > ends_s else "broke the process that did it"
            raise VideoError(f"reading {name} {why}; ask about a shorter span, or export it again as H.264 in MP4") from error
        finally:
            worker.rest()
            self._idle.put(worker)

    def _free(self) -> "_Worker":
        while True:
            with suppress(queue.Empty):
                return self._idle.get(timeout=POLL_S)
            _check_cancelled()

    def close(self) -> None:
        """Ends the processes that nobody reads with."""
        with suppress(queue.Empty):
            while True:
                self._idle.get_nowait().close()


class _Worker:
    """One process; the next is started once it is gone. done: its last answer was taken to the end."""

    def __init__(self, command: list[str]) -> None:
        self.command, self.done = command, False
        self.process: Popen[bytes] | None = None

    def ask(self, request: dict[str, Any], limit_s: float) -> None:
        if self.process is None or self.process.poll() is not None:
            self.close()
            self._pipe, theirs = Pipe()
            kept = {name: value for name, value in os.environ.items() if name.startswith(KEPT_VARIABLES)}
            kept["PYTHONPATH"] = os.pathsep.join(entry for entry in sys.path if entry)
            with theirs:  # a session of its own: an interrupt from the keyboard is the server's to handle
                self.process = Popen(self.command, stdin=theirs.fileno(), stdout=DEVNULL, env=kept, start_new_session=True)
        self.done, self._limit = False, Timer(limit_s, self.process.kill)
        self._limit.start()
        self._pipe.send_bytes(json.dumps(request).encode())

    def take(self, most: int) -> bytes:
        """The next part. Raises VideoError where the worker says so; EOFError or OSError where it is gone or talks nonsense."""
        while not self._pipe.poll(POLL_S):
            _check_cancelled()
        part = self._pipe.recv_bytes(1 + max(most, LONGEST_ERROR_BYTES))
        if part[:1] == b"E":
            self.done = True
            raise VideoError(part[1:].decode(errors="replace"))
        return part[1:]

    def rest(self) -> None:
        if self.process is not None:
            self._limit.cancel()
        if not self.done:
            self.close()

    def close(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self._pipe.close()
            self.process = None


def _check_cancelled() -> None:
    """Raises the event loop's own exception where the call that this thread works for was given up."""
    with suppress(RuntimeError):  # no thread of an event loop: nobody can give it up
        from_thread.check_cancelled()


def main() -> None:
    """The worker: answers requests on file descriptor 0 until the other side is gone."""
    memory_gib, limit_s = map(float, sys.argv[1:])
    pipe = Connection(os.dup(0))
    with suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while True:
            request = json.loads(pipe.recv_bytes())
            _limit(int(memory_gib * 2**30), int(time.process_time() + CORES * limit_s) + 1)
            try:
                for part in _answer(request):
                    pipe.send_bytes(part)
            except VideoError as error:
                pipe.send_bytes(b"E" + str(error).encode()[:LONGEST_ERROR_BYTES])
            except MemoryError:
                pipe.send_bytes(f"Ereading it takes more than {memory_gib:g} GiB of memory; ask for fewer or smaller frames".encode())


def _answer(request: dict[str, Any]) -> Iterator[bytes]:
    if "path" in request:
        yield b"V" + _infos.dump_json(probe(Path(request["path"])))
    else:
        for shown_s, picture in scaled(_infos.validate_python(request["info"]), request["times_s"], tuple(request["size"])):
            yield b"F" + _second.pack(shown_s) + picture.tobytes()


def _limit(memory_bytes: int, processor_s: int) -> None:
    """RLIMIT_DATA counts what is allocated, not the address space that threads reserve by the gigabyte; Linux alone heeds it. The time of
    the processor ends a worker whose server was killed."""
    for kind, wanted in ((resource.RLIMIT_DATA, memory_bytes), (resource.RLIMIT_CPU, processor_s), (resource.RLIMIT_CORE, 0)):
        hard = resource.getrlimit(kind)[1]
        resource.setrlimit(kind, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))


if __name__ == "__main__":
    main()
