"""The text of an answer stands alone."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, JsonValue

from medvid.core.outcome import Evidence, Look, Outcome, Reliability
from medvid.core.plan import Plan, Step
from medvid.core.run import Answer, Failure, Run, Statement
from medvid.core.span import Box, Span, TimedBox, Track
from medvid.mcp_server.texts import evidence_moments, frame_uri, outcome_text, run_text

VIDEO = "0123456789abcdef"


class Spans(BaseModel):
    spans: tuple[Span, ...]


class Grounding(BaseModel):
    track: Track


class Scores(BaseModel):
    scores: dict[str, int]


class Event(BaseModel):
    span: Span
    action: str | None
    caption: str


class Events(BaseModel):
    events: tuple[Event, ...]


def evidence(**changes: Any) -> Evidence:
    seen = {"video_id": VIDEO, "span": Span.of(0, 60), "looks": (), "model": "tiny", "feeding": "faithful", **changes}
    return Evidence.model_validate(seen)


def ok(result: BaseModel, **changes: Any) -> Outcome[Any]:
    return Outcome[Any](status="ok", result=result, evidence=evidence(), **changes)


def test_spans_are_seconds_and_point_to_the_frame_in_their_middle() -> None:
    lines = outcome_text("localize_action", ok(Spans(spans=(Span.of(12, 14.5),)))).splitlines()
    assert lines[0] == f"localize_action on video {VIDEO}, 0.0-60.0 s: ok."
    assert "spans: 12.0-14.5 s" in lines
    assert f"Frames to look at: video://{VIDEO}/frame/13250" in lines


def test_a_track_is_a_line_a_box() -> None:
    track = Track((TimedBox(time_s=3, box_px=Box.of(1, 2, 117.537, 4)), TimedBox(time_s=4, box_px=Box.of(1, 2, 3, 4))))
    text = outcome_text("ground_object", ok(Grounding(track=track)))
    assert "\n3.0 s: [1, 2, 117.54, 4]\n4.0 s: [1, 2, 3, 4]\n" in text
    assert "pixels" in text


def test_events_are_a_line_each_and_a_missing_action_is_left_out() -> None:
    named = Event(span=Span.of(1, 2), action="cut", caption="It cuts.")
    unnamed = Event(span=Span.of(3, 4), action=None, caption="Smoke.")
    text = outcome_text("caption_events", ok(Events(events=(named, unnamed))))
    assert "\nevents: 2\n1.0-2.0 s: cut: It cuts.\n3.0-4.0 s: Smoke.\n" in text


def test_scores_are_named() -> None:
    assert "\nscores:\nCystic plate: 1\n" in outcome_text("assess_cvs", ok(Scores(scores={"Cystic plate": 1})))


def test_notes_looks_and_reliability_are_said() -> None:
    card = Reliability(qa_type="tal", metric="R@0.5")
    seen = evidence(looks=(Look(start_s=0, end_s=30, fps=0.5, frames=15),), reliability=(card,))
    outcome = Outcome[Any](status="ok", result=Spans(spans=()), notes=("procedure not declared",), evidence=seen)
    text = outcome_text("localize_action", outcome)
    assert "Note: procedure not declared" in text
    assert "Looked at 0.0-30.0 s, 15 frames at 0.5 frames a second." in text
    assert "Reliability of tal: R@0.5: not measured in faithful mode" in text
    assert "spans: none" in text


@pytest.mark.parametrize("status", ["not_observed", "not_assessable", "out_of_scope", "unreadable"])
def test_what_is_not_ok_gives_its_reason_and_no_result(status: str) -> None:
    outcome = Outcome[Any].model_validate({"status": status, "reason": "too dark; choose a brighter span", "evidence": evidence()})
    text = outcome_text("localize_action", outcome)
    assert text.splitlines()[0].endswith(f": {status.replace('_', ' ')}.")
    assert "Reason: too dark; choose a brighter span" in text
    assert "Frames to look at" not in text


def test_of_many_times_the_first_the_middle_and_the_last_are_named() -> None:
    track = Track(tuple(TimedBox(time_s=second, box_px=Box.of(0, 0, 1, 1)) for second in range(9)))
    box = [0.0, 0.0, 1.0, 1.0]
    assert evidence_moments(Grounding(track=track)) == [(0.0, box), (4.0, box), (8.0, box)]


def test_a_frames_address_counts_milliseconds() -> None:
    assert frame_uri(VIDEO, 12.3456) == f"video://{VIDEO}/frame/12346"


def test_a_run_says_what_each_step_found() -> None:
    plan = Plan(
        steps=(
            Step(id="clipped", tool="localize_action", args={"action": "clip"}),
            Step(id="earliest", op="first", args={"spans": "$clipped.spans"}),
            Step(id="view", tool="assess_cvs"),
        )
    )
    seen = {"video_id": VIDEO, "span": {"start_s": 0.0, "end_s": 60.0}}
    span: JsonValue = {"start_s": 12.0, "end_s": 14.5}
    found: dict[str, JsonValue] = {"status": "ok", "result": {"spans": [span]}, "reason": None, "evidence": seen}
    unseen: dict[str, JsonValue] = {"status": "not_assessable", "result": None, "reason": "too dark", "evidence": seen}
    run = Run(
        id="r1", question="When?", plan=plan, outcomes={"clipped": [found], "view": [unseen]}, values={"earliest": span},
        answer=Answer(text="At 12.0-14.5 s. [clipped]", statements=(Statement(text="At 12.0-14.5 s.", step="clipped"),)),
    )  # fmt: skip
    assert run_text(run).splitlines() == [
        "Question: When?",
        "At 12.0-14.5 s. [clipped]",
        f'clipped = localize_action over 0.0-60.0 s of video {VIDEO}: ok: {{"spans": [{{"start_s": 12.0, "end_s": 14.5}}]}}',
        'earliest = first: {"start_s": 12.0, "end_s": 14.5}',
        f"view = assess_cvs over 0.0-60.0 s of video {VIDEO}: not assessable: too dark",
        "Run r1.",
    ]


def test_a_long_result_under_an_answer_is_shortened_and_says_so() -> None:
    plan = Plan(steps=(Step(id="a", op="first"),))
    text = run_text(Run(id="r1", question="When?", plan=plan, values={"a": "x" * 5000}))
    assert "(5002 characters in the structured content)" in text
    assert len(text) < 2000


def test_a_failed_step_is_told() -> None:
    run = Run(id="r1", question="When?", plan=Plan(steps=()), failures={"clipped": [Failure(kind="engine", message="out of memory")]})
    assert "Step clipped failed: out of memory" in run_text(run)
