"""One outcome in a few lines of text."""

from __future__ import annotations

from typing import Any

from medvid.core.outcome import Evidence
from medvid.report.words import in_words


def outcome_lines(outcome: dict[str, Any]) -> list[str]:
    """What was found or why nothing was, each note, what was looked at, and how reliable the checkpoint was measured to be."""
    evidence = Evidence.model_validate(outcome["evidence"])
    said = in_words(outcome["result"]) if outcome["status"] == "ok" else f"{outcome['status'].replace('_', ' ')}: {outcome['reason']}"
    lines = [said, *(f"note: {note}" for note in outcome["notes"])]
    looks = ", ".join(f"{look.start_s:.1f}-{look.end_s:.1f} s ({look.frames} frames, {look.fps:.4g} fps)" for look in evidence.looks)
    lines.append(f"looked at: {looks or 'nothing'}; model: {evidence.model}; {evidence.elapsed_s:.1f} s")
    return lines + [f"reliability: {card.text}" for card in evidence.reliability]
