"""A worker that meets what hostile files do to a decoder: the first part of a file's name says what happens after its first frame."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from typing import Any

from medvid.video import worker
from medvid.video.info import VideoInfo

honest = worker.scaled
_kept: list[bytearray] = []


def hostile(info: VideoInfo, times_s: list[float], size: tuple[int, int]) -> Iterator[Any]:
    for index, part in enumerate(honest(info, times_s, size)):
        yield part
        if index == 0:
            act(info.name.split("-")[0])


def act(name: str) -> None:
    match name:
        case "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        case "greedy":
            _kept.append(bytearray(3 << 30))
        case "hanging":
            time.sleep(3600)
        case "lying":
            os.write(0, b"\x7f\xff\xff\xff" + bytes(100))  # two gigabytes will follow
        case "stalling":
            os.write(0, b"\x00\x00\x10\x00" + bytes(100))  # four kilobytes will follow, and do not
            time.sleep(3600)
        case "noisy":
            print("a decoder that prints", flush=True)
        case "torch":
            if "torch" in sys.modules:
                raise RuntimeError("torch was imported")


worker.scaled = hostile

if __name__ == "__main__":
    worker.main()
