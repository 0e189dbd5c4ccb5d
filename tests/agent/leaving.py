"""A server over standard input and output that localises, and is gone when the critical view is asked for."""

import os
from typing import Any

import anyio
from mcp.server.stdio import stdio_server

from tests.agent.fake import FakeServer, outcome


def leave(args: dict[str, Any]) -> Any:
    os._exit(1)


async def main() -> None:
    server = FakeServer(
        {"localize_action": lambda args: outcome({"spans": [{"start_s": 30.0, "end_s": 36.5}]}), "assess_cvs": leave}
    ).server()
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())


if __name__ == "__main__":
    anyio.run(main)
