"""Runs the real program on a terminal of its own, and talks to it as a person would."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.cli.program import ORACLE, environment

LIMIT_S = 120.0


class Terminal:
    def __init__(self, process: subprocess.Popen[bytes], master: int) -> None:
        self.process, self.master, self.seen = process, master, ""

    def until(self, text: str) -> str:
        """What was shown since the last call, up to this text."""
        deadline = time.monotonic() + LIMIT_S
        while text not in self.seen:
            assert time.monotonic() < deadline, f"{text!r} was not shown, but {self.seen!r}"
            assert self._read() or text in self.seen, f"it ended without {text!r}: {self.seen!r}"
        shown, _, self.seen = self.seen.partition(text)
        return shown + text

    def send(self, text: str) -> None:
        os.write(self.master, text.encode())

    def end(self) -> int:
        """Its exit code, once it has ended by itself."""
        while self._read():
            pass
        return self.process.wait(LIMIT_S)

    def _read(self) -> bool:
        """Whether there may be more."""
        if not select.select([self.master], [], [], 0.2)[0]:
            return self.process.poll() is None
        try:
            self.seen += os.read(self.master, 4096).decode(errors="replace").replace("\r\n", "\n")
        except OSError:  # Linux says so where the other end is closed
            return False
        return True


@contextmanager
def on_terminal(*args: str, program: str = ORACLE, **env: str) -> Iterator[Terminal]:
    master, slave = pty.openpty()
    command = [sys.executable, "-m", program, *args]
    process = subprocess.Popen(
        command, stdin=slave, stdout=slave, stderr=slave, env=environment(**env), start_new_session=True, preexec_fn=_take_terminal
    )
    os.close(slave)
    try:
        yield Terminal(process, master)
    finally:
        process.kill()
        process.wait()
        os.close(master)


def _take_terminal() -> None:
    """Makes standard input the controlling terminal, so that Ctrl-C reaches the program as a signal."""
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
