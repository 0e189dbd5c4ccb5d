"""Published feeding, derived by hand from what is known of the published inference: sizes, the box, frame counts, values of pictures."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from medvid.core.errors import ConfigError
from medvid.core.frames import Frames
from medvid.core.span import Box, Span, TimedBox
from medvid.engine.profiles import EMBEDDED, KNOWN, MEDVLM_1_0A_RL
from medvid.engine.stack import resize_stack
from medvid.tools import feeding
from medvid.tools.published import GREEN, first_size, publish, second_size
from medvid.tools.registry import TOOLS
from tests.tools.clips import CASE, VIDEO_ID

SEVEN_B = MEDVLM_1_0A_RL


def grey(count: int, size: tuple[int, int]) -> np.ndarray:  # type: ignore[type-arg]
    return np.full((count, size[1], size[0], 3), 100, np.uint8)


def corners(picture: np.ndarray) -> tuple[int, int, int, int]:  # type: ignore[type-arg]
    """First and last column, first and last row that hold green."""
    ys, xs = np.nonzero((picture == GREEN).all(axis=2))
    return int(xs.min()), int(xs.max()), int(ys.min()), int(ys.max())


@pytest.mark.parametrize(
    ("source", "first"),
    [
        # At most 48 x 784 = 37,632 px. 1920 / sqrt(1920 x 1080 / 37632) = 258.7: 4 x 56; 1080 -> 145.5: 2 x 56. Faithfully: 252x140.
        ((1920, 1080), (224, 112)),
        ((1080, 1920), (112, 224)),
        # 854 / sqrt(854 x 480 / 37632) = 258.7: 4 x 56; 480 -> 145.4: 2 x 56.
        ((854, 480), (224, 112)),
        # 640 / sqrt(640 x 512 / 37632) = 216.9: 3 x 56; 512 -> 173.5: 3 x 56.
        ((640, 512), (168, 168)),
        # 150 / 56 = 2.68 -> 3; 100 / 56 = 1.79 -> 2: 168 x 112 = 18,816 px lie within the limits.
        ((150, 100), (168, 112)),
        # 20 / 56 -> 1 each: 56 x 56 = 3,136 px lie below 8 x 784 = 6,272; 20 x sqrt(6272 / 400) = 79.2 -> 2 x 56.
        ((20, 20), (112, 112)),
    ],
)
def test_the_first_resize_goes_to_multiples_of_56(source: tuple[int, int], first: tuple[int, int]) -> None:
    assert first_size(source, SEVEN_B) == first


@pytest.mark.parametrize(
    ("size", "count", "second"),
    [
        # total / frames x 2 = 180,633,600 / frames: 37,632, the most of a frame, at 4,800.
        ((224, 168), 2, (224, 168)),
        ((224, 168), 4_800, (224, 168)),
        # 180633600 / 4802 = 37616.3 < 37632: the sides shrink by 1.0002, to 223.95 and 167.96: 7 x 28 and 5 x 28.
        ((224, 168), 4_802, (196, 140)),
        # 224 x 112 = 25,088 px are below that longer: up to 7,200 frames.
        ((224, 112), 7_200, (224, 112)),
        ((224, 112), 7_202, (196, 84)),
        # From 180633600 / 6585.6 = 27,429 frames on the limit stays at 1.05 x 6,272 px: the sides shrink by sqrt(37632 / 6585.6) = 2.39, to
        # 93.7 and 70.3: 3 x 28 and 2 x 28.
        ((224, 168), 40_000, (84, 56)),
    ],
)
def test_the_second_resize_changes_nothing_up_to_thousands_of_frames(size: tuple[int, int], count: int, second: tuple[int, int]) -> None:
    assert second_size(size, count, SEVEN_B) == second


def test_a_frame_is_scaled_by_pillows_default_filter() -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (2, 96, 160, 3), dtype=np.uint8)
    fed, _ = feeding.feed(Frames(rgb, np.array([0.0, 1.0]), 1.0), VIDEO_ID, (160, 96), SEVEN_B, None, "published")
    # 160 / 56 = 2.86 -> 3; 96 / 56 = 1.71 -> 2.
    assert (fed.rgb == np.stack([np.asarray(Image.fromarray(picture).resize((168, 112))) for picture in rgb])).all()


def test_the_box_is_drawn_at_its_source_pixels_on_the_small_frame() -> None:
    shown = publish(grey(4, (224, 168)), SEVEN_B, Box.of(100.9, 40.2, 180.9, 120.7), 2)
    assert [bool((picture == GREEN).all(axis=2).any()) for picture in shown] == [False, False, True, False]
    # Pillow cuts the fractions off and takes the last pixel along: 81 x 81, its ring 8 px wide: 81 x 81 - 65 x 65.
    assert corners(shown[2]) == (100, 180, 40, 120)
    assert int((shown[2] == GREEN).all(axis=2).sum()) == 6561 - 4225


def test_a_box_beyond_the_small_frame_is_not_seen() -> None:
    assert not (publish(grey(2, (224, 168)), SEVEN_B, Box.of(800, 400, 1000, 600), 0) == GREEN).all(axis=3).any()


def test_with_a_box_portrait_frames_are_turned_by_270_degrees() -> None:
    rgb = np.random.default_rng(1).integers(0, 256, (2, 224, 168, 3), dtype=np.uint8)
    turned = publish(rgb, SEVEN_B, Box.of(0, 0, 10, 10), 0)
    assert turned.shape == (2, 168, 224, 3)
    assert (turned[1] == np.asarray(Image.fromarray(rgb[1]).rotate(270, expand=True))).all()
    assert corners(turned[0]) == (0, 10, 0, 10), "drawn after the turn"
    assert publish(rgb, SEVEN_B).shape == rgb.shape, "without a box they stand as they are"


@pytest.mark.parametrize(("count", "fed"), [(1, 2), (2, 2), (5, 6)])
def test_an_odd_count_repeats_the_last_frame(count: int, fed: int) -> None:
    rgb = np.arange(count, dtype=np.uint8)[:, None, None, None] + grey(count, (56, 112))
    shown = publish(rgb, SEVEN_B)
    assert len(shown) == fed
    assert (shown[-1] == rgb[-1]).all() and (shown[:count] == rgb).all()


def test_the_second_resize_is_torchs_antialiased_bicubic() -> None:
    """Halved, a step of 200 between columns 27 and 28. The kernel (a = -1/2) at 1/4, 3/4, 5/4, 7/4, halved: .4336, .1133, -.0352, -.0117.
    Column 13 sees 200 x (.1133 - .0352 - .0117) = 13.3, column 14 the rest of 200; 12 sees -2.3, clamped; 15 sees 202.3."""
    rgb = np.zeros((1, 56, 56, 3), np.uint8)
    rgb[:, :, 28:] = 200
    half = resize_stack(rgb, (28, 56))
    assert half.shape == (1, 56, 28, 3)
    assert half[0, 10, 11:17, 1].tolist() == [0, 0, 13, 187, 202, 200]
    assert resize_stack(rgb, (56, 56)) is rgb


def test_a_request_tells_no_rate_and_the_clip_stands_at_the_true_times() -> None:
    tool = TOOLS["caption_region"]
    shown = Frames(grey(5, (640, 512)), 3.0 + np.arange(5) / 0.5, 0.5)
    args = tool.args_type(video_id=VIDEO_ID, span=Span.of(3, 13), box_px=Box.of(100, 40, 180, 120), time_s=5.2)  # type: ignore[call-arg]
    request = feeding.make_request(tool, args, CASE, shown, (640, 512), SEVEN_B, "published")
    assert request.told_fps is None and len(request.frames) == 6
    assert (request.clip.times_s, request.clip.fps) == ((3, 5, 7, 9, 11), 0.5), "the frame that is repeated stands nowhere else"
    assert request.frames.size == request.clip.fed_size == (168, 168)
    assert [bool((picture == GREEN).all(axis=2).any()) for picture in request.frames.rgb] == [False, True, False, False, False, False]
    faithful = feeding.make_request(tool, args, CASE, shown, (640, 512), SEVEN_B)
    assert faithful.told_fps == 0.5 and len(faithful.frames) == 5
    # The same box at its place: 640 x 512 is fed as 196 x 168, so 100 -> 30.6 and 180 -> 55.1; the line is round(8 x 0.306) = 2 px wide.
    assert corners(faithful.frames.rgb[1])[:2] == (31, 54)
    assert faithful.question == request.question


def test_the_clips_id_holds_the_feeding() -> None:
    fed = Frames(grey(2, (56, 112)), np.array([0.0, 1.0]), 1.0)
    ids = {feeding.feed(fed, VIDEO_ID, (56, 112), replace(EMBEDDED), None, how)[1].id for how in ("faithful", "published")}
    assert len(ids) == 2


@pytest.mark.parametrize("profile", [profile for _, profile in KNOWN if profile.factor == 32], ids=lambda profile: profile.name)
def test_a_checkpoint_whose_feeding_nobody_published_is_refused(profile: object) -> None:
    with pytest.raises(ConfigError, match="multiples of 32; use faithful feeding"):
        first_size((640, 480), profile)  # type: ignore[arg-type]


def test_a_timed_box_marks_the_frame_nearest_to_it() -> None:
    given = Frames(grey(3, (224, 168)), np.array([0.0, 4.0, 8.0]), 0.25)
    box = TimedBox(time_s=5.0, box_px=Box.of(10, 10, 60, 60))
    fed, _ = feeding.feed(given, VIDEO_ID, (224, 168), SEVEN_B, box, "published")
    assert [bool((picture == GREEN).all(axis=2).any()) for picture in fed.rgb] == [False, True, False, False]
