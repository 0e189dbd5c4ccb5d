"""The embedded model finds one event at its source time wherever it lies in the clip, at every rate."""

from __future__ import annotations

import pytest

from medvid.app import demo_clip
from medvid.engine import open_engine
from tests.engine.events import found_spans


@pytest.mark.slow
@pytest.mark.anyio
async def test_the_same_event_is_found_at_its_source_time_from_four_places_at_three_rates() -> None:
    engine = open_engine(None, device="cpu")
    found = await found_spans(engine, demo_clip())
    await engine.aclose()
    assert len(found) == 12
    for spans, truth in found:
        assert [span.iou(truth) >= 0.5 for span in spans] == [True], (spans, truth)
