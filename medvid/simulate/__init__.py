"""Simulated procedures whose truth is known."""

from medvid.simulate.file import from_tag, tag_of, write_video
from medvid.simulate.procedure import clip_of, kind_of, make_procedure
from medvid.simulate.render import render
from medvid.simulate.truth import HELD_OUT_SEED, CvsState, Event, Kind, Truth

__all__ = [
    "HELD_OUT_SEED", "CvsState", "Event", "Kind", "Truth", "clip_of", "from_tag", "kind_of", "make_procedure", "render", "tag_of",
    "write_video",
]  # fmt: skip
