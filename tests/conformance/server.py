"""The product's server over HTTP for the conformance suite, with the fixtures the suite calls or, without `--fixtures`, as users get it.

    python -m tests.conformance.server [--fixtures] CLIP

Writes its address on the first line of stdout.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import anyio
from mcp.server.request_state import RequestStateBoundary, RequestStateSecurity
from mcp.shared.exceptions import MCPDeprecationWarning

from medvid.app import open_library, open_server, open_toolbox, planner
from medvid.core.settings import Settings
from tests.conformance.fixtures import with_fixtures
from tests.mcp_server.scripted import scripted_engine
from tests.mcp_server.test_transports import over_http


async def serve(clip: Path, *, fixtures: bool) -> None:
    settings = Settings()
    toolbox = open_toolbox(settings, open_library(settings, [clip]), scripted_engine())
    server = open_server(toolbox, ask=planner(toolbox), extend=with_fixtures if fixtures else None)
    if fixtures:
        # The product asks clients nothing, so it has no state of its own to guard; the fixtures have.
        server.middleware.append(RequestStateBoundary(RequestStateSecurity.ephemeral(), default_audience="medvid"))
    async with over_http(server) as url:
        print(url, flush=True)
        await anyio.sleep_forever()


if __name__ == "__main__":
    # The suite of 2025-11-25 asks for logging and sampling, which the SDK calls deprecated.
    warnings.simplefilter("ignore", MCPDeprecationWarning)
    anyio.run(lambda: serve(Path(sys.argv[-1]), fixtures="--fixtures" in sys.argv))
