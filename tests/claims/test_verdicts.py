"""Verdicts: every claim has one, each status is reached for its reason, and mini never judges an absolute value."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmark.claims.complexity.audit import audit
from benchmark.claims.complexity.printed import agreement, complexity_claims
from benchmark.claims.evidence import measure
from benchmark.claims.judge import verdicts
from benchmark.claims.verdict import Fact, Status, Verdict, counts, independent, tally, vocabulary
from benchmark.cli.lazy import load
from benchmark.core import paths
from benchmark.core.errors import UnknownName
from benchmark.core.types import Scale
from benchmark.runs.cells import read_cells
from benchmark.statistics import holm
from tests.claims.conftest import around, put

Edit = Callable[[Path, Callable[[Any], None]], None]
WHOLE = 2800  # pairs of Test2800


def one(found: list[Verdict], name: str) -> Verdict:
    return next(v for v in found if v.claim.id == name)


@pytest.fixture(scope="module")
def of_paper(tmp_path_factory: pytest.TempPathFactory) -> list[Verdict]:
    return verdicts(tmp_path_factory.mktemp("empty"), Scale.PAPER)


@pytest.mark.parametrize("scale", list(Scale))
def test_no_claim_is_without_verdict_and_reason(tmp_path: Path, scale: Scale) -> None:
    found = verdicts(tmp_path, scale)
    assert sum(v.claim.kind == "number" for v in found) == 240
    for verdict in found:
        assert verdict.status in vocabulary(scale)
        assert verdict.reason
        assert verdict.scale == scale
        assert verdict.status != "untestable" or verdict.remedy
        assert (verdict.measured is None) <= (verdict.status == "untestable" or verdict.claim.metric == "layers")
    assert sum(counts(found).values()) == len(found)


def test_table_i_is_reproduced_but_for_the_times(of_paper: list[Verdict]) -> None:
    table = [v for v in of_paper if v.claim.table == "I"]
    assert {v.status for v in table if v.claim.metric != "latency"} == {"reproduced"}
    assert {v.status for v in table if v.claim.metric == "latency"} == {"untestable"}
    assert "steps of the mixture" in one(of_paper, "I.drsformer.layers.layers").reason
    times = one(of_paper, "I.res-sl-slkd.infer-time.latency")
    assert "no device" in times.reason
    assert "3.10 printed" in times.reason  # 0.1103 / 0.0356
    assert "3.40 (fp32 with TF32 in convolutions, eager)" in times.reason
    assert "on NVIDIA H100 80GB HBM3, 512 x 512" in times.reason
    assert "AMD" not in times.reason  # the field's times are a GPU's
    assert times.remedy == "slkd-bench profile --all --scale paper --size 512 --device cuda --save"


def test_flops_of_table_iii(of_paper: list[Verdict]) -> None:
    found = {v.claim.row: v for v in of_paper if v.claim.table == "III" and v.claim.metric == "gmacs"}
    assert {row for row, v in found.items() if v.status == "contradicted"} == {"MPRNet", "PReNet", "DeamNet", "DMPHN"}
    assert "4 stages" in found["PReNet"].reason
    assert "one channel" in found["DeamNet"].reason
    assert "deraining variant" in found["MPRNet"].reason
    assert "3040.1G for deblurring" in found["MPRNet"].reason
    assert "unexplained" in found["DMPHN"].reason
    assert found["MT-RNN"].status == "close"


def test_the_ratio_of_the_abstract_holds(of_paper: list[Verdict]) -> None:
    ratios = [v for v in of_paper if v.claim.kind == "ratio"]
    assert len(ratios) == 6
    assert {v.status for v in ratios} == {"reproduced"}
    assert min(v.measured or 0 for v in ratios) > 83


def test_a_changed_count_changes_the_verdict(reference: Path, edit: Edit, tmp_path: Path) -> None:
    def more(raw: Any) -> None:
        for record in raw["records"]:
            if (record["network"], record["scale"]) == ("res-sl", "paper"):
                record["gmacs"] *= 2

    edit(reference / "costs" / "complexity.json", more)
    found = verdicts(tmp_path, Scale.PAPER)
    assert one(found, "I.res-sl-slkd.flops.gmacs").status == "contradicted"
    assert one(found, "I.res-sl-slkd.layers.layers").status == "contradicted"
    assert one(found, "text.over-80-percent-smaller.res-sl-slkd.restormer.gmacs").status == "contradicted"


def test_without_records_counts_are_untestable(reference: Path, tmp_path: Path) -> None:
    (reference / "costs" / "complexity.json").unlink()
    (reference / "costs" / "readings.json").unlink()
    found = one(verdicts(tmp_path, table="I"), "I.res-sl-slkd.flops.gmacs")
    assert found.status == "untestable"
    assert "profile --all --scale paper --save" in found.remedy


def test_a_copied_number_says_whence_and_which_set(of_paper: list[Verdict]) -> None:
    found = one(of_paper, "II.restormer.rain1400.psnr")
    assert found.status == "untestable"
    assert "copied from Restormer" in found.reason
    assert "Test2800, not Rain1400" in found.reason
    assert "data where test2800" in found.remedy
    assert "weights import restormer FILE --task deraining" in found.remedy
    student = one(of_paper, "II.res-sl-slkd.gopro.ssim")
    assert "train res-sl-slkd --task deblurring --scale paper" in student.remedy
    assert "no weights of this student are published" in student.reason


@pytest.mark.parametrize(
    ("off", "status"),
    [(0.0, "reproduced"), (0.0049, "reproduced"), (-0.0099, "close"), (0.011, "contradicted"), (0.6, "contradicted")],
)
def test_imported_weights_are_held_to_the_printed_digit(tmp_path: Path, off: float, status: str) -> None:
    put(tmp_path, "restormer", "test2800", around(34.18 + off, WHOLE))
    found = one(verdicts(tmp_path, table="II"), "II.restormer.rain1400.psnr")
    assert found.status == status
    assert found.measured == pytest.approx(34.18 + off)
    assert found.tolerance == pytest.approx(0.01)
    assert "2,800 images of 280 scenes" in found.reason
    assert "the set the number really is of" in found.reason


def test_the_tolerance_is_clustered_by_scene(tmp_path: Path) -> None:
    effects = np.random.default_rng(1).normal(0, 1, 280)
    put(tmp_path, "restormer", "test2800", np.repeat(effects - effects.mean(), 10) + 34.18)
    found = measure(read_cells(tmp_path, "paper")[0], "psnr")
    assert found.error == pytest.approx(effects.std(ddof=1) / math.sqrt(280), rel=1e-6)
    assert (found.scenes, found.images) == (280, 2800)


def trained(out: Path, means: tuple[float, ...], dataset: str = "test2800", method: str = "res-sl-slkd") -> None:
    for seed, mean in enumerate(means):
        put(out, method, dataset, around(mean, WHOLE, seed=seed), seed=seed)


def test_a_network_that_is_trained_again_needs_three_seeds(tmp_path: Path) -> None:
    trained(tmp_path, (33.24, 33.24))
    found = one(verdicts(tmp_path, table="IV"), "IV.res-sl-slkd.psnr/ssim.psnr")
    assert found.status == "untestable"
    assert "trained again with 2 seeds: at least 3" in found.reason
    assert "train res-sl-slkd" in found.remedy


@pytest.mark.parametrize(
    ("means", "status"),
    [
        ((33.23, 33.25, 33.27), "reproduced"),  # 33.14 to 33.36, beside 33.01 and 32.99
        ((33.0, 33.2, 33.4), "close"),  # so wide that the rows without a loss lie in it too
        ((32.0, 32.02, 32.04), "contradicted"),
    ],
)
def test_a_network_that_is_trained_again_is_held_to_a_prediction_interval(
    tmp_path: Path, means: tuple[float, ...], status: str
) -> None:
    trained(tmp_path, means)
    found = one(verdicts(tmp_path, table="IV"), "IV.res-sl-slkd.psnr/ssim.psnr")
    assert found.status == status
    assert "95 %, from 3 seeds" in found.reason
    assert ("cannot tell them apart" in found.reason) == (status == "close")


def test_what_distilling_brought_stands_beside_the_number(tmp_path: Path) -> None:
    trained(tmp_path, (33.2, 33.25, 33.3))
    put(tmp_path, "res-sl-scratch", "test2800", around(32.9, WHOLE))
    assert "+0.35 dB over scratch" in one(verdicts(tmp_path, table="IV"), "IV.res-sl-slkd.psnr/ssim.psnr").reason


def test_a_row_that_can_be_read_in_two_ways_is_judged_in_both(tmp_path: Path) -> None:
    trained(tmp_path, (32.55, 32.56, 32.57), method="res-sl-dfkd-progressive")
    found = one(verdicts(tmp_path, table="II"), "II.res-sl-dfkd.rain1400.psnr")
    assert found.status == "untestable"  # data-free was not run
    assert "read as DFKD progressive: reproduced, 32.56 dB measured" in found.reason


def test_the_named_set_is_compared_where_the_true_one_is_not_run(tmp_path: Path) -> None:
    put(tmp_path, "uformer", "rain1400", around(34.0, 1400), protocol="ddn-y")
    found = one(verdicts(tmp_path, table="II"), "II.uformer.rain1400.psnr")
    assert found.status == "contradicted"
    assert "compared on Rain1400, the set the column names, not Test2800" in found.reason
    put(tmp_path, "uformer", "test2800", around(33.63, WHOLE))
    found = one(verdicts(tmp_path, table="II"), "II.uformer.rain1400.psnr")
    assert found.status == "reproduced"
    assert "on Rain1400, which the column names: 34.00 dB" in found.reason


def test_another_protocol_is_not_compared(tmp_path: Path) -> None:
    put(tmp_path, "uformer", "gopro", around(33.06, 1111), protocol="rgb-uint8-volumetric")
    found = one(verdicts(tmp_path, table="II"), "II.uformer.gopro.ssim")
    assert found.status == "untestable"
    assert "under uformer-float" in found.reason


def test_a_part_of_a_set_is_not_compared(tmp_path: Path) -> None:
    put(tmp_path, "restormer", "test2800", around(34.18, 100))
    found = one(verdicts(tmp_path, table="II"), "II.restormer.rain1400.psnr")
    assert found.status == "untestable"
    assert "100 images were scored, the set has 2,800" in found.reason


def test_a_limited_run_is_not_compared(tmp_path: Path) -> None:
    put(tmp_path, "restormer", "test2800", around(34.18, WHOLE), limit=WHOLE)
    found = one(verdicts(tmp_path, table="II"), "II.restormer.rain1400.psnr")
    assert found.status == "untestable"
    assert "only its first 2800 images were run" in found.reason


SEEDS = range(6)


def ordering(out: Path, dataset: str = "rain1400") -> Verdict:
    found = verdicts(out, Scale.MINI, "text")
    return one(found, f"text.slkd-over-dckd.res-sl-slkd.res-sl-dckd-cross.{dataset}")


def pair_at_mini(
    out: Path, gain: np.ndarray, dataset: str = "mini-rain1400", seed: int = 0, ssim: np.ndarray | float = 0.01
) -> None:
    """SLKD `gain` above DCKD on 36 images of 12 scenes, both well above their input, whose PSNR is 20."""
    base = around(30, len(gain), 3, seed=5)
    level = np.full(len(gain), 0.8)
    put(out, "identity", dataset, np.full(len(gain), 20.0), level, per_scene=3)
    put(out, "res-sl-dckd-cross", dataset, base, level, per_scene=3, seed=seed)
    put(out, "res-sl-slkd", dataset, base + gain, level + ssim, per_scene=3, seed=seed)


def seeds_at_mini(out: Path, means: tuple[float, ...], dataset: str = "mini-rain1400", ssim: float = 0.01) -> None:
    """A pair a seed, all with the same scenes: `means` in dB."""
    for seed, mean in enumerate(means):
        pair_at_mini(out, around(mean, 36, 0.1), dataset, seed, ssim)


def test_an_ordering_that_holds_agrees_and_says_what_it_is_about(tmp_path: Path) -> None:
    seeds_at_mini(tmp_path, (0.5, 0.6, 0.4, 0.55, 0.45, 0.5))
    found = ordering(tmp_path)
    assert found.status is Status.AGREES
    assert found.measured == pytest.approx(0.5)
    assert found.scale == "mini"
    assert "over 6 seeds (turning their signs: p = 0.031)" in found.reason
    assert "36 images of 12 scenes" in found.reason
    assert "SSIM +0.0100" in found.reason
    assert found.budget == "no training card beside the results"
    assert found.budget in found.told


def test_an_ordering_that_is_reversed_disagrees(tmp_path: Path) -> None:
    seeds_at_mini(tmp_path, (-0.5, -0.6, -0.4, -0.55, -0.45, -0.5), ssim=-0.01)
    found = ordering(tmp_path)
    assert found.status is Status.DISAGREES
    assert "the order is reversed" in found.reason


def test_below_the_floor_an_ordering_is_undecided_however_sure_it_is(tmp_path: Path) -> None:
    seeds_at_mini(tmp_path, tuple(0.08 + 0.001 * seed for seed in SEEDS), ssim=0.001)
    found = ordering(tmp_path)
    assert found.status is Status.UNDECIDED
    assert "p = 0.0033" in found.reason
    assert "below the floor of 0.1 dB" in found.reason
    seeds_at_mini(tmp_path, tuple(0.01 + 0.001 * seed for seed in SEEDS), ssim=0.0001)
    found = ordering(tmp_path)
    assert found.status is Status.UNDECIDED
    assert "no difference of 0.1 dB (two one-sided tests" in found.reason


def test_one_seed_carries_the_spread_of_seeds(tmp_path: Path) -> None:
    """+.5 dB in every scene is beyond chance for one network, and not for a method that was trained once."""
    pair_at_mini(tmp_path, around(0.5, 36, 0.01))
    found = ordering(tmp_path)
    assert found.status is Status.UNDECIDED
    assert "over one seed, with a spread of 0.33 dB as documented" in found.reason
    pair_at_mini(tmp_path, around(1.2, 36, 0.01))
    assert ordering(tmp_path).status is Status.AGREES


def test_the_spread_of_seeds_is_measured_where_there_are_enough(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    for method in ("res-sl-scratch", "res-sl-logits", "res-sl-fakd", "res-sl-at"):
        for seed in SEEDS:
            put(tmp_path, method, "mini-test1200", around(30 + rng.normal(0, 0.02), 36, seed=1), per_scene=3, seed=seed)
    pair_at_mini(tmp_path, around(0.5, 36, 0.01))
    found = ordering(tmp_path)
    assert "as measured on other pairs" in found.reason
    assert found.status is Status.AGREES  # these trainings hardly differ


@pytest.mark.parametrize("mean", [0.15, -0.15])
def test_what_chance_may_explain_is_undecided(tmp_path: Path, mean: float) -> None:
    pair_at_mini(tmp_path, around(mean, 36, 1.0))
    found = ordering(tmp_path)
    assert found.status is Status.UNDECIDED
    assert "chance may explain it" in found.reason


def test_a_psnr_and_an_ssim_that_are_decided_otherwise_leave_it_open(tmp_path: Path) -> None:
    seeds_at_mini(tmp_path, (0.5, 0.6, 0.4, 0.55, 0.45, 0.5), ssim=-0.01)
    found = ordering(tmp_path)
    assert found.status is Status.UNDECIDED
    assert "SSIM is decided the other way" in found.reason


def test_psnr_and_ssim_of_the_same_images_are_one_comparison(tmp_path: Path) -> None:
    found = [v for v in verdicts(tmp_path, Scale.MINI) if v.claim.statement == "slkd-over-dckd"]
    assert len(found) == 3 * 5
    assert {(v.claim.metric, v.claim.also) for v in found} == {("psnr", ("ssim",))}


@pytest.mark.parametrize("worse", ["res-sl-slkd", "res-sl-dckd-cross"])
def test_a_network_that_is_not_better_than_its_input_says_nothing(tmp_path: Path, worse: str) -> None:
    """The fault that was found: two networks that never learnt, .0016 dB apart in every scene."""
    pair_at_mini(tmp_path, around(2.0, 36, 0.01))
    base = np.full(36, 20.0)
    put(tmp_path, worse, "mini-rain1400", base + 0.0016, np.full(36, 0.8), per_scene=3)
    found = ordering(tmp_path)
    assert found.status is Status.UNTESTABLE
    assert found.reason.startswith("not better than its input: ")
    assert "gains +0.002 dB over the degraded images of mini-rain1400" in found.reason


def test_one_collapsed_seed_of_several_is_named(tmp_path: Path) -> None:
    seeds_at_mini(tmp_path, (0.5, 0.6, 0.4, 0.5))
    put(tmp_path, "res-sl-slkd", "mini-rain1400", np.full(36, 20.0), np.full(36, 0.8), per_scene=3, seed=2)
    found = ordering(tmp_path)
    assert found.status is Status.UNTESTABLE
    assert "(seed 2)" in found.reason


def test_a_collapsed_network_has_no_absolute_verdict_either(tmp_path: Path) -> None:
    put(tmp_path, "restormer", "test2800", around(34.18, WHOLE))
    put(tmp_path, "identity", "test2800", around(34.15, WHOLE))
    found = one(verdicts(tmp_path, table="II"), "II.restormer.rain1400.psnr")
    assert found.status is Status.UNTESTABLE
    assert "not better than its input" in found.reason


def test_no_verdict_of_the_shipped_study_rests_on_less_than_the_floor_or_on_a_collapsed_run() -> None:
    out = paths.results() / "mini"
    cells = {(c.method, c.dataset, c.seed): c for c in read_cells(out, "mini")[0]}
    decided = 0
    for verdict in verdicts(out, Scale.MINI, "text"):
        if verdict.status in (Status.AGREES, Status.DISAGREES):
            decided += 1
            assert abs(verdict.measured or 0) >= 0.1
            for (method, dataset, _), cell in cells.items():
                if method in (verdict.claim.method, verdict.claim.than) and dataset == f"mini-{verdict.claim.dataset}":
                    assert cell.psnr - cells["identity", dataset, 0].psnr >= 0.1
    assert decided


def test_sizes_that_are_our_choice_settle_nothing_at_mini(tmp_path: Path) -> None:
    for method in ("res-sl-slkd", "prenet"):
        put(tmp_path, method, "mini-rain1400", around(33.0, 24), per_scene=3)
    found = [v for v in verdicts(tmp_path, Scale.MINI, "text") if v.claim.by_size]
    assert {v.claim.statement for v in found} >= {"students-over-lightweight", "over-80-percent-smaller"}
    assert {v.status for v in found} == {Status.UNTESTABLE}
    assert all("this suite's choice" in v.reason for v in found)


def test_both_readings_of_a_statement_are_judged_and_shown(tmp_path: Path) -> None:
    base = around(30, 36, 3, seed=5)
    for seed in SEEDS:
        put(tmp_path, "res-sl-slkd", "mini-rain1400", base + around(0.5, 36, 0.1, seed), per_scene=3, seed=seed)
        put(tmp_path, "res-sl-dfkd", "mini-rain1400", base, per_scene=3, seed=seed)
        put(tmp_path, "res-sl-dfkd-progressive", "mini-rain1400", base + 1, per_scene=3, seed=seed)
    found = verdicts(tmp_path, Scale.MINI, "text")
    free = one(found, "text.slkd-over-dfkd.res-sl-slkd.res-sl-dfkd.rain1400")
    progressive = one(found, "text.slkd-over-dfkd.res-sl-slkd.res-sl-dfkd-progressive.rain1400")
    assert (free.status, progressive.status) == (Status.AGREES, Status.DISAGREES)
    assert "DFKD read as data-free" in free.told
    assert "DFKD read as progressive" in progressive.told
    assert free.claim.text != progressive.claim.text


def test_a_reading_may_be_a_variant_of_a_row(tmp_path: Path) -> None:
    base = around(30, 36, 3, seed=5)
    for seed in SEEDS:
        put(tmp_path, "res-sl-slkd@reading=features", "mini-rain1400", base + 1, per_scene=3, seed=seed)
        degraded = "res-sl-slkd@decoder_source=degraded,reading=features"
        put(tmp_path, degraded, "mini-rain1400", base + around(0, 36, 0.1, seed), per_scene=3, seed=seed)
    found = [v for v in verdicts(tmp_path, Scale.MINI, "text") if v.claim.statement == "clean-source-helps"]
    assert [v.status for v in found] == [Status.UNTESTABLE, Status.AGREES]
    assert "Table IV read with plain features" in found[1].told
    assert "Holm" not in found[1].reason


def test_holm_runs_over_the_claims_of_a_table(tmp_path: Path) -> None:
    """Other sets and other statements on the same table count; those on another table do not."""
    means = (0.3, 0.5, 0.4, 0.55, 0.2, 0.35)
    seeds_at_mini(tmp_path, means)
    alone = ordering(tmp_path)
    assert alone.status is Status.AGREES
    assert "Holm" not in alone.reason
    for seed in SEEDS:
        put(tmp_path, "res-sl-ablation-clean", "mini-rain1400", around(30, 36, seed=seed), per_scene=3, seed=seed)
        put(tmp_path, "res-sl-ablation-rainy", "mini-rain1400", around(30, 36, seed=seed + 9), per_scene=3, seed=seed)
    assert ordering(tmp_path).reason == alone.reason
    for dataset in ("mini-test1200", "mini-gopro", "mini-hide", "mini-sidd"):
        seeds_at_mini(tmp_path, (0.0, 0.3, -0.3, 0.2, -0.2, 0.1), dataset)
    among = ordering(tmp_path)
    assert "after Holm over 5 comparisons of Table II" in among.reason
    put(tmp_path, "res-sl-dfkd", "mini-rain1400", around(29, 36), per_scene=3)
    assert "after Holm over 7 comparisons of Table II" in ordering(tmp_path).reason  # SLKD and DCKD over DFKD


def test_the_authors_weights_have_no_training_noise(tmp_path: Path) -> None:
    """At scale paper a student's seeds vary and PReNet's published weights do not: each seed is held against them."""
    base = around(30, 1200, 2, seed=5)
    put(tmp_path, "prenet", "test1200", base)
    for seed, gain in enumerate((0.9, 1.0, 1.1)):
        put(tmp_path, "res-sl-slkd", "test1200", base + gain, seed=seed)
    found = one(verdicts(tmp_path, table="text"), "text.students-over-lightweight.res-sl-slkd.prenet.test1200")
    assert found.status is Status.REPRODUCED
    assert "over 3 seeds" in found.reason
    assert found.measured == pytest.approx(1.0)


def test_verdicts_of_two_scales_have_no_sum(tmp_path: Path) -> None:
    both = [*verdicts(tmp_path, Scale.PAPER, "text"), *verdicts(tmp_path, Scale.MINI, "text")]
    with pytest.raises(ValueError, match="no sum"):
        counts(both)
    assert set(vocabulary(Scale.PAPER)) & set(vocabulary(Scale.MINI)) == {Status.UNTESTABLE}


def test_facts_are_counted_once(of_paper: list[Verdict]) -> None:
    held = [v for v in of_paper if v.claim.kind == "number" and v.status is Status.REPRODUCED]
    facts = Counter(v.fact for v in held)
    assert facts == {Fact.INDEPENDENT: 14, Fact.FITTED: 12, Fact.REPEATED: 3}
    assert len(independent(held)) == 14
    assert {v.claim.metric for v in held if v.fact is Fact.FITTED} == {"layers", "width"}
    assert {v.claim.row for v in held if v.fact is Fact.REPEATED} == {"Res-SL", "Ufor-SL", "DRS-SL"}
    assert tally(held).startswith("29 reproduced (14 independent, 12 fitted, 3 repeated)")


def test_one_word_for_mt_rnn_in_verdict_and_audit(of_paper: list[Verdict], monkeypatch: pytest.MonkeyPatch) -> None:
    row = [claim for claim in complexity_claims() if claim.row == "MT-RNN"]
    monkeypatch.setattr("benchmark.claims.complexity.audit.complexity_claims", lambda paper: row)  # no other is counted
    verdict = one(of_paper, "III.mt-rnn.flops.gmacs")
    assert verdict.status is agreement(579.108, 579.0, 0.05) is Status.CLOSE
    (audited,) = audit()
    assert audited.status is verdict.status


def test_holm_known_values() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9]) == pytest.approx([1.0, 1.0])
    corrected = holm([0.02, math.nan])
    assert corrected[0] == pytest.approx(0.02)
    assert math.isnan(corrected[1])


def test_mini_says_nothing_of_absolute_values(tmp_path: Path) -> None:
    put(tmp_path, "res-sl-slkd", "mini-rain1400", around(33.24, 24))
    found = [v for v in verdicts(tmp_path, Scale.MINI) if v.claim.kind == "number"]
    assert {v.status for v in found} == {"untestable"}


def test_scales_do_not_mix(tmp_path: Path) -> None:
    pair_at_mini(tmp_path, around(0.3, 36, 0.1))
    found = one(verdicts(tmp_path, Scale.PAPER, "text"), "text.slkd-over-dckd.res-sl-slkd.res-sl-dckd-cross.rain1400")
    assert found.status == "untestable"


def _card(root: Path, name: str, kind: str, times: dict[str, float]) -> None:
    import json

    folder = root / "costs" / "latency"
    folder.mkdir(parents=True, exist_ok=True)
    records = [
        {
            "network": n,
            "scale": "paper",
            "task": t,
            "size": 512,
            "median_ms": ms,
            "p10_ms": ms * 0.99,
            "p90_ms": ms * 1.01,
            "peak_mib": None,
            "repeats": 5,
        }
        for (n, t), ms in {(k.partition(" ")[0], k.partition(" ")[2]): v for k, v in times.items()}.items()
    ]
    card = {"device": name, "kind": kind, "torch": "2", "precision": "fp32", "mode": "eager"}
    (folder / f"{name}.json").write_text(json.dumps({"card": card, "records": records}))


@pytest.mark.parametrize(
    ("kind", "own", "other", "status"),
    [
        ("cuda", 10, 20, "reproduced"),
        ("cuda", 20, 10, "contradicted"),
        ("cpu", 20, 10, "close"),
        ("cuda", 10, 10.1, "close"),
    ],
)
def test_who_is_faster(reference: Path, tmp_path: Path, kind: str, own: float, other: float, status: str) -> None:
    for path in (reference / "costs" / "latency").glob("*.json"):
        path.unlink()
    _card(reference, "card", kind, {"res-sl deraining": own, "vdn denoising": other})
    found = verdicts(tmp_path / "none", table="text")
    assert one(found, "text.students-cheaper-than-lightweight.res-sl-slkd.vdn.latency").status == status
    assert one(found, "text.students-faster-than-teachers.res-sl-slkd.restormer.latency").status == "untestable"


def test_a_gpus_card_goes_before_a_cpus(reference: Path, tmp_path: Path) -> None:
    for path in (reference / "costs" / "latency").glob("*.json"):
        path.unlink()
    _card(reference, "a-cpu", "cpu", {"res-sl deraining": 20, "vdn denoising": 10})
    _card(reference, "gpu", "cuda", {"res-sl deraining": 10, "vdn denoising": 20})
    found = one(verdicts(tmp_path, table="text"), "text.students-cheaper-than-lightweight.res-sl-slkd.vdn.latency")
    assert found.status is Status.REPRODUCED
    assert "a-cpu" not in found.reason


@pytest.mark.parametrize(
    ("teacher", "status"), [(31.0, "reproduced"), (20.0, "close"), (9.0, "contradicted")]
)  # 3.10 printed
def test_how_many_times_as_fast(reference: Path, tmp_path: Path, teacher: float, status: str) -> None:
    for path in (reference / "costs" / "latency").glob("*.json"):
        path.unlink()
    _card(reference, "gpu", "cuda", {"res-sl deraining": 10, "restormer deraining": teacher})
    found = verdicts(tmp_path, table="text")
    one_pair = one(found, "text.students-so-many-times-as-fast.res-sl-slkd.restormer.latency")
    assert one_pair.status == status
    assert one_pair.claim.value == pytest.approx(3.10)


def test_the_recorded_gpu_settles_orderings_and_no_second(of_paper: list[Verdict]) -> None:
    times = [v for v in of_paper if v.claim.metric == "latency"]
    assert {v.status for v in times if v.claim.kind == "number"} == {Status.UNTESTABLE}
    assert Status.UNTESTABLE not in {v.status for v in times if v.claim.kind != "number"}
    assert {v.status for v in times if v.claim.statement == "students-faster-than-teachers"} == {Status.REPRODUCED}


def test_every_remedy_is_a_command_that_exists(of_paper: list[Verdict], tmp_path: Path) -> None:
    remedies = {v.remedy for v in [*of_paper, *verdicts(tmp_path, Scale.MINI)] if v.remedy}
    assert len(remedies) > 50
    for line in {part.strip() for remedy in remedies for part in remedy.split("&&")}:
        program, *words = line.split()
        assert program == "slkd-bench"
        command: Any = load(words.pop(0))
        while hasattr(command, "commands"):
            command = command.commands[words.pop(0)]
        command.make_context(command.name, words)


def test_an_unknown_table_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="III"):
        verdicts(tmp_path, table="VI")


def test_the_second_paper_gets_verdicts(tmp_path: Path) -> None:
    put(tmp_path, "restormer", "test2800", around(34.18, WHOLE), np.full(WHOLE, 0.944))
    found = verdicts(tmp_path, paper="restormer")
    assert counts(found)[Status.REPRODUCED] == 2
    assert counts(found)[Status.UNTESTABLE] == len(found) - 2
