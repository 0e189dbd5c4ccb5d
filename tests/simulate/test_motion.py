"""Boxes say where instruments are drawn; hands show the skill that their scores say."""

import numpy as np
import pytest

from medvid.simulate import Truth, make_procedure
from medvid.simulate.motion import SHAFTS, pose
from medvid.simulate.render import picture
from medvid.simulate.stage import stage_of


def _coloured(truth: Truth, name: str, time_s: float) -> np.ndarray:
    """Which pixels have the colour of this instrument's shaft; smoke and the fall of the light change it a little."""
    rgb = picture(truth, time_s).rgb.astype(float)
    colour = np.array(SHAFTS[name], float)
    unit = rgb / np.linalg.norm(rgb, axis=2, keepdims=True).clip(1)
    near: np.ndarray = (unit @ (colour / np.linalg.norm(colour)) > 0.995) & (rgb.max(2) > 60)
    return near


@pytest.mark.parametrize(("kind", "name"), [("cholecystectomy", "clipper"), ("cholecystectomy", "scissors"), ("suturing", "needle driver")])
def test_an_instrument_at_work_is_painted_inside_its_box_and_nowhere_else(kind: str, name: str) -> None:
    truth = make_procedure(11, kind)
    for event in [event for event in truth.events if event.instrument == name]:
        time_s = (event.span.start_s + event.span.end_s) / 2
        box = truth.box_at(name, time_s)
        assert box is not None
        x1, y1, x2, y2 = (round(value) for value in box.root)
        painted = _coloured(truth, name, time_s)
        assert painted[y1:y2, x1:x2].sum() > 300
        assert painted[y1:y2, x1:x2].sum() > 0.97 * painted.sum()


def test_an_instrument_is_out_of_view_long_before_it_is_needed_and_of_another_kind_always() -> None:
    truth = make_procedure(11, "cholecystectomy")
    assert truth.box_at("irrigator", 1.0) is None
    assert truth.box_at("needle driver", 1.0) is None
    assert truth.box_at("hook", truth.duration_s + 1) is None


def test_boxes_lie_within_the_frame() -> None:
    truth = make_procedure(5, "suturing")
    boxes = [truth.box_at(name, time_s) for name in truth.instruments for time_s in np.arange(0, truth.duration_s, 1.7)]
    seen = [box for box in boxes if box is not None]
    assert len(seen) > 50
    assert all(box.root[0] >= 0 and box.root[1] >= 0 and box.root[2] <= 320 and box.root[3] <= 240 for box in seen)


def test_the_hand_of_a_poor_time_and_motion_score_trembles_more() -> None:
    def tremble(score: int) -> float:
        seeds = [seed for seed in range(2, 200, 3) if (skill := make_procedure(seed).skill) and skill[2] == score][:4]
        stages = [stage_of(seed, "suturing") for seed in seeds]
        steps = [np.array([pose(stage, "forceps", 40 + i / 10).tip for i in range(60)]) for stage in stages]
        return float(np.mean([np.abs(np.diff(path, n=2, axis=0)).mean() for path in steps]))

    assert tremble(1) > 1.5 * tremble(3) > 1.5 * 1.5 * tremble(5)
