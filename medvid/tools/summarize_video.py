"""Video summary (`video_summary_gpt`, `video_summary_gemini`): a short overview in free text.

Source: docs/formats.md, "The eight tasks".
"""

from medvid.tools.base import StyleArgs
from medvid.tools.texts import DescribingTool


class SummarizeVideo(DescribingTool[StyleArgs]):
    name = "summarize_video"
    description = (
        "Describes a span, in seconds of the video, or the whole video in a few sentences. "
        "Use it for what a video is about. "
        "Do not use it where times, places or scores are asked for: its text carries none that are checked. "
        'Example: {"video_id": "0123456789abcdef"}'
    )
    qa_types = ("video_summary_gpt", "video_summary_gemini")
    long = "whole"
    tokens = 384
    args_type = StyleArgs
