"""What may be concluded of a difference: known cases by hand, and studies whose truth is known."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from scipy import stats

from benchmark.statistics import FLOOR, SEED_SPREAD, Conclusion, conclude, effect, pooled_spread, prediction

DB = FLOOR["psnr"]
PRIOR = SEED_SPREAD["psnr"]


def test_with_seeds_alone_it_is_the_t_test_of_the_seeds() -> None:
    """Scenes that all say the same add nothing."""
    by_seed = [0.2, 0.5, 0.1, 0.4]
    found = effect([[value] * 6 for value in by_seed], list("aabbcc"), DB, PRIOR)
    known = stats.ttest_1samp(by_seed, 0)
    assert found.own_spread
    assert found.chance == pytest.approx(known.pvalue)
    interval = known.confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))
    assert found.by_seed == pytest.approx(by_seed)
    assert found.flip == pytest.approx(2 / 2**4)


def test_between_the_authors_weights_it_is_the_t_test_of_the_scenes() -> None:
    by_scene = np.array([0.4, 0.1, 0.3, 0.2, 0.6])
    found = effect([np.repeat(by_scene, 2).tolist()], [str(i // 2) for i in range(10)], DB, None)
    assert found.chance == pytest.approx(stats.ttest_1samp(by_scene, 0).pvalue)
    assert not found.own_spread


def test_one_seed_carries_the_spread_that_was_measured_elsewhere() -> None:
    """.33 dB with 36 degrees of freedom: one seed resolves about .7 dB."""
    halves = []
    for seeds in (1, 2):
        found = effect([[0.5] * 6] * seeds, list("aabbcc"), DB, PRIOR)
        halves.append((found.high - found.low) / 2)
        assert not found.own_spread
    assert halves[0] == pytest.approx(0.669, abs=0.002)
    assert halves[1] == pytest.approx(halves[0] / math.sqrt(2))


def test_the_degrees_of_freedom_are_never_more_than_the_seeds_have() -> None:
    rng = np.random.default_rng(2)
    table = rng.normal(0, 0.2, 8)[None] + np.array([[-0.01], [0.0], [0.01]])
    found = effect(table, [str(i) for i in range(8)], DB, PRIOR)
    error = math.sqrt(0.01**2 / 3 + table.mean(0).var(ddof=1) / 8)
    assert found.high - found.mean == pytest.approx(float(stats.t.ppf(0.975, 2)) * error)


def test_one_scene_says_nothing() -> None:
    found = effect([[1.0, 1.1]], ["a", "a"], DB, PRIOR)
    assert math.isnan(found.chance)
    assert conclude(found, found.chance, found.equal, DB) is Conclusion.OPEN


def test_below_the_floor_nothing_is_decided_however_sure_it_is() -> None:
    rng = np.random.default_rng(0)
    table = 0.08 + rng.normal(0, 0.001, (6, 16))
    found = effect(table.tolist(), [str(i) for i in range(16)], DB, PRIOR)
    assert found.chance < 1e-6
    assert conclude(found, found.chance, found.equal, DB) is Conclusion.EQUAL
    assert conclude(found, found.chance, 1.0, DB) is Conclusion.OPEN


def test_two_identical_methods_are_equal_between_fixed_weights_and_open_after_one_training() -> None:
    same = [[0.0] * 8]
    scenes = [str(i) for i in range(8)]
    fixed, trained = effect(same, scenes, DB, None), effect(same, scenes, DB, PRIOR)
    assert conclude(fixed, fixed.chance, fixed.equal, DB) is Conclusion.EQUAL
    assert conclude(trained, trained.chance, trained.equal, DB) is Conclusion.OPEN


def test_rows_of_another_length_are_refused() -> None:
    with pytest.raises(ValueError, match="rows of 2"):
        effect([[1.0]], ["a", "b"], DB, PRIOR)


def test_the_prediction_interval_by_hand() -> None:
    low, high = prediction([30.0, 30.2, 30.4])
    assert (low + high) / 2 == pytest.approx(30.2)
    assert (high - low) / 2 == pytest.approx(4.3027 * 0.2 * math.sqrt(4 / 3), rel=1e-4)
    with pytest.raises(ValueError, match="at least two"):
        prediction([30.0])


def test_a_prediction_holds_the_next_training_as_often_as_it_says() -> None:
    rng = np.random.default_rng(5)
    inside = [
        low <= following <= high
        for *seeds, following in rng.normal(30, 0.33, (4000, 4)).tolist()
        for low, high in [prediction(seeds)]
    ]
    assert np.mean(inside) == pytest.approx(0.95, abs=0.012)


def test_the_pooled_spread_is_that_of_paired_differences() -> None:
    """A method's and a seed's level are no noise; the deviation of a difference is what is left times root two."""
    rng = np.random.default_rng(1)
    groups = [rng.normal(30, 2, (40, 1)) + rng.normal(0, 1, (1, 6)) + rng.normal(0, 0.3, (40, 6)) for _ in range(2)]
    found = pooled_spread([group.tolist() for group in groups])
    assert found is not None
    assert found.deviation == pytest.approx(0.3 * math.sqrt(2), rel=0.08)
    assert found.freedom == 2 * 39 * 5
    assert found.measured
    assert pooled_spread([[[1.0, 2.0]]]) is None


SEED, SCENE, IMAGE = 0.33, 0.5, 0.3  # deviations in dB, as in the mini study


def study(
    truth: float, seeds: int, scenes: int, scene: float = SCENE, repeats: int = 500, heavy: bool = False
) -> Counter[Conclusion]:
    """What is concluded of `repeats` simulated comparisons whose true difference is `truth`."""
    rng = np.random.default_rng([seeds, scenes, round(100 * truth), round(100 * scene), heavy])
    names = [str(i // 3) for i in range(3 * scenes)]
    found: Counter[Conclusion] = Counter()
    for _ in range(repeats):
        noise = rng.standard_t(3, seeds) / math.sqrt(3) if heavy else rng.normal(0, 1, seeds)
        table = truth + SEED * noise[:, None] + np.repeat(rng.normal(0, scene, scenes), 3)
        one = effect((table + rng.normal(0, IMAGE, table.shape)).tolist(), names, DB, PRIOR)
        found[conclude(one, one.chance, one.equal, DB)] += 1
    return found


CASES = [(seeds, scenes) for seeds in (1, 3, 6, 12) for scenes in (8, 13)]
CHANCE = 0.05 + 2.33 * math.sqrt(0.05 * 0.95 / 500)  # what 500 studies of a true 5 % stay below in 99 of 100 cases


@pytest.mark.parametrize(("seeds", "scenes"), CASES)
def test_false_decisions_are_at_most_one_in_twenty(seeds: int, scenes: int) -> None:
    for scene, heavy in ((SCENE, False), (0.0, False), (SCENE, True)):
        found = study(0.0, seeds, scenes, scene, heavy=heavy)
        assert (found[Conclusion.BETTER] + found[Conclusion.WORSE]) / 500 <= CHANCE, (scene, heavy)
    for truth in (0.1, 0.3, 0.5):
        found = study(truth, seeds, scenes, repeats=250)
        assert (found[Conclusion.WORSE] + found[Conclusion.EQUAL]) / 250 <= 0.05, truth


def test_power_grows_with_the_seeds_and_with_the_effect() -> None:
    power = {
        (seeds, truth): study(truth, seeds, 13, repeats=250)[Conclusion.BETTER] / 250
        for seeds in (3, 6, 12)
        for truth in (0.3, 0.5)
    }
    assert power[3, 0.5] < power[6, 0.5] < power[12, 0.5]
    assert power[12, 0.3] < power[12, 0.5]
    assert power[12, 0.5] > 0.7
