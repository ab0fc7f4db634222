"""Verdicts: every claim has one, each status is reached for its reason, and mini never judges an absolute value."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmark.claims.evidence import measure
from benchmark.claims.judge import STATUSES, Verdict, counts, verdicts
from benchmark.cli.lazy import load
from benchmark.core.errors import UnknownName
from benchmark.core.types import Scale
from benchmark.runs.cells import read_cells
from benchmark.statistics import holm
from tests.claims.conftest import around, put

Edit = Callable[[Path, Callable[[Any], None]], None]
WHOLE = 2800  # pairs of Test2800


def one(found: list[Verdict], id: str) -> Verdict:
    return next(v for v in found if v.claim.id == id)


@pytest.fixture(scope="module")
def of_paper(tmp_path_factory: pytest.TempPathFactory) -> list[Verdict]:
    return verdicts(tmp_path_factory.mktemp("empty"), Scale.PAPER)


@pytest.mark.parametrize("scale", list(Scale))
def test_no_claim_is_without_verdict_and_reason(tmp_path: Path, scale: Scale) -> None:
    found = verdicts(tmp_path, scale)
    assert sum(v.claim.kind == "number" for v in found) == 240
    for verdict in found:
        assert verdict.status in STATUSES
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
    assert times.remedy == "slkd-bench profile --all --size 512 --device cuda --save"


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
    assert "profile --all --save" in found.remedy


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
    ("off", "status"), [(0.0, "reproduced"), (0.0049, "reproduced"), (0.02, "close"), (0.6, "contradicted")]
)
def test_numbers_on_the_official_set(tmp_path: Path, off: float, status: str) -> None:
    put(tmp_path, "restormer", "test2800", around(34.18 + off, WHOLE))
    found = one(verdicts(tmp_path, table="II"), "II.restormer.rain1400.psnr")
    assert found.status == status
    assert found.measured == pytest.approx(34.18 + off)
    assert found.tolerance is not None
    assert 0.02 < found.tolerance < 0.1
    assert "2,800 images of 280 scenes" in found.reason
    assert "the set the number really is of" in found.reason


def test_the_tolerance_is_clustered_by_scene(tmp_path: Path) -> None:
    effects = np.random.default_rng(1).normal(0, 1, 280)
    put(tmp_path, "restormer", "test2800", np.repeat(effects - effects.mean(), 10) + 34.18)
    found = measure(read_cells(tmp_path, "paper")[0], "psnr")
    assert found.error == pytest.approx(effects.std(ddof=1) / math.sqrt(280), rel=1e-6)
    assert (found.scenes, found.images) == (280, 2800)


def test_seeds_widen_what_counts_as_reproduced(tmp_path: Path) -> None:
    for seed, mean in enumerate((33.00, 33.20, 33.40)):
        put(tmp_path, "res-sl-slkd", "test2800", around(mean, WHOLE, seed=seed), seed=seed)
    found = one(verdicts(tmp_path, table="IV"), "IV.res-sl-slkd.psnr/ssim.psnr")
    assert found.status == "reproduced"  # 33.24 is 0.04 away, the seeds spread by 0.2
    assert "3 seeds" in found.reason
    assert "twice the spread" in found.reason


def test_the_named_set_is_compared_where_the_true_one_is_not_run(tmp_path: Path) -> None:
    put(tmp_path, "res-sl-slkd", "rain1400", around(34.0, 1400), protocol="ddn-y")
    found = one(verdicts(tmp_path, table="II"), "II.res-sl-slkd.rain1400.psnr")
    assert found.status == "contradicted"
    assert "compared on Rain1400, the set the column names, not Test2800" in found.reason
    put(tmp_path, "res-sl-slkd", "test2800", around(33.24, WHOLE))
    found = one(verdicts(tmp_path, table="II"), "II.res-sl-slkd.rain1400.psnr")
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


def ordering(out: Path, statement: str, dataset: str = "rain1400") -> Verdict:
    pair = {"slkd-over-dckd": "res-sl-slkd.res-sl-dckd-cross"}[statement]
    return one(verdicts(out, Scale.MINI, "text"), f"text.{statement}.{pair}.{dataset}.psnr")


def pair_at_mini(out: Path, gain: np.ndarray, dataset: str = "mini-rain1400", seed: int = 0) -> None:
    base = around(30, len(gain), 3, seed=5)
    put(out, "res-sl-dckd-cross", dataset, base, per_scene=3, seed=seed)
    put(out, "res-sl-slkd", dataset, base + gain, per_scene=3, seed=seed)


def test_an_ordering_that_holds_is_reproduced_and_marked_mini(tmp_path: Path) -> None:
    pair_at_mini(tmp_path, around(0.3, 36, 0.1))
    found = ordering(tmp_path, "slkd-over-dckd")
    assert found.status == "reproduced"
    assert found.measured == pytest.approx(0.3)
    assert found.reason.startswith("scale mini")
    assert found.scale == "mini"
    assert "12 scenes" in found.reason


def test_an_ordering_that_is_reversed_is_contradicted(tmp_path: Path) -> None:
    pair_at_mini(tmp_path, around(-0.3, 36, 0.1))
    assert ordering(tmp_path, "slkd-over-dckd").status == "contradicted"


@pytest.mark.parametrize("mean", [0.01, -0.01])
def test_noise_is_close_and_says_so(tmp_path: Path, mean: float) -> None:
    pair_at_mini(tmp_path, around(mean, 36, 1.0))
    found = ordering(tmp_path, "slkd-over-dckd")
    assert found.status == "close"
    assert "within noise" in found.reason


def test_seeds_that_disagree_are_noise(tmp_path: Path) -> None:
    pair_at_mini(tmp_path, around(1.0, 36, 0.1))
    pair_at_mini(tmp_path, around(-0.2, 36, 0.1), seed=1)
    found = ordering(tmp_path, "slkd-over-dckd")
    assert found.status == "close"
    assert "the sign changes between 2 seeds" in found.reason


def test_holm_runs_over_the_sets_of_a_claim(tmp_path: Path) -> None:
    gain = around(0.25, 36, 0.55, seed=3)
    pair_at_mini(tmp_path, gain)
    alone = ordering(tmp_path, "slkd-over-dckd")
    assert alone.status == "reproduced"
    for dataset in ("mini-test1200", "mini-gopro", "mini-hide", "mini-sidd"):
        pair_at_mini(tmp_path, around(0.0, 36, 1.0), dataset)
    among = ordering(tmp_path, "slkd-over-dckd")
    assert among.status == "close"
    assert "after Holm over 5 sets" in among.reason


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
    found = one(
        verdicts(tmp_path, Scale.PAPER, "text"), "text.slkd-over-dckd.res-sl-slkd.res-sl-dckd-cross.rain1400.psnr"
    )
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
    card = {"device": name, "kind": kind, "precision": "fp32"}
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
    assert counts(found)["reproduced"] == 2
    assert counts(found)["untestable"] == len(found) - 2
