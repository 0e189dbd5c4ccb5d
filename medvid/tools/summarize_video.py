"""Video summary (`video_summary_gpt`, `video_summary_gemini`): a short overview in free text.

Source: docs/formats.md, "The eight tasks".
"""

from __future__ import annotations

from medvid.core.case import Case
from medvid.core.clip import Clip
from medvid.prompts import Wording
from medvid.tools.base import Reading, StyleArgs, Tool
from medvid.tools.texts import Description, read_description, render_description, score_description


class SummarizeVideoArgs(StyleArgs):
    pass


class SummarizeVideo(Tool[SummarizeVideoArgs, Description]):
    name = "summarize_video"
    description = (
        "Describes a span, in seconds of the video, or the whole video in a few sentences. "
        "Use it for what a video is about. "
        "Do not use it where times, places or scores are asked for: its text carries none that are checked. "
        'Example: {"video_id": "0123456789abcdef"}'
    )
    qa_types = ("video_summary_gpt", "video_summary_gemini")
    long = "whole"
    args_type = SummarizeVideoArgs
    result_type = Description

    def question(self, args: SummarizeVideoArgs, case: Case, wording: Wording) -> str:
        return wording.ask(self.name, case, style=args.style)

    def max_tokens(self, args: SummarizeVideoArgs) -> int:
        return 384

    def parse(self, text: str, clip: Clip, case: Case) -> Reading[Description]:
        return read_description(text)

    def render(self, result: Description | None) -> str:
        return render_description(result)

    def score(self, predicted: Description | None, truth: Description | None) -> float:
        return score_description(predicted, truth)
