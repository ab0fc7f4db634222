"""Importing the authors' checkpoints: every wrapper, and every way in which a file can be wrong."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from benchmark.core.errors import BadWeights
from benchmark.core.types import Scale, Task
from benchmark.methods.find import get_method
from benchmark.methods.weights.importing import import_weights
from benchmark.methods.weights.listing import all_weights, verify_all
from benchmark.methods.weights.loading import load_network
from benchmark.methods.weights.store import WeightsFile
from tests.networks.fixtures import fixture


def saved(folder: Path, state: object, name: str = "net.pth") -> Path:
    torch.save(state, folder / name)
    return folder / name


@pytest.fixture(scope="module")
def prenet() -> dict[str, Tensor]:
    return fixture("prenet").state()


@pytest.mark.parametrize(
    "wrap",
    [
        lambda s: s,
        lambda s: {"params": s},
        lambda s: {"state_dict": s, "epoch": 3},
        lambda s: {f"module.{k}": v for k, v in s.items()},
        lambda s: {"state_dict": {f"module.{k}": v for k, v in s.items()}, "optimizer": {"lr": 1}},
    ],
    ids=["raw", "params", "state_dict", "module.", "state_dict and module."],
)
def test_every_wrapper_gives_the_authors_output(
    wrap: Callable[..., Any], prenet: dict[str, Tensor], tmp_path: Path
) -> None:
    method = get_method("prenet")
    path = import_weights(method, [saved(tmp_path, wrap(prenet))], Task.DERAINING)
    network = load_network(method, Task.DERAINING, Scale.PAPER)
    with torch.no_grad():
        assert fixture("prenet").relative_error(network(fixture("prenet").image)) < 1e-5
    card = WeightsFile(path).card
    assert card["imported_from"][0]["file"] == "net.pth"
    assert card["variant"] == "prenet for deraining"
    assert card["sha256"] == WeightsFile(path).sha256


def test_one_file_a_level(tmp_path: Path) -> None:
    state = fixture("dmphn_1_2_4").state()
    levels = sorted({key.partition(".")[0] for key in state})
    files = [
        saved(
            tmp_path,
            {k.removeprefix(f"{level}."): v for k, v in state.items() if k.startswith(f"{level}.")},
            f"{level}.pkl",
        )
        for level in levels
    ]
    method = get_method("dmphn")
    import_weights(method, files, Task.DEBLURRING)
    with pytest.raises(BadWeights, match="DMPHN"):
        import_weights(method, files[:-1], Task.DEBLURRING)
    with pytest.raises(BadWeights, match="once more"):
        import_weights(method, [*files, files[0]], Task.DEBLURRING)


def bad(tmp_path: Path, file: Path, pattern: str) -> None:
    with pytest.raises(BadWeights, match=pattern):
        import_weights(get_method("prenet"), [file], Task.DERAINING, tmp_path / "out")
    assert not list((tmp_path / "out").rglob("*.safetensors"))


def test_a_truncated_file(prenet: dict[str, Tensor], tmp_path: Path) -> None:
    whole = saved(tmp_path, prenet)
    for part in (100, whole.stat().st_size // 2, whole.stat().st_size - 10):
        cut = tmp_path / "cut.pth"
        cut.write_bytes(whole.read_bytes()[:part])
        bad(tmp_path, cut, "whole|tensors alone")


def test_an_empty_file_and_a_missing_one(tmp_path: Path) -> None:
    (tmp_path / "empty.pth").write_bytes(b"")
    bad(tmp_path, tmp_path / "empty.pth", "empty")
    bad(tmp_path, tmp_path / "nowhere.pth", "no file")


@pytest.mark.parametrize("start", ["<!DOCTYPE html><html>", "\n <html><head>", "<?xml version='1.0'?>"])
def test_a_web_page_saved_as_a_checkpoint(start: str, tmp_path: Path) -> None:
    (tmp_path / "page.pth").write_text(start + "The file is too large to be scanned for viruses")
    bad(tmp_path, tmp_path / "page.pth", "web page")


class Bomb:
    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.target),)


def test_a_pickle_that_runs_code_is_refused_and_not_run(tmp_path: Path) -> None:
    target = tmp_path / "was-run"
    bad(tmp_path, saved(tmp_path, {"conv0.0.weight": Bomb(target)}), "could run code")
    (tmp_path / "plain.pkl").write_bytes(pickle.dumps(Bomb(target)))
    bad(tmp_path, tmp_path / "plain.pkl", "could run code|whole weight file")
    assert not target.exists()


def test_a_whole_training_state_without_weights(tmp_path: Path) -> None:
    bad(tmp_path, saved(tmp_path, {"epoch": 3, "lr": 0.1}), "tensors by name")
    bad(tmp_path, saved(tmp_path, {}), "tensors by name")


def test_missing_left_over_and_other_shapes_are_counted(prenet: dict[str, Tensor], tmp_path: Path) -> None:
    bad(tmp_path, saved(tmp_path, {k: v for k, v in prenet.items() if k != "conv.0.bias"}), r"conv\.0\.bias")
    bad(tmp_path, saved(tmp_path, {**prenet, "extra.weight": torch.ones(2)}), r"extra\.weight")
    bad(tmp_path, saved(tmp_path, {**prenet, "conv.0.bias": torch.ones(7)}), "shape")


def test_a_checkpoint_of_another_network(prenet: dict[str, Tensor], tmp_path: Path) -> None:
    with pytest.raises(BadWeights, match="Restormer"):
        import_weights(get_method("restormer"), [saved(tmp_path, prenet)], Task.DERAINING)


@pytest.mark.parametrize(
    ("name", "source", "given", "right"),
    [
        ("restormer", "restormer_biasfree", Task.DERAINING, "denoising"),
        ("mprnet", "mprnet_deblurring", Task.DERAINING, "deblurring"),
    ],
)
def test_a_checkpoint_of_another_variant_is_named(
    name: str, source: str, given: Task, right: str, tmp_path: Path
) -> None:
    with pytest.raises(BadWeights, match=f"--task {right}"):
        import_weights(get_method(name), [saved(tmp_path, fixture(source).state())], given)


def test_listing_and_verifying(
    prenet: dict[str, Tensor], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmark.core.paths.packaged_weights", lambda: tmp_path / "none")
    path = import_weights(get_method("prenet"), [saved(tmp_path, prenet)], Task.DERAINING)
    assert [entry[:4] for entry in all_weights(Scale.PAPER)] == [("prenet", Task.DERAINING, Scale.PAPER, 0)]
    assert verify_all() == 0
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(bytes(content))
    assert verify_all() == 1
    assert "sha256" in capsys.readouterr().out


@pytest.mark.real
def test_the_real_checkpoints_load(real: Path) -> None:
    import_weights(get_method("prenet"), [real / "weights/prenet/rain1400.pth"], Task.DERAINING)
    import_weights(get_method("dmphn"), sorted((real / "weights/dmphn_1_2_4").glob("*.pkl")), Task.DEBLURRING)
    for name, task in (("prenet", Task.DERAINING), ("dmphn", Task.DEBLURRING)):
        load_network(get_method(name), task, Scale.PAPER)
