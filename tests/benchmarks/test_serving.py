from __future__ import annotations

import pytest

from medvid.engine import open_engine
from tests.benchmarks.programs import program

serving = program("serving")
pytestmark = pytest.mark.anyio


async def test_kept_reads_the_clip_once_and_anew_reads_it_each_time() -> None:
    engine = open_engine(None, device="cpu")
    kept = await serving.timed(engine, serving.requests(engine, 4, [1] * 8))
    anew = await serving.timed(engine, serving.requests(engine, 4, range(2, 10)))
    await engine.aclose()
    assert len(kept.texts) == len(anew.texts) == 8
    assert kept.reused > 0
    assert anew.reused == 0


def test_a_cell_compares_round_by_round() -> None:
    def took(wall_s: float, cpu_s: float, last: str) -> object:
        return serving.Took(wall_s, cpu_s, 0.5, ("a", last))

    cell = serving.cell(8, [(took(1.0, 1.0, "b"), took(3.0, 2.0, "b")), (took(2.0, 1.0, "b"), took(2.0, 4.0, "c"))])
    assert cell["answers_alike"] == 0.75  # 3 of 4
    assert cell["anew_over_kept"]["wall"] == {"median": 2.0, "least": 1.0, "most": 3.0}  # 3 / 1 and 2 / 2
    assert cell["anew_over_kept"]["cpu"] == {"median": 3.0, "least": 2.0, "most": 4.0}
    assert "| 8 | 50% | 50% | 75% | 2.00 (1.00-3.00) | 3.00 (2.00-4.00) |" in serving.table({"cells": [cell]})
