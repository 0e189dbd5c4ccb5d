"""What is tried with what: clients, eras of the protocol, transports; and what came of it."""

from __future__ import annotations

import itertools
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NODE = ROOT / ".venv-node" / "bin" / "node"
INSPECTOR = ROOT / "tests" / "interop" / "inspector"
TYPESCRIPT = ROOT / "tests" / "interop" / "typescript"
ERAS = ("legacy", "modern")
TRANSPORTS = ("stdio", "http")


@dataclass(frozen=True)
class Client:
    """program: what runs it, before its job. needs: what `make interop` puts there for it. eras: those it knows."""

    program: tuple[str, ...]
    needs: tuple[Path, ...]
    eras: tuple[str, ...] = ERAS
    environment: dict[str, str] = field(default_factory=dict)


def python_client(name: str, eras: tuple[str, ...] = ERAS) -> Client:
    python = ROOT / f".venv-interop-{name}" / "bin" / "python"
    return Client((str(python), "-m", f"tests.interop.clients.{name}_client"), (python,), eras)


def typescript_client(*options: str, eras: tuple[str, ...] = ERAS) -> Client:
    return Client((str(NODE), str(TYPESCRIPT / "client.mjs")), (NODE, TYPESCRIPT / "node_modules"), eras, {"OPTIONS": " ".join(options)})


CLIENTS = {
    "Inspector": Client(
        (sys.executable, "-m", "tests.interop.clients.inspector_client"), (NODE, INSPECTOR / "node_modules"),
        environment={"INSPECTOR": str(INSPECTOR), "NODE": str(NODE)},
    ),
    "TypeScript SDK 2": typescript_client(),
    "TypeScript SDK 1": typescript_client("v1", eras=("legacy",)),
    "fastmcp": python_client("fastmcp"),
    "langchain-mcp-adapters": python_client("langchain", eras=("legacy",)),
}
ROWS = [(name, era, transport) for name, client in CLIENTS.items() for era, transport in itertools.product(client.eras, TRANSPORTS)]
NO_CANCEL = {
    ("Inspector", "legacy", "http"): "Ctrl-C drops the connection, which this revision does not count as a cancel",
}
"""Where the client itself sends nothing that would stop a call."""

A_SERVER_A_CALL = {"Inspector", "langchain-mcp-adapters"}
"""Over standard input and output these start a server for each call, and end it with the call: a job finds nobody to run it."""


@dataclass(frozen=True)
class Result:
    client: str
    protocol: str
    transport: str
    tools: int
    progress: int | None
    cancel: str

    def line(self) -> str:
        progress = "shows none" if self.progress is None else f"{self.progress} notes"
        return (
            f"{self.client:<30} {self.protocol:<11} {self.transport:<6} {self.tools} tools, text and structured   progress: {progress:<11} "
            f"cancel: {self.cancel}"
        )


RESULTS: list[Result] = []


def environment() -> dict[str, str]:
    """For servers and clients: this checkout, and the folders that the test run writes to."""
    kept = {name: value for name, value in os.environ.items() if name.startswith("XDG_") or name in ("PATH", "HOME", "LANG")}
    return {**kept, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
