"""Clips and cases that the tools' tests share."""

from __future__ import annotations

from medvid.core.case import Action, Case
from medvid.core.clip import Clip

VIDEO_ID = "0123456789abcdef"
CASE = Case(
    procedure="laparoscopic cholecystectomy",
    scene="laparoscopic surgery",
    actions=(
        Action(name="clip the cystic duct", synonyms=("duct clipping",)),
        Action(name="cut the cystic duct"),
        Action(name="irrigate"),
    ),
)


def clip(frames: int = 100, fps: float = 1.0, *, timestamps: bool = True, start_s: float = 0.0) -> Clip:
    """A clip of 320x240 px whose boxes are in source pixels."""
    times_s = tuple(start_s + i / fps for i in range(frames))
    return Clip("id", VIDEO_ID, times_s, fps, timestamps, (320, 240), (112, 84), "source")
