"""Dense captioning (`dense_captioning_gpt`, `dense_captioning_gemini`): every event with its span and a description.

Answers have one line an event, `36.0-49.0 seconds: place an underpad: The clinician ...`; the action's name and its colon may be missing.
Source: docs/formats.md, "The eight tasks".
"""

import re
from collections.abc import Sequence

from pydantic import Field

from medvid.core import Case, ParseError, Span, Value
from medvid.core.clip import Clip
from medvid.tools.base import Reading, StyleArgs, Tool
from medvid.tools.spans import CUT_OFF, SPAN, SPAN_PATTERN, Found, hull, match_spans, place, span_text, touch
from medvid.tools.texts import LONGEST_TEXT, token_f1

_BEFORE = re.compile(r"(?:^|\n)[\s>*#•\-–\[(]*(?:\d+[.)]\s+)?(?:(?:from|between|event|time)\b:?\s*)?[\[(*]*$", re.IGNORECASE)
_OPENING = re.compile(r"\n[\s>*#•\-–\[(]*(?:\d+[.)]\s*)?(?:(?:from|between|event|time)\b:?\s*)?[\s\[(*]*$", re.IGNORECASE)
"""What stands before the next event's span: a bullet, a number, a bracket."""
_AFTER = re.compile(r"[\])*\s]{0,4}:")
_AROUND = " \t\r\n*•[]()-–—:,;"
_ACTION = re.compile(r"(?P<action>[^:.!?\n]{1,80}):\s*(?P<caption>.*)", re.DOTALL)


class CaptionedEvent(Value):
    """action: a name of the procedure's list, or the name that the text gives; null where it gives none."""

    span: Span
    action: str | None = None
    caption: str = ""


class Events(Value):
    """What happens, in time order."""

    events: tuple[CaptionedEvent, ...] = Field(min_length=1)


class CaptionEvents(Tool[StyleArgs, Events]):
    name = "caption_events"
    qa_types = ("dense_captioning_gpt", "dense_captioning_gemini")
    long = "windows"
    tokens = 768
    args_type = StyleArgs
    result_type = Events

    def pattern(self, args: StyleArgs, case: Case) -> str | None:
        line = rf"{SPAN_PATTERN} seconds: [A-Za-z][^\n]{{0,400}}"
        return rf"{line}(\n{line}){{0,31}}"

    def read(self, text: str, clip: Clip, case: Case) -> Reading[Events]:
        cut = CUT_OFF.search(text)
        cut = cut if cut is not None and _BEFORE.search(text[: cut.start()]) else None
        dropped = [f"{cut.group(0)!r}: cut off"] if cut is not None else []
        heads = [match for match in SPAN.finditer(text) if _is_head(match)]
        starts = [match.start() for match in heads] + [cut.start() if cut is not None else len(text)]
        events = []
        for head, end in zip(heads, starts[1:], strict=True):
            found = place(head, clip)
            event = _event(found, text[head.end() : end], case)
            if event is None:
                dropped.append(found.dropped if found.why else f"{head.group(0).strip()!r}: says nothing of the event")
            else:
                events.append(event)
        if not events:
            raise ParseError("no event can be read" + "".join(f"; {line}" for line in dropped), text=text)
        events.sort(key=lambda event: (event.span.start_s, event.span.end_s))
        return Reading(Events(events=tuple(events)), tuple(dropped))

    def write(self, result: Events) -> str:
        return "\n".join(f"{span_text(e.span)} seconds: {': '.join(filter(None, (e.action, e.caption)))}" for e in result.events)

    def compare(self, predicted: Events, truth: Events) -> float:
        """Events matched one to one by IoU; the sum of IoU x token F1 over the larger number of events."""
        a, b = predicted.events, truth.events
        matched = match_spans([event.span for event in a], [event.span for event in b])
        return sum(iou * token_f1(_words(a[i]), _words(b[j])) for i, j, iou in matched) / max(len(a), len(b))

    def merge(self, parts: Sequence[tuple[Span, Events | None]]) -> Events | None:
        """Events of two windows that are one: equal actions that touch, or unnamed ones of which the shorter lies half in the other."""
        merged: list[CaptionedEvent] = []
        for _, part in parts:
            earlier = len(merged)
            for event in part.events if part is not None else ():
                twin = next((i for i in range(earlier) if _same(merged[i], event)), None)
                if twin is None:
                    merged.append(event)
                else:
                    merged[twin] = _joined(merged[twin], event)
        merged.sort(key=lambda event: (event.span.start_s, event.span.end_s))
        return Events(events=tuple(merged)) if merged else None


def _is_head(match: re.Match[str]) -> bool:
    """Whether a span opens an event: at the start of a line, or followed by a colon. Others stand inside a description."""
    return bool(_BEFORE.search(match.string[: match.start()]) or _AFTER.match(match.string, match.end()))


def _event(found: Found, body: str, case: Case) -> CaptionedEvent | None:
    said = " ".join(_OPENING.sub("", body).split()).strip(_AROUND)[:LONGEST_TEXT]
    if found.span is None or not re.search(r"[^\W\d_]", said):
        return None
    names = {name.casefold(): action.name for action in case.actions for name in (*action.synonyms, action.name)}
    if (whole := names.get(said.rstrip(".").casefold())) is not None:
        return CaptionedEvent(span=found.span, action=whole)
    parts = _ACTION.fullmatch(said)
    if parts is not None and (not names or parts["action"].strip(_AROUND).casefold() in names):
        action = parts["action"].strip(_AROUND)
        return CaptionedEvent(span=found.span, action=names.get(action.casefold(), action) or None, caption=parts["caption"].strip(_AROUND))
    return CaptionedEvent(span=found.span, caption=said)


def _words(event: CaptionedEvent) -> str:
    return f"{event.action or ''} {event.caption}"


def _same(a: CaptionedEvent, b: CaptionedEvent) -> bool:
    if a.action is not None and b.action is not None:
        return a.action == b.action and touch(a.span, b.span)
    shared = a.span.cut(b.span)
    return shared is not None and 2 * shared.duration_s >= min(a.span.duration_s, b.span.duration_s)


def _joined(a: CaptionedEvent, b: CaptionedEvent) -> CaptionedEvent:
    """The hull, with the words of the longer of the two."""
    longer, other = (a, b) if a.span.duration_s >= b.span.duration_s else (b, a)
    return CaptionedEvent(span=hull(a.span, b.span), action=longer.action or other.action, caption=longer.caption or other.caption)
