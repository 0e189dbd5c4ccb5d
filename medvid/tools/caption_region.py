"""Region caption (`region_caption_gpt`, `region_caption_gemini`): what the object in a drawn box does over an interval, in free text.

The box is drawn on the frame and never written. Source: docs/formats.md, "The eight tasks".
"""

from pydantic import Field

from medvid.core import Box, Instant, TimedBox
from medvid.tools.base import StyleArgs
from medvid.tools.texts import DescribingTool


class CaptionRegionArgs(StyleArgs):
    box_px: Box = Field(description="the object's box [x1, y1, x2, y2] in pixels of the video, as ground_object gives it")
    time_s: Instant = Field(description="when the object is in that box, in seconds of the video, within the span")


class CaptionRegion(DescribingTool[CaptionRegionArgs]):
    name = "caption_region"
    qa_types = ("region_caption_gpt", "region_caption_gemini")
    long = "whole"
    tokens = 256
    args_type = CaptionRegionArgs

    def drawn(self, args: CaptionRegionArgs) -> TimedBox | None:
        return TimedBox(time_s=args.time_s, box_px=args.box_px)
