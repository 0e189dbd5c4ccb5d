"""Values that everyone shares, under one roof: `from medvid.core import Span, Plan`.

`clip` and `frames` bring numpy, `settings` and `vocabulary` read files: they go by their own names, so that `--help` stays quick.
"""
# ruff: noqa: I001

from medvid.core.access import Access, Progress, no_progress
from medvid.core.case import Action, Case
from medvid.core.errors import (
    AccessError, ArgumentsError, BusyError, ConfigError, EngineError, JobError, MedVidError, ParseError, PlanError, TooLongError,
    VideoError,
)  # fmt: skip
from medvid.core.outcome import Evidence, Feeding, Look, Outcome, RawText, Reliability
from medvid.core.plan import Parameter, Plan, Step
from medvid.core.run import RESEARCH_USE, Answer, Contradiction, Failure, Needs, Planning, Run, SecondLook, Statement
from medvid.core.span import FROZEN, Box, Instant, InstantMark, Span, TimedBox, Track, Value

__all__ = [
    "FROZEN", "RESEARCH_USE", "Access", "AccessError", "Action", "Answer", "ArgumentsError", "Box", "BusyError", "Case", "ConfigError",
    "Contradiction", "EngineError", "Evidence", "Failure", "Feeding", "Instant", "InstantMark", "JobError", "Look", "MedVidError", "Needs",
    "Outcome", "Parameter", "ParseError", "Plan", "PlanError", "Planning", "Progress", "RawText", "Reliability", "Run", "SecondLook",
    "Span", "Statement", "Step", "TimedBox", "TooLongError", "Track", "Value", "VideoError", "no_progress",
]  # fmt: skip
