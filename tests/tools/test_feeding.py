from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from medvid.core.frames import Frames
from medvid.core.span import Box, Span
from medvid.engine.base import Profile
from medvid.engine.profiles import EMBEDDED, KNOWN, MEDVLM_1_0A_RL
from medvid.tools import feeding
from medvid.tools.published import GREEN
from medvid.tools.registry import TOOLS
from tests.tools.clips import CASE, VIDEO_ID

SIZE = (320, 240)


def frames(count: int, start_s: float = 0.0, fps: float = 1.0, size: tuple[int, int] = SIZE) -> Frames:
    return Frames(np.full((count, size[1], size[0], 3), 100, np.uint8), start_s + np.arange(count) / fps, fps)


def green(rgb: np.ndarray) -> list[int]:  # type: ignore[type-arg]
    """Green pixels of each picture."""
    return [int(count) for count in (rgb == GREEN).all(axis=3).sum(axis=(1, 2))]


@pytest.mark.parametrize(
    ("source", "embedded", "published"),
    [
        # 320 x 240 = 76800 px is (20/7)^2 x 9408, so the sides are exactly 112 and 84, which a square root must not miss.
        ((320, 240), (112, 84), (224, 168)),
        ((240, 320), (84, 112), (168, 224)),
        ((640, 480), (112, 84), (224, 168)),
        # 1920 / sqrt(1920 x 1080 / 9408) = 129.3, floor to 4 x 28; 1080 -> 72.7, floor to 2 x 28.
        ((1920, 1080), (112, 56), (252, 140)),
        # below the least 4 x 784 px (8 x 784 for the published): 40 x 56 = sides up, to the next multiples that reach it.
        ((40, 40), (56, 56), (84, 84)),
    ],
)
def test_fed_sizes_follow_the_smart_resize_rule(source: tuple[int, int], embedded: tuple[int, int], published: tuple[int, int]) -> None:
    assert feeding.fed_size(source, EMBEDDED) == embedded
    assert feeding.fed_size(source, MEDVLM_1_0A_RL) == published


def test_a_drawn_line_is_eight_source_pixels_wide() -> None:
    assert feeding.line_px((320, 240), (320, 240)) == 8
    assert feeding.line_px((320, 240), (112, 84)) == 3  # 8 x 0.35 = 2.8
    assert feeding.line_px((4000, 3000), (112, 84)) == 1


def test_a_box_is_drawn_on_one_picture_with_its_line_inside() -> None:
    rgb = np.full((3, 84, 112, 3), 100, np.uint8)
    drawn = feeding.draw_box(rgb, Box.of(10, 20, 40, 50), 1, 3)
    # The ring of a 30 x 30 box that is 3 px wide: 900 - 24 x 24.
    assert green(drawn) == [0, 900 - 576, 0]
    ys, xs = np.nonzero((drawn[1] == GREEN).all(axis=2))
    assert (xs.min(), xs.max(), ys.min(), ys.max()) == (10, 39, 20, 49)
    assert green(rgb) == [0, 0, 0]


def test_a_box_at_the_edge_stays_in_the_picture() -> None:
    drawn = feeding.draw_box(np.zeros((1, 84, 112, 3), np.uint8), Box.of(-5, 80, 130, 84), 0, 1)
    assert green(drawn)[0] > 112


@pytest.mark.parametrize(
    ("start_s", "end_s", "fps", "count"), [(0, 16, 1, 16), (3, 19.3, 1, 17), (0, 16, 0.5, 8), (5, 5, 1, 1), (0, 0.3, 10, 3)]
)
def test_frames_are_shown_from_the_start_and_before_the_end(start_s: float, end_s: float, fps: float, count: int) -> None:
    assert feeding.count_frames(Span.of(start_s, end_s), fps) == count
    times_s = feeding.sample_times(start_s, fps, count)
    assert times_s[0] == start_s
    assert times_s[-1] < end_s or count == 1


