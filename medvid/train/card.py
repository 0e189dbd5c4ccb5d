"""A checkpoint's model card and its reliability cards, written from a held-out report: no figure in them is typed by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from medvid.core.outcome import Reliability
from medvid.tools.registry import TOOLS
from medvid.train.figures import Report

CARDS = {
    "tal": "localisation R@0.5", "stg": "grounding mIoU", "next_action": "next action",
    **dict.fromkeys(TOOLS["caption_events"].qa_types, "dense captioning: events R@0.5 with their action"),
    **dict.fromkeys(TOOLS["summarize_video"].qa_types, "summary: exact"),
    **dict.fromkeys(TOOLS["caption_region"].qa_types, "region caption: instrument and action"),
    "skill_assessment": "skill per aspect", "cvs_assessment": "CVS all three",
}  # fmt: skip
TRAINING = "training.json"
"""What `medvid train sft` leaves beside the weights: how they were made, a piece for each run."""


def write_cards(report: Report, folder: Path) -> None:
    """Adds the reliability cards to `profile.json` and writes `README.md` in a checkpoint's folder."""
    profile = folder / "profile.json"
    said: dict[str, Any] = json.loads(profile.read_text()) if profile.exists() else {"base": "embedded"}
    source = f"simulated clips, seeds from {report.first_seed:,} on"
    rows = {qa_type: report.row(name) for qa_type, name in CARDS.items()}
    said["cards"] = {
        qa_type: Reliability(
            qa_type=qa_type, metric=row.name, figure=round(row.figure, 3), baseline=None if row.blind is None else round(row.blind, 3),
            baseline_name="blind", tests=row.tests, source=source,
        ).model_dump(mode="json")
        for qa_type, row in rows.items()
        if row is not None
    }  # fmt: skip
    profile.write_text(json.dumps(said, indent=1) + "\n")
    made = folder / TRAINING
    (folder / "README.md").write_text(model_card(report, json.loads(made.read_text()) if made.exists() else []))


def model_card(report: Report, training: list[dict[str, Any]]) -> str:
    """Markdown."""
    lines = [
        "# The embedded model",
        "",
        "A Qwen3-VL of 3.3 million parameters that ships with medvid, so that everything runs from end to end on any machine. It was",
        "trained on simulated procedures only and knows nothing of real ones: before a real video the tools answer `out_of_scope`.",
        "Research use only.",
        "",
        "Load it with stock Transformers (`AutoModelForImageTextToText.from_pretrained`) or with vLLM. Frames of 112 x 84 pixels, at",
        "most 32 of them, at 0.5, 1 or 2 frames a second; greedy decoding. Asked for what does not occur, it answers `Not observed.`",
        "",
        "## Held-out figures",
        "",
        f"`medvid train evaluate --clips {report.clips} --card DIR`: simulated clips of 16 to 32 s that nobody trained on (seeds from",
        f"{report.first_seed:,} on), written as H.264 files and asked about through the product's own decoding and tools.",
        "Blind: the same model and questions, every frame black.",
        "",
        "| what | tests | figure | 95 % | blind | bar |",
        "|---|---|---|---|---|---|",
    ]
    for row in report.rows:
        blind, bar = ("" if value is None else f"{value:.3f}" for value in (row.blind, row.bar))
        lines.append(f"| {row.name} | {row.tests:,} | {row.figure:.3f} | {row.low:.3f}-{row.high:.3f} | {blind} | {bar} |")
    lines += ["", "Of the benchmark's columns, from the same answers:", ""]
    lines += ["| column | records | leaderboard | strict | unreadable |", "|---|---|---|---|---|"]
    for column in report.columns:
        figures = ("" if value is None else f"{value:.3f}" for value in (column.leaderboard, column.strict, column.unreadable))
        lines.append(f"| {column.name} | {column.tests:,} | {' | '.join(figures)} |")
    lines += ["", "## How it was made", "", "On simulated clips of seeds from 0 on, none of them held out.", ""]
    for piece in training:
        steps = ", ".join(f"{value} {name.replace('_', ' ')}" for name, value in piece.items() if name.endswith("_steps"))
        lines.append(f"1. `{piece['command']}`: {steps} (medvid {piece['version']})")
    return "\n".join([*lines, ""])
