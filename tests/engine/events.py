"""One event of the demo's operation, asked for at four places of the clip and three rates. Its source time is always the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from medvid.core.access import Access
from medvid.core.span import Span
from medvid.engine import Engine
from medvid.simulate import make_procedure
from medvid.simulate.demo import DEMO_SEED
from medvid.tools.toolbox import Toolbox
from medvid.video import Library, probe

ACTION = "cut the cystic artery"
PLACES = {0.5: (32.0, (4.0, 9.0, 14.0, 19.0)), 1.0: (24.0, (3.0, 7.0, 11.0, 15.0)), 2.0: (16.0, (1.0, 3.0, 5.0, 7.0))}
"""Rate -> seconds of the clip, and how many of them lie before the event."""


def questions(video_id: str) -> Iterator[tuple[dict[str, Any], Span]]:
    """The arguments of localize_action, and the true span."""
    truth = make_procedure(DEMO_SEED, "cholecystectomy")
    (event,) = [event.span for event in truth.events if event.action == ACTION]
    for fps, (length_s, before_s) in PLACES.items():
        for lead_s in before_s:
            span = Span.of(event.start_s - lead_s, event.start_s - lead_s + length_s)
            cut = event.cut(span)
            assert cut is not None
            yield {"video_id": video_id, "action": ACTION, "fps": fps, "span": span.model_dump()}, cut


async def found_spans(engine: Engine, clip: Path) -> list[tuple[tuple[Span, ...], Span]]:
    """What the engine's model finds, and the truth, question by question."""
    toolbox = Toolbox(engine, Library((), [clip]))
    found = []
    for args, truth in questions(probe(clip).video_id):
        outcome = await toolbox.run("localize_action", args, access=Access())
        assert outcome.status == "ok", outcome
        found.append((outcome.result.spans, truth))
    return found
