"""An outcome beside the truth: right, wrong, or no answer."""

from __future__ import annotations

from typing import Any

import pytest

from medvid.core.span import Span
from medvid.medvidbench.verdict import judge
from medvid.simulate import Event, Truth, make_procedure

VIDEO_ID = "0123456789abcdef"
TRUTH = make_procedure(5, "cholecystectomy")


def event_of(action: str, truth: Truth = TRUTH) -> Event:
    return next(event for event in truth.events if event.action == action)


def outcome(result: Any, span: Span, status: str = "ok") -> dict[str, Any]:
    look = {"start_s": span.start_s, "end_s": span.end_s, "fps": 2.0, "frames": max(1, round(span.duration_s * 2))}
    evidence = {"video_id": VIDEO_ID, "span": span.model_dump(), "looks": [look], "model": "fake", "feeding": "faithful"}
    return {"status": status, "result": result, "reason": None if status == "ok" else "why", "notes": [], "evidence": evidence}


def spans(*pairs: tuple[float, float]) -> dict[str, Any]:
    return {"spans": [{"start_s": start, "end_s": end} for start, end in pairs]}


CUT = event_of("cut the cystic duct")  # done in one go
WHOLE = Span.of(0.0, TRUTH.duration_s)
ARGS = {"action": "cut the cystic duct"}


def test_the_true_span_is_right_and_told() -> None:
    verdict = judge("localize_action", ARGS, outcome(spans((CUT.span.start_s, CUT.span.end_s)), WHOLE), TRUTH)
    assert verdict.right is True
    assert verdict.truth == f"{CUT.span.start_s:.1f}-{CUT.span.end_s:.1f} s"


def test_a_span_elsewhere_is_wrong() -> None:
    verdict = judge("localize_action", ARGS, outcome(spans((0.0, CUT.span.start_s)), WHOLE), TRUTH)
    assert verdict.right is False


def test_the_truth_is_cut_to_what_was_looked_at() -> None:
    before = Span.of(0.0, CUT.span.start_s)
    assert judge("localize_action", ARGS, outcome(None, before, "not_observed"), TRUTH).right is True
    assert judge("localize_action", ARGS, outcome(None, WHOLE, "not_observed"), TRUTH).right is False
    assert judge("localize_action", ARGS, outcome(None, before, "not_observed"), TRUTH).truth == "does not occur"


@pytest.mark.parametrize("status", ["unreadable", "out_of_scope", "not_assessable"])
def test_what_is_no_answer_is_neither_right_nor_wrong(status: str) -> None:
    assert judge("localize_action", ARGS, outcome(None, WHOLE, status), TRUTH).right is None


def test_boxes_are_judged_in_source_pixels() -> None:
    times = [CUT.span.start_s, CUT.span.start_s + 1.0]
    boxes = [TRUTH.box_at(CUT.instrument, time_s) for time_s in times]
    track = [{"time_s": time_s, "box_px": list(box.root)} for time_s, box in zip(times, boxes, strict=True) if box is not None]
    assert len(track) == 2
    args = {"object": CUT.instrument, "every_s": 1.0}
    span = Span.of(times[0], times[0] + 2.0)
    assert judge("ground_object", args, outcome({"track": track}, span), TRUTH).right is True
    away = [{**item, "box_px": [0.0, 0.0, 4.0, 4.0]} for item in track]
    assert judge("ground_object", args, outcome({"track": away}, span), TRUTH).right is False


def test_a_caption_is_right_when_instrument_and_deed_are() -> None:
    box = TRUTH.box_at(CUT.instrument, CUT.span.start_s)
    assert box is not None
    args = {"box_px": list(box.root), "time_s": CUT.span.start_s}
    right = judge("caption_region", args, outcome({"text": "The scissors cuts the cystic duct."}, CUT.span), TRUTH)
    wrong = judge("caption_region", args, outcome({"text": "The clipper clips the cystic duct."}, CUT.span), TRUTH)
    assert right.truth.startswith("The scissors")
    assert (judge("caption_region", args, outcome({"text": right.truth}, CUT.span), TRUTH).right, wrong.right) == (True, False)


def test_scores_must_all_be_equal() -> None:
    state = TRUTH.cvs[-1]
    names = ("Two structures", "Cystic plate", "Hepatocystic triangle")
    true = dict(zip(names, state.scores, strict=True))
    off = {**true, "Cystic plate": (true["Cystic plate"] + 1) % 3}
    assert judge("assess_cvs", {}, outcome({"scores": true}, WHOLE), TRUTH).right is True
    assert judge("assess_cvs", {}, outcome({"scores": off}, WHOLE), TRUTH).right is False
