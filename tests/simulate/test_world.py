"""Varied seeds differ a little from the usual world, shifted ones by more than any varied one; usual seeds not at all."""

import numpy as np
import pytest

from medvid.core import Span
from medvid.simulate import HELD_OUT_SEED, clip_of, from_tag, make_procedure, render, tag_of
from medvid.simulate.world import SHIFTED_SEED, SPREAD, VARIED_SEED, World, world_of


@pytest.mark.parametrize("seed", [0, VARIED_SEED - 1, HELD_OUT_SEED, SHIFTED_SEED - 1])
def test_seeds_of_training_and_of_the_held_out_set_stand_in_the_usual_world(seed: int) -> None:
    assert world_of(seed) == World()


def test_no_shifted_world_is_as_near_to_the_usual_one_as_any_varied_world() -> None:
    varied, shifted = ([world_of(first + i) for i in range(300)] for first in (VARIED_SEED, SHIFTED_SEED))
    for name in SPREAD:
        near, far = ([abs(np.log(getattr(world, name))) for world in worlds] for worlds in (varied, shifted))
        assert max(near) < 1.01 * SPREAD[name] < 1.25 * SPREAD[name] < min(far)
    assert max(world.shaft[3] for world in varied) < 0.31 < 0.38 < min(world.shaft[3] for world in shifted)
    assert min(world.sway for world in shifted) > 1.5  # the camera moves more, never less


def test_a_shifted_procedure_keeps_its_steps_and_changes_its_pace_and_look() -> None:
    seed = next(seed for seed in range(SHIFTED_SEED, SHIFTED_SEED + 50) if world_of(seed).pace > 1.3)
    slow = make_procedure(seed, "cholecystectomy")
    lasting = np.mean([event.span.duration_s for event in slow.events])
    usual = np.mean([event.span.duration_s for s in range(40) for event in make_procedure(s, "cholecystectomy").events])
    assert lasting > 1.15 * usual
    assert all(a.span.end_s < b.span.start_s for a, b in zip(slow.events, slow.events[1:], strict=False))


def test_the_truth_of_a_shifted_file_is_made_again_from_its_tag() -> None:
    cut = clip_of(make_procedure(SHIFTED_SEED + 1), Span.of(10.0, 20.0))
    again = from_tag({"comment": tag_of(cut)})
    assert again == cut
    assert (render(again, [3.0]) == render(cut, [3.0])).all()
