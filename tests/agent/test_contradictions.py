"""Outcomes that cannot all be right: each rule finds its case, is silent beside it, and is shown with both steps."""

from __future__ import annotations

from typing import Any

import pytest

from medvid.agent.answer import Told, compose
from medvid.agent.contradictions import contradictions
from medvid.agent.ledger import Ledger
from medvid.core import Plan, Step
from tests.agent.fake import VIDEO_ID, listing, not_observed, outcome

DUCT = "clip the cystic duct"
POINTS = {"scores": {"Two structures": 2, "Cystic plate": 0, "Hepatocystic triangle": 1}}


def step(step_id: str, tool: str, **args: Any) -> Step:
    return Step(id=step_id, tool=tool, args={"video_id": VIDEO_ID, **args})


LOCALIZE, EVENTS, CVS = step("a", "localize_action", action=DUCT), step("e", "caption_events"), step("v", "assess_cvs")
GROUND = step("g", "ground_object", object="hook", every_s=2.0)
REGION = step("r", "caption_region", box_px="$g.track[0].box_px", time_s="$g.track[0].time_s")


def span(start_s: float, end_s: float) -> dict[str, float]:
    return {"start_s": start_s, "end_s": end_s}


def events(*told: tuple[str, float, float], within: Any = None) -> Any:
    return outcome({"events": [{"span": span(a, b), "action": action, "caption": ""} for action, a, b in told]}, span=within)


def found(*given: tuple[Step, Any]) -> list[str]:
    ledger = Ledger(Plan(steps=tuple(step for step, _ in given)))
    contents = {step.id: content for step, content in given}
    while calls := ledger.advance(budget=60):
        for call in calls:
            ledger.calls.setdefault(call.step, {})[str(call.index)] = {"content": contents[call.step]}
    told = contradictions(ledger)
    answer = compose("?", ledger, [listing()], told=Told(contradictions=told))
    assert [statement.text for statement in answer.statements[len(answer.statements) - len(told) :]] == [
        f"These cannot both be right: {said.text}." for said in told
    ]
    return [said.text for said in told]


TRACK = {"track": [{"time_s": 1.0, "box_px": [1, 2, 3, 4]}]}
CLIPPED = outcome({"spans": [span(30, 36)]})


def test_what_one_localised_where_events_name_it_elsewhere_only() -> None:
    assert found((LOCALIZE, CLIPPED), (EVENTS, events((DUCT, 60, 66)))) == [
        "“clip the cystic duct” is at 30.0-36.0 s by localize_action (a), but caption_events (e) has it only at 60.0-66.0 s"
    ]
    assert found((LOCALIZE, CLIPPED), (EVENTS, events((DUCT, 60, 66), (DUCT, 34, 38)))) == []
    assert found((LOCALIZE, CLIPPED), (EVENTS, events((DUCT, 60, 66), within=span(40, 90)))) == [], "the events did not look there"
    assert found((LOCALIZE, CLIPPED), (EVENTS, events(("cut the cystic duct", 60, 66)))) == [], "leaving it out is no denial"


def test_what_events_name_where_a_look_for_it_observed_nothing() -> None:
    assert found((LOCALIZE, not_observed()), (EVENTS, events((DUCT, 60, 66)))) == [
        "“clip the cystic duct” is at 60.0-66.0 s by caption_events (e), but localize_action (a) observed nothing of it within 0.0-90.0 s"
    ]
    assert found((LOCALIZE, not_observed(span(0, 50))), (EVENTS, events((DUCT, 60, 66)))) == []


def test_a_clip_before_the_dissection_that_the_events_put_later() -> None:
    late = ("dissect the hepatocystic triangle", 40, 60)
    assert found((LOCALIZE, CLIPPED), (EVENTS, events(late))) == [
        "“clip the cystic duct” is at 30.0-36.0 s by localize_action (a), but caption_events (e) puts the dissection later, at 40.0-60.0 s"
    ]
    assert found((LOCALIZE, CLIPPED), (EVENTS, events(("dissect the hepatocystic triangle", 2, 9), late))) == []
    assert found((LOCALIZE, CLIPPED), (EVENTS, events(late, within=span(25, 90)))) == [], "the beginning was not seen"


def test_points_of_the_critical_view_before_anything_was_dissected() -> None:
    view = outcome(POINTS, span=span(0, 30))
    assert found((CVS, view), (EVENTS, events(("dissect the hepatocystic triangle", 40, 60)))) == [
        "the critical view has points at 0.0-30.0 s by assess_cvs (v), but caption_events (e) puts the dissection later, at 40.0-60.0 s"
    ]
    nothing = outcome({"scores": dict.fromkeys(POINTS["scores"], 0)}, span=span(0, 30))
    assert found((CVS, nothing), (EVENTS, events(("dissect the hepatocystic triangle", 40, 60)))) == []


@pytest.mark.parametrize(
    ("reason", "count"), [("0.0-30.0 s is too dark: mean luma 2.0 of 255, below 10", 1), ("too long for assess_cvs", 0)]
)
def test_scores_of_a_stretch_that_another_look_found_too_dark(reason: str, count: int) -> None:
    dark = outcome(status="not_assessable", reason=reason, span=span(0, 50))
    told = found((CVS, outcome(POINTS, span=span(0, 30))), (LOCALIZE, dark))
    assert len(told) == count
    assert all(text.endswith("but localize_action (a) found that stretch too dark to assess") for text in told)


@pytest.mark.parametrize(
    ("thing", "caption", "named"),
    [
        ("hook", "The clipper clips the cystic duct.", "clipper"),
        ("hook", "The electrocautery hook is idle.", None),
        ("hook", "The tissue is held.", None),
        ("hook", "The hook and the grasper work together.", None),
        ("gallbladder", "The grasper holds it.", None),
        ("grasper", "The forceps hold the gallbladder.", None),
    ],
)
def test_a_region_whose_caption_names_another_instrument_than_was_grounded(thing: str, caption: str, named: str | None) -> None:
    told = found((step("g", "ground_object", object=thing, every_s=2.0), outcome(TRACK)), (REGION, outcome({"text": caption})))
    expected = f"what is in the box is the {thing} by ground_object (g), but caption_region (r) names the {named} there"
    assert told == ([expected] if named else [])


def test_nothing_of_another_video_contradicts() -> None:
    other = Step(id="e", tool="caption_events", args={"video_id": "f" * 16})
    content = events((DUCT, 60, 66))
    content["evidence"]["video_id"] = "f" * 16
    assert found((LOCALIZE, CLIPPED), (other, content)) == []
