from __future__ import annotations

import dataclasses
import hashlib
import json
import re
import shutil
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import torch

import benchmark.methods.weights.loading
from benchmark.check.command import Request, check_command
from benchmark.check.evaluate import Evaluation, check_cell
from benchmark.check.findings import Case, Finding, Severity
from benchmark.check.github import to_github
from benchmark.check.jobs import find_jobs
from benchmark.check.scores import Tolerance
from benchmark.core.errors import SlkdBenchError, UnknownName
from benchmark.core.types import Scale
from benchmark.costs.subjects import measure_complexity
from benchmark.methods.weights import store
from benchmark.protocols import batched
from benchmark.runs.cells import Cell, cell_path, read_cell, write_cell
from tests.check.conftest import METHOD, SET


def findings(reference: Path, method: str = METHOD, fast: bool = False) -> tuple[Finding, ...]:
    (job,) = (job for job in find_jobs(reference).jobs if job.cell.method == method)
    return check_cell(job, Evaluation(reference, Tolerance(), fast))[0].findings


def failures(reference: Path, method: str = METHOD) -> dict[str, str]:
    return {f.title: f.text for f in findings(reference, method) if f.severity == Severity.FAILURE}


def changed(monkeypatch: pytest.MonkeyPatch, change: Any) -> None:
    """From now on networks are loaded with `change` done to them."""
    load = benchmark.methods.weights.loading.load_for

    def loading(*arguments: Any, **named: Any) -> torch.nn.Module:
        network = load(*arguments, **named)
        with torch.no_grad():
            change(network)
        return network

    monkeypatch.setattr("benchmark.check.evaluate.load_for", loading)


def path_of(reference: Path, method: str = METHOD) -> Path:
    return cell_path(reference, method, SET, "mini")


def rewrite(reference: Path, method: str = METHOD, **what: Any) -> Cell:
    cell = dataclasses.replace(read_cell(path_of(reference, method)), **what)
    write_cell(path_of(reference, method), cell)
    return cell


def shift(reference: Path, decibels: float) -> None:
    old = read_cell(path_of(reference))
    scores = tuple(dataclasses.replace(s, psnr=s.psnr + decibels, ssim=s.ssim + decibels / 100) for s in old.scores)
    rewrite(reference, scores=scores)


