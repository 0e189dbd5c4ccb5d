"""Temporal action localisation (`tal`): the spans in which a named action happens.

Answers read `22.0-78.0, 89.0-94.0 seconds.`, seconds from the clip's first frame. Source: docs/formats.md, "The eight tasks".
"""

from collections.abc import Sequence

from pydantic import Field

from medvid.core import Case, ParseError, Span, Value
from medvid.core.clip import Clip
from medvid.tools.base import Args, Reading, Tool
from medvid.tools.spans import CUT_OFF, SPAN, SPAN_PATTERN, join_spans, match_spans, place, span_text


class LocalizeActionArgs(Args):
    action: str = Field(min_length=1, max_length=200, description="what to look for, such as 'clip the cystic duct'")


class Spans(Value):
    """When it happens, in time order."""

    spans: tuple[Span, ...] = Field(min_length=1)


class LocalizeAction(Tool[LocalizeActionArgs, Spans]):
    name = "localize_action"
    qa_types = ("tal",)
    long = "windows"
    tokens = 256
    args_type = LocalizeActionArgs
    result_type = Spans

    def pattern(self, args: LocalizeActionArgs, case: Case) -> str | None:
        return rf"{SPAN_PATTERN}(, {SPAN_PATTERN}){{0,31}} seconds\."

    def read(self, text: str, clip: Clip, case: Case) -> Reading[Spans]:
        found = [place(match, clip) for match in SPAN.finditer(text)]
        spans = sorted({item.span for item in found if item.span is not None}, key=lambda span: (span.start_s, span.end_s))
        dropped = [item.dropped for item in found if item.span is None]
        rest = text[found[-1].match.end() :] if found else text
        if CUT_OFF.fullmatch(rest.lstrip(" ,;\n")):
            dropped.append(f"{rest.strip(' ,;')!r}: cut off")
        if not spans:
            raise ParseError("no span can be read" + "".join(f"; {line}" for line in dropped), text=text)
        return Reading(Spans(spans=tuple(spans)), tuple(dropped))

    def write(self, result: Spans) -> str:
        return ", ".join(span_text(span) for span in result.spans) + " seconds."

    def compare(self, predicted: Spans, truth: Spans) -> float:
        """IoU of the spans matched one to one, over the larger number of spans."""
        matched = match_spans(predicted.spans, truth.spans)
        return sum(iou for _, _, iou in matched) / max(len(predicted.spans), len(truth.spans))

    def merge(self, parts: Sequence[tuple[Span, Spans | None]]) -> Spans | None:
        spans = [span for _, part in parts if part is not None for span in part.spans]
        return Spans(spans=tuple(join_spans(spans))) if spans else None