def test_a_request_speaks_clip_time_and_checkpoint_pixels() -> None:
    tool = TOOLS["caption_region"]
    args = tool.args_type(video_id=VIDEO_ID, span=Span.of(3, 19), box_px=Box.of(100, 40, 200, 120), time_s=5.2)  # type: ignore[call-arg]
    request = feeding.make_request(tool, args, CASE, frames(16, 3.0), SIZE, EMBEDDED)
    assert "2.2 seconds" in request.question
    assert "from 0.0 to 16.0 seconds" in request.question
    assert request.origin is not None
    name, said = request.origin
    assert name == "caption_region"
    assert said["box_px"] == pytest.approx([35, 14, 70, 42])  # x 0.35
    assert said["span"] == {"start_s": 0.0, "end_s": 16.0}
    # The frame nearest to 5.2 s is the one at 5 s, the third.
    assert [count > 0 for count in green(request.frames.rgb)] == [False, False, True] + [False] * 13
    assert request.frames.size == request.clip.fed_size == (112, 84)
    assert request.told_fps == 1.0


@pytest.mark.parametrize("profile", [EMBEDDED, MEDVLM_1_0A_RL, *(profile for _, profile in KNOWN)], ids=lambda profile: profile.name)
def test_every_model_is_shown_the_box_of_a_region(profile: Profile) -> None:
    tool = TOOLS["caption_region"]
    args = tool.args_type(video_id=VIDEO_ID, box_px=Box.of(100, 40, 200, 120), time_s=1)  # type: ignore[call-arg]
    shown = feeding.make_request(tool, args, CASE, frames(4), SIZE, profile).frames.rgb
    assert [count > 0 for count in green(shown)] == [False, True, False, False]


def test_boxes_of_a_checkpoint_that_speaks_source_pixels_are_left_alone() -> None:
    tool = TOOLS["caption_region"]
    args = tool.args_type(video_id=VIDEO_ID, box_px=Box.of(100, 40, 200, 120), time_s=0)  # type: ignore[call-arg]
    request = feeding.make_request(tool, args, CASE, frames(4), SIZE, MEDVLM_1_0A_RL)
    assert request.origin is not None
    assert list(request.origin[1]["box_px"]) == [100, 40, 200, 120]


def test_the_question_ends_where_the_span_asked_for_ends() -> None:
    tool = TOOLS["ground_object"]
    args = tool.args_type(video_id=VIDEO_ID, span=Span.of(3, 6.5), object="hook")  # type: ignore[call-arg]
    request = feeding.make_request(tool, args, CASE, frames(4, 3.0), SIZE, EMBEDDED)
    assert "from 0.0 to 3.5 seconds" in request.question


def test_frames_that_are_fed_already_are_not_resized_again() -> None:
    tool = TOOLS["predict_next"]
    fed = frames(4, size=(112, 84))
    request = feeding.make_request(tool, tool.args_type(video_id=VIDEO_ID), CASE, fed, SIZE, EMBEDDED)
    assert request.frames.rgb is fed.rgb
    assert request.clip.source_size == SIZE


def test_a_clips_id_changes_with_all_that_the_model_is_shown() -> None:
    plain = feeding.clip_for(frames(4), VIDEO_ID, SIZE, EMBEDDED).id
    other = frames(4).rgb.copy()
    other[3, 0, 0, 0] += 1
    ids = {
        plain,
        feeding.clip_for(frames(4).with_rgb(other), VIDEO_ID, SIZE, EMBEDDED).id,
        feeding.clip_for(frames(4, 1.0), VIDEO_ID, SIZE, EMBEDDED).id,
        feeding.clip_for(frames(4, fps=2.0), VIDEO_ID, SIZE, EMBEDDED).id,
        feeding.clip_for(frames(4), "f" * 16, SIZE, EMBEDDED).id,
    }
    assert len(ids) == 5
    assert feeding.clip_for(frames(4), VIDEO_ID, SIZE, replace(EMBEDDED, name="another")).id == plain
