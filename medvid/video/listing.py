"""VideoListing: what a caller is told of a video. No path, no file name beyond the cleaned title."""

from __future__ import annotations

from pydantic import BaseModel, Field

from medvid.core.case import Action
from medvid.core.span import FROZEN


class VideoListing(BaseModel):
    """One video of a library. procedure is null and actions are empty where nobody declared them."""

    model_config = FROZEN

    video_id: str = Field(description="16 hexadecimal digits; what every other tool takes")
    title: str = Field(description="the file's name, cleaned; written by whoever named the file")
    duration_s: float
    fps: float
    size: tuple[int, int] = Field(description="width, height in pixels, upright")
    procedure: str | None = None
    actions: tuple[Action, ...] = ()
    class_names_of: str | None = Field(default=None, description="the data source whose class names the actions are, if none are declared")
    simulated: bool = False
