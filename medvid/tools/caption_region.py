"""Region caption (`region_caption_gpt`, `region_caption_gemini`): what the object in a drawn box does over an interval, in free text.

The question names the box's time and the interval; the box is drawn on the frame and never written.
Source: docs/formats.md, "The eight tasks".
"""

from __future__ import annotations

from pydantic import Field

from medvid.core.case import Case
from medvid.core.clip import Clip
from medvid.core.span import Box, Instant, TimedBox
from medvid.prompts import Wording
from medvid.tools.base import Reading, StyleArgs, Tool, span_of
from medvid.tools.spans import time_text
from medvid.tools.texts import Description, read_description, render_description, score_description


class CaptionRegionArgs(StyleArgs):
    box_px: Box = Field(description="the object's box [x1, y1, x2, y2] in pixels of the video, as ground_object gives it")
    time_s: Instant = Field(description="when the object is in that box, in seconds of the video, within the span")


class CaptionRegion(Tool[CaptionRegionArgs, Description]):
    name = "caption_region"
    description = (
        "Describes what the object in a given box does over a span. The box is in pixels of the upright frame at time_s, in seconds of the "
        "video within the span; both are best taken from ground_object. "
        "Do not use it to find the box, and not for the whole picture (summarize_video). "
        'Example: {"video_id": "0123456789abcdef", "box_px": [120.0, 80.0, 180.0, 140.0], "time_s": 34.0, '
        '"span": {"start_s": 33.0, "end_s": 38.5}}'
    )
    qa_types = ("region_caption_gpt", "region_caption_gemini")
    long = "whole"
    args_type = CaptionRegionArgs
    result_type = Description

    def question(self, args: CaptionRegionArgs, case: Case, wording: Wording) -> str:
        span = span_of(args)
        times = {"time_s": time_text(args.time_s), "start_s": time_text(span.start_s), "end_s": time_text(span.end_s)}
        return wording.ask(self.name, case, times, style=args.style)

    def drawn(self, args: CaptionRegionArgs) -> TimedBox | None:
        return TimedBox(time_s=args.time_s, box_px=args.box_px)

    def max_tokens(self, args: CaptionRegionArgs) -> int:
        return 256

    def parse(self, text: str, clip: Clip, case: Case) -> Reading[Description]:
        return read_description(text)

    def render(self, result: Description | None) -> str:
        return render_description(result)

    def score(self, predicted: Description | None, truth: Description | None) -> float:
        return score_description(predicted, truth)
