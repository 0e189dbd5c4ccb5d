from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from medvid.core.clip import Clip
from medvid.core.span import Box, Span
from medvid.medvidbench.oracle import instrument_in, next_action, seen_events, true_result
from medvid.simulate import Truth, clip_of, make_procedure
from medvid.tools.registry import TOOLS

# The first 32 s of seed 4's cholecystectomy: dissect the hepatocystic triangle at 3.5-7.0, 10.0-16.5 and 18.5-24.0 s, clip the cystic
# duct at 26.0-32.0 s, then clip the cystic artery. CVS 0, 1, 0; from 13.25 s on 1, 2, 0.
WHOLE = make_procedure(4, "cholecystectomy")
DISSECT, CLIP = "dissect the hepatocystic triangle", "clip the cystic duct"


def clip_at(start_s: float, count: int, fps: float, **changes: Any) -> Clip:
    times_s = tuple(start_s + i / fps for i in range(count))
    clip = Clip("", "0" * 16, times_s, fps, True, (320, 240), (112, 84), "fed")
    return replace(clip, **changes)


def ask(tool: str, clip: Clip, truth: Truth = WHOLE, **own: Any) -> Any:
    args = TOOLS[tool].args_type.model_validate({"video_id": "0" * 16, "span": Span.of(0, clip.duration_s), **own})
    return true_result(tool, args, truth, clip)


def test_spans_are_cut_to_the_clip_and_count_from_its_first_frame() -> None:
    spans = ask("localize_action", clip_at(5.0, 9, 1.0), action=DISSECT).spans  # shows 5 to 14 s
    assert [(span.start_s, span.end_s) for span in spans] == [(0.0, 2.0), (5.0, 9.0)]


def test_an_action_is_known_by_its_synonyms_too() -> None:
    assert ask("localize_action", clip_at(0.0, 20, 1.0), action="Clear the triangle") is not None


def test_what_does_not_occur_has_no_result() -> None:
    clip = clip_at(0.0, 20, 1.0)
    assert ask("localize_action", clip, action="pack the gallbladder") is None
    assert ask("localize_action", clip, action="play the violin") is None
    assert ask("ground_object", clip, object="irrigator", every_s=4.0) is None
    assert ask("caption_events", clip_at(0.0, 3, 1.0)) is None
    assert ask("assess_skill", clip) is None


def test_a_piece_below_half_a_frame_step_is_not_seen() -> None:
    # One frame a second from 3.4 s: the event that ends at 7.0 s leaves 0.6 s to a clip from 6.4 s, and 0.4 s to one from 6.6 s.
    assert [e.action for e in seen_events(WHOLE, clip_at(6.4, 3, 1.0), Span.of(0, 99))] == [DISSECT]
    assert seen_events(WHOLE, clip_at(6.6, 3, 1.0), Span.of(0, 99)) == []


def test_a_piece_between_two_frames_is_not_seen() -> None:
    # At 0.5 frames a second from 4.8 s the last of three frames is at 8.8 s and stands for 8.8-10.8 s; the event from 10.0 s is not in it.
    assert [e.span for e in seen_events(WHOLE, clip_at(4.8, 3, 0.5), Span.of(0, 99))] == [Span.of(4.8, 7.0)]


def test_a_track_has_a_box_for_each_time_in_view_in_checkpoint_pixels() -> None:
    clip = clip_at(10.0, 6, 1.0)
    track = ask("ground_object", clip, object="the hook", every_s=2.0).track.root
    assert [item.time_s for item in track] == [0.0, 2.0, 4.0]
    for item in track:
        box = WHOLE.box_at("hook", 10.0 + item.time_s)
        assert box is not None
        # 320 x 240 source pixels are fed as 112 x 84: both sides times 0.35
        assert item.box_px.root == pytest.approx([0.35 * value for value in box.root])


def test_times_at_which_nothing_is_shown_are_left_out() -> None:
    seen = [t for t in range(8) if WHOLE.box_at("clipper", 22.0 + t)]
    assert 0 < len(seen) < 8, "choose a stretch in which the clipper comes into view"
    track = ask("ground_object", clip_at(22.0, 8, 1.0), object="clipper", every_s=1.0).track.root
    assert [item.time_s for item in track] == seen


@pytest.mark.parametrize(
    ("last_frame_s", "following"),
    [
        (2.0, DISSECT),  # nothing has begun
        (5.0, CLIP),
        (8.0, CLIP),  # another go at the triangle comes first, but it is the same step
        (25.0, CLIP),
        (26.0, "clip the cystic artery"),
        (WHOLE.duration_s - 0.5, None),
    ],
)
def test_the_next_step_is_another_one_than_the_last_begun(last_frame_s: float, following: str | None) -> None:
    assert next_action(WHOLE, clip_at(last_frame_s - 1.0, 2, 1.0)) == following


def test_the_next_step_is_known_past_the_end_of_a_file_that_is_a_piece() -> None:
    piece = clip_of(WHOLE, Span.of(20.0, 30.0))
    assert next_action(piece, clip_at(0.0, 10, 1.0)) == "clip the cystic artery"


def test_the_critical_view_is_that_of_the_last_frame() -> None:
    assert list(ask("assess_cvs", clip_at(5.0, 9, 1.0)).scores.values()) == [0, 1, 0]  # last frame at 13.0 s
    assert list(ask("assess_cvs", clip_at(5.0, 10, 1.0)).scores.values()) == [1, 2, 0]  # 14.0 s


def test_skill_is_that_of_the_procedure_and_a_bench_has_no_critical_view() -> None:
    bench = make_procedure(2, "suturing")
    assert bench.skill is not None
    assert tuple(ask("assess_skill", clip_at(5.0, 9, 1.0), bench).scores.values()) == bench.skill
    assert ask("assess_cvs", clip_at(5.0, 9, 1.0), bench) is None


def test_events_are_captioned_in_time_order() -> None:
    events = ask("caption_events", clip_at(20.0, 10, 1.0)).events
    assert [(event.action, event.span.start_s, event.span.end_s) for event in events] == [(DISSECT, 0.0, 4.0), (CLIP, 6.0, 10.0)]
    assert events[1].caption == "The clipper clips the cystic duct."


def test_a_region_is_told_by_the_instrument_in_the_box_over_the_interval() -> None:
    box = WHOLE.box_at("clipper", 28.0)
    assert box is not None
    clip = clip_at(20.0, 12, 1.0)
    fed = box.scaled(0.35, 0.35)
    assert ask("caption_region", clip, box_px=fed, time_s=8.0).text == "The clipper clips the cystic duct."
    assert ask("caption_region", clip, box_px=Box.of(0, 0, 2, 2), time_s=8.0) is None


def test_a_box_shows_the_instrument_that_it_overlaps_best() -> None:
    both = (t / 2 for t in range(60) if all(WHOLE.box_at(name, t / 2) for name in ("hook", "grasper")))
    time_s = next(both)
    for name in ("hook", "grasper"):
        box = WHOLE.box_at(name, time_s)
        assert box is not None
        assert instrument_in(box, WHOLE, time_s) == name


def test_a_model_that_reads_one_rate_counts_clip_seconds_by_frames() -> None:
    # Frames at 3.5, 4.5, 6.5, 7.5 s told as 1 a second: source 7.0 s, the event's end, lies half way between frames 2 and 3.
    clip = replace(clip_at(0.0, 4, 1.0), times_s=(3.5, 4.5, 6.5, 7.5), timestamps=False)
    (span,) = ask("localize_action", clip, action=DISSECT).spans
    assert (span.start_s, span.end_s) == pytest.approx((0.0, 2.5))