def test_what_has_not_changed_passes(reference: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check_command(Request(reference, fast=True)) == 0
    assert "2 checked" in (told := capsys.readouterr().out)
    assert "2 as in the reference, 0 better, 0 failed" in told


@pytest.mark.parametrize("tensor", ["inlet.weight", "outlet.weight", "gates.bias"])
def test_a_weight_tensor_times_1_05_fails(reference: Path, monkeypatch: pytest.MonkeyPatch, tensor: str) -> None:
    changed(
        monkeypatch, lambda network: network.get_parameter(tensor).mul_(1.05) if hasattr(network, "inlet") else None
    )
    found = failures(reference)
    assert any(re.fullmatch("(PSNR|SSIM) (fell|may have fallen)", title) for title in found)
    text = " ".join(found.values())
    assert SET in text
    assert re.search(r"may have lost \d+\.\d+", text)


def test_full_range_luma_fails_as_a_change_of_scoring(reference: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batched, "LUMA", (25415, 49895, 9690))
    monkeypatch.setattr(batched, "LUMA_OF_BLACK", 0.0)
    text = failures(reference, "identity")["PSNR scored differently"]
    assert "rain13k-y@1" in text
    (scored,) = re.findall(r"scores ([+-]\d+\.\d+) dB PSNR", text)
    assert -1.5 < float(scored) < -1.1  # 20 log10(219/255) = -1.32
    fell = failures(reference)["PSNR fell"]
    (lost,) = re.findall(r"fell by (\d+\.\d+) dB on mini-rain1400", fell)
    assert 1.1 < float(lost) < 1.5


def test_scoring_that_flatters_fails_too(reference: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batched, "LUMA", tuple(part // 2 for part in batched.LUMA))
    assert "PSNR scored differently" in failures(reference, "identity")
    assert not failures(reference)


def test_another_padding_mode_fails(reference: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def circular(network: torch.nn.Module) -> None:
        for name, module in network.named_modules():
            if name == "outlet" and isinstance(module, torch.nn.Conv2d):
                module.padding_mode = "circular"
                module._reversed_padding_repeated_twice = [1, 1, 1, 1]

    changed(monkeypatch, circular)
    assert "PSNR fell" in failures(reference)


def test_the_message_names_method_set_loss_images_and_the_way_out(
    reference: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shift(reference, 0.25)
    assert check_command(Request(reference)) == 1
    told = " ".join(capsys.readouterr().out.split())
    assert f"{METHOD} on {SET}" in told
    assert f"PSNR fell by 0.2500 dB on {SET}" in told
    assert re.search(r"Worst: [\w-]+ -0\.2500 dB", told)
    assert "Nothing else that is recorded changed" in told
    assert f"slkd-bench run --method {METHOD} --dataset {SET}" in told
    assert "1 failed (PSNR fell 1, SSIM fell 1)" in told


def test_a_tolerance_in_db_accepts_a_fall(reference: Path) -> None:
    shift(reference, 0.25)
    assert check_command(Request(reference, tolerance=0.2)) == 1
    assert check_command(Request(reference, tolerance=0.3)) == 0


def test_improvement_is_told_and_taken_over_with_update(
    reference: Path, cells: tuple[Cell, Cell], capsys: pytest.CaptureFixture[str]
) -> None:
    shift(reference, -0.25)
    before = path_of(reference).read_bytes()
    assert check_command(Request(reference)) == 0
    assert "PSNR rose by 0.2500 dB" in capsys.readouterr().out
    assert path_of(reference).read_bytes() == before
    assert check_command(Request(reference, update=True)) == 0
    assert "1 reference files rewritten" in capsys.readouterr().out
    assert read_cell(path_of(reference)).psnr == pytest.approx(cells[1].psnr, abs=1e-5)
    assert check_command(Request(reference)) == 0
    assert "0 better" in capsys.readouterr().out


def test_update_never_takes_over_a_fall(reference: Path) -> None:
    shift(reference, 0.25)
    before = path_of(reference).read_bytes()
    assert check_command(Request(reference, update=True)) == 1
    assert path_of(reference).read_bytes() == before
    with pytest.raises(SlkdBenchError, match="--fast and --update"):
        check_command(Request(reference, update=True, fast=True))


def test_another_hash_of_weights_or_code_alone_is_told(reference: Path) -> None:
    cell = rewrite(reference)
    rewrite(reference, key={**cell.key, "weights": "0" * 64, "code": {**cell.key["code"], "network": "1" * 16}})
    found = findings(reference)
    assert {f.title for f in found} == {"weights changed", "code changed"}
    assert {f.severity for f in found} == {Severity.NOTE}
    assert check_command(Request(reference, update=True)) == 0
    assert read_cell(path_of(reference)).key == cell.key


@pytest.mark.parametrize("part", ["data", "protocol"])
def test_other_data_or_another_protocol_fail(reference: Path, part: str) -> None:
    cell = rewrite(reference)
    rewrite(reference, key={**cell.key, part: "rain13k-y@0"})
    assert list(failures(reference)) == [f"{part} changed"]


def test_weights_that_are_not_those_of_their_card_fail(
    reference: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = store.require(METHOD, "deraining", "mini")
    own = tmp_path / "home" / "weights" / store.relative_path(METHOD, "deraining", "mini")
    own.parent.mkdir(parents=True)
    shutil.copy(found.path.with_suffix(".json"), own.with_suffix(".json"))
    from safetensors.torch import load_file, save_file

    state = load_file(found.path)
    state["inlet.weight"] = state["inlet.weight"] * 1.5
    save_file(state, own)
    monkeypatch.setenv("SLKD_BENCH_HOME", str(tmp_path / "home"))
    told = failures(reference)
    assert list(told) == ["weights damaged"]  # what is not the card's file is not evaluated
    assert str(own) in told["weights damaged"]
    assert own.with_suffix(".json").name in told["weights damaged"]
    assert hashlib.sha256(own.read_bytes()).hexdigest()[:12] in told["weights damaged"]
    before = path_of(reference).read_bytes()
    assert check_command(Request(reference, update=True)) == 1
    assert path_of(reference).read_bytes() == before
    shown = " ".join(capsys.readouterr().out.split())
    assert "weights damaged" in shown
    assert f"slkd-bench train {METHOD} --task deraining --scale mini" in shown
    own.with_suffix(".json").write_text("{")
    assert own.with_suffix(".json").name in str(failures(reference))
    card = json.loads(found.path.with_suffix(".json").read_text())
    card["sha256"] = hashlib.sha256(own.read_bytes()).hexdigest()
    own.with_suffix(".json").write_text(json.dumps(card))
    assert "weights damaged" not in failures(reference)  # whole, but others: then their scores decide
    assert any(title.startswith("PSNR") for title in failures(reference))


def test_what_disappears_fails(reference: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cell = read_cell(path_of(reference))
    gone = dataclasses.replace(cell, method="forgotten-net")
    write_cell(path_of(reference, "forgotten-net"), gone)
    assert list(failures(reference, "forgotten-net")) == ["method disappeared"]
    write_cell(cell_path(reference, METHOD, "mini-lost", "mini"), dataclasses.replace(cell, dataset="mini-lost"))
    (job,) = (job for job in find_jobs(reference).jobs if job.cell.dataset == "mini-lost")
    assert check_cell(job, Evaluation(reference, Tolerance()))[0].failures[0].title == "data set disappeared"
    write_cell(cell_path(reference, METHOD, SET, "mini", 7), dataclasses.replace(cell, seed=7))
    (job,) = (job for job in find_jobs(reference).jobs if job.cell.seed == 7)
    assert check_cell(job, Evaluation(reference, Tolerance()))[0].failures[0].title == "weights disappeared"


def test_a_network_that_breaks_is_named(reference: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: Any) -> torch.nn.Module:
        raise RuntimeError("shapes do not fit")

    monkeypatch.setattr("benchmark.check.evaluate.load_for", broken)
    assert "shapes do not fit" in failures(reference)["cannot be evaluated"]


def test_a_count_that_changed_fails(reference: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record = measure_complexity("prenet", "deraining", Scale.MINI, 512)
    lost = dataclasses.replace(record, network="forgotten-net")
    off = dataclasses.replace(record, parameters=record.parameters + 6, gmacs=record.gmacs * 1.01)
    for records, title in (([record], None), ([off], "parameters changed"), ([lost], "network disappeared")):
        text = json.dumps({"made_by": {}, "records": [dataclasses.asdict(r) for r in records]})
        (reference / "costs" / "complexity.json").write_text(text)
        assert check_command(Request(reference, fast=True)) == (1 if title else 0)
        told = capsys.readouterr().out
        if title:
            assert title in told
        if records == [off]:
            assert "(-6)" in told
            assert "GMAC changed" in told


def test_junit_and_annotations(reference: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shift(reference, 0.25)
    assert check_command(Request(reference, fast=True, junit=tmp_path / "out.xml", github=True)) == 1
    root = ElementTree.parse(tmp_path / "out.xml").getroot()
    (suite,) = root.findall("testsuite")
    assert (suite.get("name"), suite.get("tests"), suite.get("failures")) == (SET, "2", "1")
    good, bad = suite.findall("testcase")
    assert (good.get("name"), bad.get("name")) == ("identity", METHOD)
    assert good.find("failure") is None
    assert "fell by 0.2500 dB" in (bad.findtext("failure") or "")
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("::")]
    assert lines[0].startswith("::error file=")
    assert f"title=PSNR fell%3A {METHOD} on {SET}::PSNR fell by 0.2500 dB" in lines[0]
    assert "%0A" in lines[0]
    assert len(lines) == 2


def test_annotations_escape_what_would_end_them() -> None:
    case = Case(
        "g", "a,b", (Finding(Severity.FAILURE, "x", "50 % of\nit"), Finding(Severity.NOTE, "y", "z")), "f:1.json"
    )
    assert list(to_github([case])) == ["::error file=f%3A1.json,title=x%3A a%2Cb on g::50 %25 of%0Ait"]


def test_a_broken_reference_file_fails_and_an_empty_one_is_refused(reference: Path, tmp_path: Path) -> None:
    path_of(reference).write_text("{")
    assert check_command(Request(reference, fast=True)) == 1
    with pytest.raises(SlkdBenchError, match="no `cells`"):
        find_jobs(tmp_path / "nothing")


def test_only_the_named_are_checked_with_the_scoring_beside_them(reference: Path) -> None:
    write_cell(path_of(reference, "rcdnet"), dataclasses.replace(read_cell(path_of(reference)), method="rcdnet"))
    assert [job.cell.method for job in find_jobs(reference, ["prenet"]).jobs] == ["identity", "prenet"]
    assert len(find_jobs(reference, [], ["rain1400"]).jobs) == 3
    with pytest.raises(UnknownName, match="uformer"):
        find_jobs(reference, ["uformer"])
    with pytest.raises(UnknownName, match="gopro"):
        find_jobs(reference, [], ["gopro"])
