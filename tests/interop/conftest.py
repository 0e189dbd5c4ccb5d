"""The table that `make interop` prints at its end."""

from __future__ import annotations

import pytest

from tests.interop.rows import RESULTS


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    terminalreporter.section("clients tried with medvid mcp")
    for result in RESULTS:
        terminalreporter.write_line(result.line())
