from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from benchmark.check.scores import Tolerance, differ, tolerance_in_db
from benchmark.check.subset import few_images
from benchmark.check.tolerance import PSNR_FLOOR, SSIM_FLOOR, change
from benchmark.runs.cells import ImageScore


def test_the_bound_is_the_one_sided_t_interval_over_scenes() -> None:
    values = np.random.default_rng(0).normal(-0.1, 0.3, 8)
    found = change(np.repeat(values, 3).tolist(), [f"s{i}" for i in range(8) for _ in range(3)])
    low, high = stats.t.interval(0.9, 7, values.mean(), stats.sem(values))
    assert (found.mean, -found.loss, found.gain) == pytest.approx((values.mean(), low, low))
    assert low < found.mean < high


def test_noise_of_floating_point_passes_and_a_small_steady_fall_does_not() -> None:
    scenes = [f"s{i // 3}" for i in range(24)]
    noise = np.random.default_rng(1).normal(0, 1e-4, 24)
    assert change(noise.tolist(), scenes).loss < PSNR_FLOOR
    assert change((noise - 0.002).tolist(), scenes).loss > PSNR_FLOOR


def test_damage_to_one_image_is_not_hidden_by_its_own_spread() -> None:
    assert change([0.0] * 23 + [-5.0], [f"s{i // 3}" for i in range(24)]).loss > 0.2


def test_a_mean_that_stays_hides_no_loss_where_images_differ() -> None:
    values = [0.4, -0.4] * 12
    found = change(values, [f"s{i}" for i in range(24)])
    assert abs(found.mean) < 1e-9
    assert found.loss > PSNR_FLOOR


def test_fewer_images_make_the_check_stricter() -> None:
    values = [-0.1, 0.12] * 12
    scenes = [str(i) for i in range(24)]
    assert change(values[:4], scenes[:4]).loss > change(values, scenes).loss


def test_one_scene_and_infinite_scores() -> None:
    assert change([-0.2, 0.1], ["s", "s"]).loss == 0.2
    assert change([0.0, -math.inf], ["a", "b"]).loss == math.inf
    assert change([math.inf, 0.1, 0.1], ["a", "b", "c"]).gain == pytest.approx(0.1)
    assert change([math.inf], ["a"]).gain == math.inf
    with pytest.raises(ValueError, match="0 and 0"):
        change([], [])


def test_differences_of_perfect_images() -> None:
    old = [ImageScore("a", "", math.inf, 1.0), ImageScore("b", "", math.inf, 1.0), ImageScore("c", "", 40.0, 0.9)]
    new = [ImageScore("a", "", math.inf, 1.0), ImageScore("b", "", 50.0, 0.99), ImageScore("c", "", math.inf, 1.0)]
    assert [row[1] for row in differ(old, new)] == [0.0, -math.inf, math.inf]


def test_a_tolerance_never_lies_below_the_floors() -> None:
    assert tolerance_in_db(None) == tolerance_in_db(0) == Tolerance(PSNR_FLOOR, SSIM_FLOOR)
    assert tolerance_in_db(0.15) == Tolerance(0.15, 0.0015)


def test_few_images_come_from_different_scenes_and_together_cover_all() -> None:
    scores = [ImageScore(f"s{i}-{k}", f"s{i}", 30, 0.9) for i in range(8) for k in range(3)]
    seen: set[str] = set()
    for turn in range(6):
        names = few_images(scores, turn)
        assert len({name[:2] for name in names}) == len(names) == 4
        seen |= set(names)
    assert len(seen) == 24
    assert few_images(scores[:2], 5) == ["s0-0", "s0-1"]
    assert few_images([ImageScore(str(i), "", 30, 0.9) for i in range(9)], 1) == ["4", "5", "6", "7"]
