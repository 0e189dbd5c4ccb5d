"""Reliability cards of the published checkpoints: their figures on the 6,245 questions of the MedVidBench test set, by `qa_type`.

All were made with `published` feeding; no majority baseline is published. Where one figure covers both caption styles, both have it, and
the test count is that of both. Source: the MedVidBench leaderboard, docs/formats.md.
"""

from __future__ import annotations

from medvid.core.outcome import Reliability

SOURCE = "MedVidBench leaderboard"
# metric, tests and qa_types of each figure in a row of FIGURES.
COLUMNS: tuple[tuple[str, int, tuple[str, ...]], ...] = (
    ("CVS accuracy", 648, ("cvs_assessment",)),
    ("next action accuracy", 670, ("next_action",)),
    ("skill accuracy", 160, ("skill_assessment",)),
    ("STG mIoU", 780, ("stg",)),
    ("TAG mIoU at 0.5", 1637, ("tal",)),
    ("DVC F1", 1479, ("dense_captioning_gpt", "dense_captioning_gemini")),
    ("summary, judged 1 to 5", 565, ("video_summary_gpt", "video_summary_gemini")),
    ("region caption, judged 1 to 5", 306, ("region_caption_gpt", "region_caption_gemini")),
)
FIGURES: dict[str, tuple[float, ...]] = {
    "1.0a-7B-RL": (0.896, 0.405, 0.254, 0.202, 0.156, 0.214, 4.184, 3.442),
    "1.0a-7B-SFT": (0.894, 0.442, 0.218, 0.177, 0.091, 0.165, 3.596, 2.757),
    "1.0b-4B-RL": (0.898, 0.473, 0.285, 0.176, 0.441, 0.480, 4.227, 3.861),
    "1.0b-4B-SFT": (0.895, 0.466, 0.270, 0.133, 0.403, 0.435, 4.180, 3.752),
    "1.0c-4B-SFT": (0.897, 0.576, 0.354, 0.190, 0.429, 0.451, 4.238, 3.746),
    "Qwen2.5-VL-7B": (0.105, 0.151, 0.010, 0.020, 0.068, 0.075, 2.452, 2.090),
}


def published_cards(row: str) -> dict[str, Reliability]:
    """By qa_type, for a row of FIGURES."""
    return {
        qa_type: Reliability(qa_type=qa_type, metric=metric, figure=figure, tests=tests, source=SOURCE, feeding="published")
        for (metric, tests, qa_types), figure in zip(COLUMNS, FIGURES[row], strict=True)
        for qa_type in qa_types
    }
