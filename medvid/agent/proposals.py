"""Proposals: what to ask instead, where no rule places a question. Every choice is a question that the planner places."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from medvid.agent.actions import Declared, nearest
from medvid.core.run import Needs

ACTIONS_PROPOSED = 3
GENERAL = ("Summarise the video.", "Describe what happens.", "What comes next?")


class Unplaced(Exception):
    """A part of a question that no rule places; the message is that part."""


def propose(unplaced: str, video: Mapping[str, Any]) -> Needs:
    """The nearest questions that can be placed, the declared actions that are most like the words first."""
    actions = tuple(Declared.of(action) for action in video.get("actions") or ())
    choices = [f"When does “{name}” happen?" for name in nearest(unplaced, actions, ACTIONS_PROPOSED)]
    return Needs(
        question=f"No rule places {unplaced!r}. Ask when, where, how often or how long, what something is doing, what comes next, how "
        "well, or for a description; for example:",
        choices=(*choices, *GENERAL),
    )
