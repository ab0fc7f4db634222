from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from benchmark.runs.cells import Cell, ImageScore
from benchmark.statistics import averaged, difference, gap_closed, holm, paired, sign_flip, spread
from benchmark.statistics.paired import interval


def test_eight_scenes_all_on_one_side_give_the_floor() -> None:
    scenes = [f"s{i // 3}" for i in range(24)]
    assert sign_flip([0.3] * 24, scenes) == 2 / 2**8
    assert sign_flip([0.0] * 24, scenes) == 1.0


@pytest.mark.parametrize("count", [2, 5, 8, 13])
def test_the_exact_test_is_scipys(count: int) -> None:
    values = np.random.default_rng(count).normal(0.4, 1, count)
    known = stats.permutation_test((values,), np.sum, permutation_type="samples", n_resamples=np.inf)
    assert sign_flip(values.tolist(), [str(i) for i in range(count)]) == pytest.approx(known.pvalue, abs=1e-12)


def test_many_scenes_are_drawn_and_agree_with_the_t_test() -> None:
    values = np.random.default_rng(3).normal(0.15, 1, 200)
    found = sign_flip(values.tolist(), [str(i) for i in range(200)])
    assert found == pytest.approx(stats.ttest_1samp(values, 0).pvalue, abs=0.01)
    assert sign_flip([1.0] * 200, [str(i) for i in range(200)]) == 2 / 10_001


def test_the_interval_is_scipys_bootstrap() -> None:
    values = np.random.default_rng(4).normal(0.2, 1, 30)
    found = difference(values.tolist(), [str(i) for i in range(30)])
    known = stats.bootstrap((values,), np.mean, method="BCa", random_state=0).confidence_interval
    assert (found.low, found.high) == pytest.approx((known.low, known.high), abs=0.02)


def test_the_interval_follows_the_skew_of_the_scenes() -> None:
    """BCa leans to the long tail, where a percentile interval of few scenes does not reach far enough."""
    values = np.random.default_rng(7).exponential(1, 12)
    found = difference(values.tolist(), [str(i) for i in range(12)])
    plain = stats.bootstrap((values,), np.mean, method="percentile", random_state=0).confidence_interval
    assert found.high > plain.high
    assert found.low > plain.low


def test_scenes_that_all_say_the_same_give_a_point() -> None:
    found = difference([0.25] * 6, ["a", "a", "b", "b", "c", "c"])
    assert (found.low, found.high) == (0.25, 0.25)


def test_images_of_one_scene_are_turned_together() -> None:
    values, scenes = [1.0, 1.0, 1.0, -0.5, -0.5, 1.0], ["a", "a", "a", "b", "b", "c"]
    # sums 3, -1, 1: |+-3 +-1 +-1| reaches 3 in 6 of 8 cases
    assert sign_flip(values, scenes) == 6 / 8


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([]) == []


def test_holm_leaves_out_what_was_not_tested() -> None:
    found = holm([0.02, math.nan, 0.03])
    assert found[0] == pytest.approx(0.04)
    assert math.isnan(found[1])
    assert found[2] == pytest.approx(0.04)
    with pytest.raises(ValueError, match="in \\[0, 1\\]"):
        holm([0.2, 1.2])


def test_holm_keeps_its_promise_under_the_null() -> None:
    rng = np.random.default_rng(0)
    families = rng.random((2000, 5))
    wrong = np.mean([min(holm(family.tolist())) <= 0.05 for family in families])
    assert 0.03 < wrong <= 0.06


def test_spread() -> None:
    found = spread([1.0, 2.0, 3.0])
    assert (found.mean, found.deviation, found.count) == (2.0, 1.0, 3)
    assert math.isnan(spread([1.0]).deviation)
    assert math.isnan(spread([math.inf, 1.0]).deviation)
    with pytest.raises(ValueError, match="none"):
        spread([])


SCENES = [f"s{i // 3}" for i in range(24)]
SCRATCH = [30 + 0.1 * i for i in range(24)]


def test_the_gap_closed_by_hand() -> None:
    teacher = [value + 1 for value in SCRATCH]
    half = gap_closed([value + 0.5 for value in SCRATCH], SCRATCH, teacher, SCENES)
    assert (half.percent, half.low, half.high) == pytest.approx((50, 50, 50))
    assert half.lead == pytest.approx(1)
    worse = gap_closed([value - 0.25 for value in SCRATCH], SCRATCH, teacher, SCENES)
    assert worse.percent == pytest.approx(-25)
    spread_out = gap_closed([v + (0.1 if i < 12 else 0.9) for i, v in enumerate(SCRATCH)], SCRATCH, teacher, SCENES)
    assert spread_out.percent == pytest.approx(50)
    assert spread_out.low < 30 < 70 < spread_out.high


def test_an_interval_may_be_open_to_one_side() -> None:
    assert interval(np.array([1.0] * 95 + [math.inf] * 5)) == (1.0, math.inf)


@pytest.mark.parametrize("leads", [[0.0] * 24, [-1.0] * 24, [1.0 if i % 6 < 3 else -0.9 for i in range(24)]])
def test_no_gap_where_the_teacher_does_not_lead(leads: list[float]) -> None:
    found = gap_closed(SCRATCH, SCRATCH, [v + lead for v, lead in zip(SCRATCH, leads, strict=True)], SCENES)
    assert not found.defined
    assert math.isnan(found.low)


def test_the_gap_needs_the_same_images() -> None:
    with pytest.raises(ValueError, match="24, 24, 1, 24"):
        gap_closed(SCRATCH, SCRATCH, [1.0], SCENES)


def cell(psnr: list[float], seed: int = 0) -> Cell:
    scores = tuple(ImageScore(f"i{i}", f"s{i // 2}", p, p / 50) for i, p in enumerate(psnr))
    return Cell("m", "d", "mini", seed, {}, {}, scores)


def test_seeds_are_averaged_image_by_image_and_paired_by_name() -> None:
    three = averaged([cell([30, 32, 34]), cell([31, 33, 35], 1), cell([32, 34, 39], 2)])
    assert [score.psnr for score in three.values()] == [31, 33, 36]
    one = averaged([cell([30, 35, math.inf, 30])])
    found = paired(three, one)
    assert found.names == ("i0", "i1")
    assert [*found.psnr] == [-1, 2]
    assert found.scenes == ("s0", "s0")
    assert found.left_out == ("i2", "i3")
