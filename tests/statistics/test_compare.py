from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmark.core.errors import BadResult, UnknownName
from benchmark.runs.cells import Cell, ImageScore, cell_path, write_cell
from benchmark.statistics.compare import compare, difference, worst


def put(out: Path, method: str, psnr: list[float], dataset: str = "mini-gopro", seed: int = 0, **key: object) -> None:
    scores = tuple(
        ImageScore(f"image-{i}", f"scene-{i // 2}", p, p / 50 if p < 99 else 1.0) for i, p in enumerate(psnr)
    )
    known = {"limit": None, "data": "d", "protocol": "p@1", **key}
    write_cell(cell_path(out, method, dataset, "mini", seed), Cell(method, dataset, "mini", seed, known, {}, scores))


def test_differences_are_paired_and_signed(tmp_path: Path) -> None:
    put(tmp_path, "a", [30, 31, 32, 33])
    put(tmp_path, "b", [31, 30.5, 33, 33])
    (found,) = compare("a", "b", tmp_path)
    assert (found.images, found.scenes, found.psnr.wins, found.psnr.losses) == (4, 2, 2, 1)
    assert found.psnr.mean == pytest.approx(0.375)
    assert found.ssim.mean == pytest.approx(0.375 / 50)
    assert compare("b", "a", tmp_path)[0].psnr.mean == pytest.approx(-0.375)


def test_the_interval_is_that_of_the_scenes_means() -> None:
    rng = np.random.default_rng(0)
    effects = rng.normal(0.2, 1, 60)
    values, scenes = np.repeat(effects, 5), [f"s{i}" for i in range(60) for _ in range(5)]
    found = difference(values.tolist(), scenes)
    error = effects.std(ddof=1) / math.sqrt(60)  # the five copies of a scene bring no more certainty
    assert found.high - found.low == pytest.approx(2 * 1.96 * error, rel=0.06)
    assert found.low < found.mean < found.high
    assert found == difference(values.tolist(), scenes)
    naive = difference(values.tolist(), [str(i) for i in range(300)])
    assert naive.high - naive.low < 0.6 * (found.high - found.low)


def test_the_sign_flips_agree_with_all_of_them() -> None:
    values = [0.5, 0.1, -0.2, 0.4, 0.3, 0.6, 0.2]
    signs = np.array(np.meshgrid(*[[-1, 1]] * 7)).reshape(7, -1)
    exact = float(np.mean(np.abs(signs.T @ values) >= abs(sum(values)) - 1e-9))
    assert difference(values, list("abcdefg")).chance == pytest.approx(exact, abs=0.01)


def test_chance_alone_is_seldom_called_a_difference() -> None:
    rng = np.random.default_rng(1)
    called = [difference(rng.normal(0, 1, 40).tolist(), [str(i) for i in range(40)]).significant for _ in range(60)]
    assert sum(called) <= 9


def test_one_scene_says_nothing_of_chance() -> None:
    found = difference([1.0, 2.0], ["s", "s"])
    assert math.isnan(found.low)
    assert not found.significant


def test_seeds_are_averaged_and_other_images_left_out(tmp_path: Path) -> None:
    put(tmp_path, "a", [30, 30, 30])
    put(tmp_path, "b", [31, 31])
    put(tmp_path, "b", [33, 33], seed=1)
    (found,) = compare("a", "b", tmp_path)
    assert found.psnr.mean == pytest.approx(2.0)
    assert found.left_out == ("image-2",)


def test_perfect_images(tmp_path: Path) -> None:
    put(tmp_path, "a", [math.inf, math.inf, 30, 30])
    put(tmp_path, "b", [math.inf, 40, 31, 31])
    (found,) = compare("a", "b", tmp_path)
    assert found.left_out == ("image-1",)
    assert found.psnr.mean == pytest.approx(2 / 3)
    assert (found.perfect, found.spoilt, found.images) == ((), ("image-1",), 4)
    assert (found.psnr.wins, found.psnr.losses) == (2, 1)


def test_images_that_only_one_restores_perfectly_are_won(tmp_path: Path) -> None:
    put(tmp_path, "a", [30, 31, 32])
    put(tmp_path, "b", [math.inf, math.inf, math.inf])
    for first, second, bound in (("a", "b", math.inf), ("b", "a", -math.inf)):
        (found,) = compare(first, second, tmp_path)
        assert found.psnr.mean == bound
        assert (found.psnr.wins, found.psnr.losses) == ((3, 0) if bound > 0 else (0, 3))
        assert not math.isnan(found.ssim.mean)
    poorest, least = worst("b", tmp_path)
    assert [row.psnr for row in poorest] == [math.inf] * 3
    assert least == []


@pytest.mark.parametrize("what", ["data", "protocol"])
def test_different_data_or_protocols_are_not_compared(tmp_path: Path, what: str) -> None:
    put(tmp_path, "a", [30, 31])
    key: dict[str, Any] = {what: "other"}
    put(tmp_path, "b", [30, 31], **key)
    with pytest.raises(BadResult, match=f"with the same {what}"):
        compare("a", "b", tmp_path)


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadResult, match="result files below"):
        compare("a", "b", tmp_path)
    put(tmp_path, "alpha", [30, 31])
    put(tmp_path, "beta", [30, 31], "mini-sidd")
    with pytest.raises(UnknownName, match="alpha"):
        compare("alpah", "beta", tmp_path)
    with pytest.raises(BadResult, match="alpha on mini-gopro; beta on mini-sidd"):
        compare("alpha", "beta", tmp_path)
    with pytest.raises(UnknownName, match="mini-sidd"):
        worst("alpha", tmp_path, dataset="sidd1")


def test_the_worst_and_the_least_gained(tmp_path: Path) -> None:
    put(tmp_path, "identity", [20, 21, 29, 25])
    put(tmp_path, "mine", [22, 30, 28, 26])
    poorest, least = worst("mine", tmp_path, dataset="gopro", count=2)
    assert [row.name for row in poorest] == ["image-0", "image-3"]
    assert [(row.name, row.gain) for row in least] == [("image-2", -1), ("image-3", 1)]


def test_without_the_degraded_input_only_the_poorest(tmp_path: Path) -> None:
    put(tmp_path, "mine", [22, 30])
    poorest, least = worst("mine", tmp_path, count=1)
    assert [row.name for row in poorest] == ["image-0"]
    assert math.isnan(poorest[0].gain)
    assert least == []


def test_p_values_are_corrected_across_the_data_sets(tmp_path: Path) -> None:
    for dataset, gain in (("mini-gopro", [1.0] * 16), ("mini-hide", [1, 1, -1, -1] * 4), ("mini-sidd", [0.5] * 16)):
        put(tmp_path, "a", [30.0] * 16, dataset)
        put(tmp_path, "b", [30 + g for g in gain], dataset)
    found = {row.dataset: row for row in compare("a", "b", tmp_path)}
    assert found["mini-gopro"].psnr.chance == 2 / 2**8
    assert found["mini-gopro"].psnr_adjusted == found["mini-sidd"].psnr_adjusted == 3 * 2 / 2**8
    assert found["mini-hide"].ssim_adjusted == found["mini-hide"].ssim.chance == 1
    (alone,) = compare("a", "b", tmp_path, dataset="gopro")
    assert alone.psnr_adjusted == alone.psnr.chance
