"""Operations: arithmetic on spans, pure functions on JSON values. Arithmetic is not a language model's job.

null is empty: an operation on nothing gives null, 0 or 0.0, never an invented span. Each operation carries the JSON schema of what it takes
and of what it gives, so that a plan can be checked before it runs. Source of the span's form: docs/formats.md, "Times and boxes".
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, TypeAlias

from medvid.core import Span

Json: TypeAlias = Any
Schema: TypeAlias = dict[str, Any]

SECONDS: Schema = {"type": "number", "minimum": 0}
SPAN: Schema = {
    "type": "object", "properties": {"start_s": SECONDS, "end_s": SECONDS}, "required": ["start_s", "end_s"], "additionalProperties": False,
}  # fmt: skip
SPANS: Schema = {"type": "array", "items": SPAN}
SHARE: Schema = {"type": "number", "minimum": 0, "maximum": 1}


@dataclass(frozen=True, slots=True)
class Operation:
    """says: one line for people. takes: a schema for each argument, all needed. gives: the schema of the value."""

    name: str
    says: str
    takes: dict[str, Schema]
    gives: Schema
    run: Callable[..., Json]

    @property
    def input_schema(self) -> Schema:
        takes = {name: or_null(schema) for name, schema in self.takes.items()}
        return {"type": "object", "properties": takes, "required": list(takes), "additionalProperties": False}


def or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def before(span: Json) -> Json:
    """From the video's start to the span's start; null where nothing lies before."""
    return None if span is None or span["start_s"] <= 0 else _json(Span.of(0.0, span["start_s"]))


def after(span: Json, duration_s: float | None) -> Json:
    """From the span's end to the video's end; null where nothing lies after."""
    if span is None or duration_s is None or span["end_s"] >= duration_s:
        return None
    return _json(Span.of(span["end_s"], duration_s))


def between(a: Json, b: Json) -> Json:
    """From the end of the one that starts earlier to the start of the other; null where they touch or overlap."""
    if a is None or b is None:
        return None
    earlier, later = sorted((Span.model_validate(a), Span.model_validate(b)), key=_order)
    return _json(Span.of(earlier.end_s, later.start_s)) if earlier.end_s < later.start_s else None


def longest(spans: Json) -> Json:
    """The longest span; of equal ones the first."""
    return _json(min(_spans(spans), key=lambda span: (-span.duration_s, *_order(span)), default=None))


def nth(spans: Json, n: int | None) -> Json:
    """The span that starts as the n-th, counted from 1; null where there are fewer."""
    return _json(dict(enumerate(sorted(_spans(spans), key=_order), 1)).get(n or 0))


def union(a: Json, b: Json) -> Json:
    """What either covers, in order, joined where they touch or overlap."""
    joined: list[Span] = []
    for span in sorted([*_spans(a), *_spans(b)], key=_order):
        touched = joined.pop() if joined and span.start_s <= joined[-1].end_s else span
        joined.append(Span.of(touched.start_s, max(touched.end_s, span.end_s)))
    return list(map(_json, joined))


def intersect(a: Json, b: Json) -> Json:
    """What both cover, in order. Spans that only touch share nothing."""
    ours, theirs = ([Span.model_validate(span) for span in union(spans, [])] for spans in (a, b))
    shared = (one.cut(other) for one in ours for other in theirs)
    return [_json(span) for span in shared if span is not None and span.duration_s > 0]


def gaps(spans: Json, within: Json) -> Json:
    """What of a stretch the spans leave free, in order; nothing of no stretch."""
    if within is None:
        return []
    whole = Span.model_validate(within)
    taken = [Span.model_validate(span) for span in intersect(spans, [within])]
    edges = [whole.start_s, *(edge for span in taken for edge in (span.start_s, span.end_s)), whole.end_s]
    return [_json(Span.of(start, end)) for start, end in zip(edges[::2], edges[1::2], strict=True) if end > start]


def order(a: Json, b: Json) -> str | None:
    """Which starts first: `a`, `b`, or `together`; null where one of them is empty."""
    one, other = nth(a, 1), nth(b, 1)
    if one is None or other is None:
        return None
    return "a" if one["start_s"] < other["start_s"] else "b" if other["start_s"] < one["start_s"] else "together"


def share(spans: Json, of: Json) -> float | None:
    """The share of what `of` covers that the spans cover too, in [0, 1]; null where `of` covers nothing."""
    whole = total_duration(of)
    return total_duration(intersect(spans, of)) / whole if whole > 0 else None


def windows(span: Json, step_s: float | None) -> Json:
    """The stretch cut into windows of this length, in order; the last is what is left."""
    if span is None or not step_s:
        return []
    whole = Span.model_validate(span)
    starts = [whole.start_s + i * step_s for i in range(ceil(whole.duration_s / step_s - 1e-6))]
    return [_json(Span.of(start, min(start + step_s, whole.end_s))) for start in starts]


def total_duration(spans: Json) -> float:
    """Seconds covered; a second covered twice counts once."""
    return sum((span["end_s"] - span["start_s"] for span in union(spans, [])), 0.0)


def _spans(spans: Json) -> Sequence[Span]:
    return [Span.model_validate(span) for span in spans or () if span is not None]


def _order(span: Span) -> tuple[float, float]:
    return span.start_s, span.end_s


def _json(span: Span | None) -> Json:
    return None if span is None else span.model_dump()


OPS: dict[str, Operation] = {
    operation.name: operation
    for operation in (
        Operation("before", "the stretch before a span", {"span": SPAN}, or_null(SPAN), before),
        Operation("after", "the stretch after a span", {"span": SPAN, "duration_s": SECONDS}, or_null(SPAN), after),
        Operation("between", "the stretch between two spans", {"a": SPAN, "b": SPAN}, or_null(SPAN), between),
        Operation("first", "the span that starts first", {"spans": SPANS}, or_null(SPAN), lambda spans: nth(spans, 1)),
        Operation("last", "the span that starts last", {"spans": SPANS}, or_null(SPAN), lambda spans: nth(spans, len(_spans(spans)))),
        Operation("nth", "the span that starts as the n-th", {"spans": SPANS, "n": {"type": "integer", "minimum": 1}}, or_null(SPAN), nth),
        Operation("longest", "the longest span", {"spans": SPANS}, or_null(SPAN), longest),
        Operation("union", "what either list covers", {"a": SPANS, "b": SPANS}, SPANS, union),
        Operation("intersect", "what both lists cover", {"a": SPANS, "b": SPANS}, SPANS, intersect),
        Operation("gaps", "what spans leave free of a stretch", {"spans": SPANS, "within": SPAN}, SPANS, gaps),
        Operation("order", "which of two starts first", {"a": SPANS, "b": SPANS}, or_null({"enum": ["a", "b", "together"]}), order),
        Operation("share", "the share that spans cover of others", {"spans": SPANS, "of": SPANS}, or_null(SHARE), share),
        Operation("windows", "a stretch in windows", {"span": SPAN, "step_s": {"type": "number", "minimum": 1}}, SPANS, windows),
        Operation("count", "how many spans", {"spans": SPANS}, {"type": "integer", "minimum": 0}, lambda spans: len(_spans(spans))),
        Operation("total_duration", "the seconds that spans cover", {"spans": SPANS}, SECONDS, total_duration),
    )
}
