"""A `vllm serve` process on a free port, started with the line that `medvid serve-model` prints."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from medvid.core.settings import EngineOptions
from medvid.engine import Engine, open_engine
from medvid.engine.serving import serve_command

OPTIONS = EngineOptions(vllm_args={"enforce_eager": True, "skip_mm_profiling": True, "max_model_len": 2048})
STARTS_WITHIN_S = 400


class Server:
    """model: a checkpoint folder, or None for the embedded model."""

    def __init__(self, model: Path | None, log: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.model, self.log = model, log
        self.address = f"http://127.0.0.1:{port}"
        command = serve_command(str(model) if model else None, OPTIONS, host="127.0.0.1", port=port)
        command[0] = str(Path(sys.executable).with_name("vllm"))
        with log.open("wb") as out:
            self.process = subprocess.Popen(command, stdout=out, stderr=out, start_new_session=True)

    def wait(self) -> None:
        """Until it answers."""
        until = time.monotonic() + STARTS_WITHIN_S
        while time.monotonic() < until:
            assert self.process.poll() is None, f"vllm serve ended:\n{self.log.read_text()[-4000:]}"
            try:
                with urllib.request.urlopen(f"{self.address}/health", timeout=5):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(1)
        raise AssertionError(f"vllm serve did not answer within {STARTS_WITHIN_S} s:\n{self.log.read_text()[-4000:]}")

    def engine(self, **options: object) -> Engine:
        """Asks this server."""
        return open_engine(self.model, "remote", options=EngineOptions(endpoint=f"{self.address}/v1", **options))

    def kill(self) -> None:
        """At once, with all its processes, as a machine that is switched off."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.kill()
