from __future__ import annotations

import numpy as np
import pytest

from medvid.medvidbench.metrics import Mark, figure, figures, interval, resample


def test_draws_keep_the_number_of_clusters_of_each_stratum_and_are_the_same_each_time() -> None:
    drawn = resample(["A", "A", "B", "A"])
    assert (drawn[:, [0, 1, 3]].sum(axis=1) == 3).all() and (drawn[:, 2] == 1).all()
    assert (drawn == resample(["A", "A", "B", "A"])).all()


def test_questions_on_one_video_are_drawn_together() -> None:
    # Two videos, all right or all wrong: a quarter of the draws have one of them twice, so 95 % reach from 0 to 1.
    marks = [Mark(at, at < 50) for at in range(100)]
    drawn = figures(marks, {at: int(at >= 50) for at in range(100)}, resample(["A", "A"]))
    assert set(np.unique(drawn)) == {0.0, 0.5, 1.0} and interval(drawn) == (0.0, 1.0)
    assert np.mean(drawn == 1.0) == pytest.approx(0.25, abs=0.05)


def test_an_interval_has_the_width_that_theory_gives() -> None:
    # 400 videos, half right: deviation 0.5 / 20 = 0.025, so 1.96 deviations are 0.049 on either side.
    drawn = figures([Mark(at, at % 2) for at in range(400)], dict(enumerate(range(400))), resample(["A"] * 400))
    assert interval(drawn) == pytest.approx((0.451, 0.549), abs=0.01)


def test_parts_are_averaged_within_a_source_and_sources_weigh_the_same_or_by_their_records() -> None:
    marks = [Mark(0, 1, 1, "A", "x"), Mark(1, 0, 1, "A", "x"), Mark(0, 1, 1, "A", "y"), Mark(2, 0, 1, "B", "x")]
    assert figure(marks) == pytest.approx(((1 / 2 + 1) / 2 + 0) / 2)
    assert figure(marks, by_records=True) == pytest.approx((2 * (1 / 2 + 1) / 2 + 1 * 0) / 3)
