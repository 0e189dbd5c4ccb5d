"""A procedure follows from its seed, keeps to its grammar, and can be cut."""

import pytest

from medvid.core.span import Span
from medvid.simulate import HELD_OUT_SEED, clip_of, kind_of, make_procedure
from medvid.simulate.demo import DEMO_SEED
from medvid.simulate.grammar import STEPS
from medvid.simulate.procedure import GRID_S

SEEDS = range(40)


def test_a_seed_gives_one_procedure_and_another_seed_another() -> None:
    make_procedure.cache_clear()
    first = make_procedure(7)
    make_procedure.cache_clear()
    assert make_procedure(7) == first
    assert make_procedure(8) != first


@pytest.mark.parametrize("seed", SEEDS)
def test_events_stand_in_the_order_of_the_grammar_and_never_overlap(seed: int) -> None:
    truth = make_procedure(seed)
    order = [form.action for form in STEPS[truth.kind]] * (2 if truth.kind == "suturing" else 1)
    done = [event.action for event in truth.events]
    assert [action for i, action in enumerate(done) if i == 0 or done[i - 1] != action] == order
    for before, after in zip(truth.events, truth.events[1:], strict=False):
        assert before.span.end_s < after.span.start_s
    assert all(time_s % GRID_S == 0 for event in truth.events for time_s in (event.span.start_s, event.span.end_s))
    assert truth.events[-1].span.end_s < truth.duration_s


@pytest.mark.parametrize("seed", SEEDS)
def test_the_critical_view_only_gets_better_and_skill_is_for_suturing(seed: int) -> None:
    truth = make_procedure(seed)
    for before, after in zip(truth.cvs, truth.cvs[1:], strict=False):
        assert all(a <= b <= 2 for a, b in zip(before.scores, after.scores, strict=True))
    assert (truth.skill is None) == bool(truth.cvs)
    assert truth.skill is None or all(1 <= score <= 5 for score in truth.skill)


def test_a_cut_moves_times_to_its_start_and_keeps_the_state_in_force() -> None:
    whole = make_procedure(0, "cholecystectomy")
    first = whole.events[0].span
    cut = clip_of(whole, Span.of(first.start_s + 1, first.end_s + 1))
    assert cut.events[0].span == Span.of(0, first.duration_s - 1)
    assert cut.duration_s == first.duration_s
    assert cut.offset_s == first.start_s + 1
    assert cut.cvs[0].start_s == 0
    assert clip_of(cut, Span.of(1, 2)).offset_s == cut.offset_s + 1


def test_the_demo_is_the_first_held_out_complete_cholecystectomy() -> None:
    assert DEMO_SEED >= HELD_OUT_SEED
    assert all(kind_of(seed) != "cholecystectomy" for seed in range(HELD_OUT_SEED, DEMO_SEED))
    assert {event.action for event in make_procedure(DEMO_SEED).events} == {form.action for form in STEPS["cholecystectomy"]}
