"""Metrics by pyiqa's names; what cannot be had here is explained and harms nothing else."""

import subprocess
import sys

import pytest
import torch

from benchmark.core.errors import BadImage, SlkdBenchError, UnknownName
from benchmark.images.metrics import MetricUnavailable, get_metric, open_metrics


def images() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    clean = torch.nn.functional.interpolate(torch.rand(2, 3, 20, 20, generator=generator), (96, 112), mode="bicubic")
    return clean + 0.05 * torch.randn(clean.shape, generator=generator), clean


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Nothing is cached, and nothing can be fetched."""
    import pyiqa.utils.download_util as download

    def refuse(*_: object, **__: object) -> None:
        raise OSError("no route to host")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path_factory.mktemp("hub")))
    monkeypatch.setattr("socket.getaddrinfo", refuse)
    monkeypatch.setattr(download, "download_url_to_file", refuse, raising=False)
    monkeypatch.setattr(download, "DEFAULT_CACHE_DIR", str(tmp_path_factory.mktemp("pyiqa")), raising=False)


def test_a_metric_with_and_one_without_reference() -> None:
    restored, clean = images()
    (gmsd, piqe), missing = open_metrics("gmsd, piqe,gmsd")
    assert not missing
    assert (gmsd.reference, piqe.reference) == (True, False)
    assert gmsd.lower_is_better
    assert gmsd(clean, clean) == pytest.approx([0, 0], abs=1e-6)
    noisy = gmsd(restored, clean)
    assert len(noisy) == 2
    assert min(noisy) > 1e-3
    assert gmsd(restored[1], clean[1]) == pytest.approx(noisy[1:])
    assert piqe(restored, clean) == pytest.approx(piqe(restored, restored))


@pytest.mark.usefixtures("no_network")
def test_missing_weights_are_explained_and_the_rest_is_unharmed() -> None:
    ready, missing = open_metrics(["brisque", "gmsd"])
    assert [metric.name for metric in ready] == ["gmsd"]
    assert [problem.name for problem in missing] == ["brisque"]
    assert "TORCH_HOME" in missing[0].remedy
    assert "OSError" in missing[0].found or "URLError" in missing[0].found


@pytest.mark.usefixtures("no_network")
def test_asking_for_one_that_is_missing_raises() -> None:
    with pytest.raises(MetricUnavailable, match="brisque"):
        get_metric("brisque")


def test_names() -> None:
    with pytest.raises(UnknownName, match="lpips"):
        open_metrics("lpip")
    for name in ("psnr", "SSIM", "psnry"):
        with pytest.raises(SlkdBenchError, match="--protocol"):
            get_metric(name)
    with pytest.raises(UnknownName):
        get_metric("fid")


def test_bad_images() -> None:
    metric = get_metric("gmsd")
    restored, clean = images()
    with pytest.raises(BadImage, match="equal shape"):
        metric(restored[..., :50], clean)
    restored[0, 0, 0, 0] = float("nan")
    with pytest.raises(BadImage, match="NaN"):
        metric(restored, clean)


def test_nothing_heavy_until_asked() -> None:
    modules = "benchmark.images.metrics, benchmark.protocols.matrix, benchmark.cli.identify"
    code = f"import sys, {modules}; print({{'torch', 'pyiqa'}} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
