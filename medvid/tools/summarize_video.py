"""Video summary (`video_summary_gpt`, `video_summary_gemini`): a short overview in free text.

Source: docs/formats.md, "The eight tasks".
"""

from medvid.tools.base import StyleArgs
from medvid.tools.texts import DescribingTool


class SummarizeVideo(DescribingTool[StyleArgs]):
    name = "summarize_video"
    qa_types = ("video_summary_gpt", "video_summary_gemini")
    long = "whole"
    tokens = 384
    args_type = StyleArgs
