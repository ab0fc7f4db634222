from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.core.types import Scale
from benchmark.runs.cells import Cell, ImageScore, cell_path, write_cell
from benchmark.views.report.command import Request, contents
from benchmark.views.report.page import render
from benchmark.views.report.pictures import make_album
from benchmark.views.report.verdict_lines import verdict_group
from benchmark.views.tables.grid import read_results

METHODS = {  # PSNR, SSIM
    "identity": (22.1, 0.71),
    "restormer": (34.18, 0.944),
    "res-sl-scratch": (32.9, 0.931),
    "res-sl-dfkd": (32.56, 0.928),
    "res-sl-dckd-cross": (32.67, 0.930),
    "res-sl-slkd": (33.24, 0.937),
    "prenet": (31.75, 0.916),
    "uformer": (33.6, 0.94),
    "res-sl-ablation-nc": (33.01, 0.931),
}
SETS = ("mini-rain1400", "mini-test1200")
HOSTILE = '<script>alert("m")</script>'
HOSTILE_SET = '"><img src=x onerror=alert(1)>'


def fabricate(out: Path, method: str, dataset: str, psnr: float, ssim: float, seed: int = 0, **key: object) -> Cell:
    """A result file of eight images in four scenes around the given means."""
    scores = tuple(
        ImageScore(f"scene{i // 2}-{i % 2}", f"scene{i // 2}", psnr + i - 3.5, ssim + (i - 3.5) / 1000)
        for i in range(8)
    )
    network = "" if method == "identity" or "<" in method else method
    facts = {
        "method": method,
        "network": network,
        "weights": f"{len(method):064x}",
        "seed": seed,
        "data": "d" * 64,
        "protocol": "rain13k-y@1",
        "code": "c0de",
        "device": "cpu",
        "limit": None,
        **key,
    }
    made_by = {"slkd-bench": "0.1.0", "commit": "abc", "torch": "2.13.0+cpu", "device": "<b>x86</b>", "threads": 2}
    cell = Cell(method, dataset, "mini", seed, facts, made_by, scores)
    name = method if "<" not in method else "hostile"
    write_cell(cell_path(out, name, dataset if "<" not in dataset else "hostile", Scale.MINI, seed), cell)
    return cell


@pytest.fixture(scope="package")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Result files of nine methods on two sets, a second seed, and two with hostile names."""
    folder = tmp_path_factory.mktemp("results")
    for method, (psnr, ssim) in METHODS.items():
        for number, dataset in enumerate(SETS):
            if number and "ablation" in method:
                continue
            fabricate(folder, method, dataset, psnr - number, ssim)
    fabricate(folder, "res-sl-slkd", SETS[0], 33.5, 0.938, seed=1)
    fabricate(folder, HOSTILE, SETS[0], 20.0, 0.5)
    fabricate(folder, "prenet", HOSTILE_SET, 30.0, 0.9)  # these two are refused, by their names, and told
    fabricate(folder, "my-net", SETS[0], 20.0, 0.5)
    fabricate(folder, "prenet", "mine", 30.0, 0.9)
    return folder


@pytest.fixture(scope="package")
def pictures(out: Path) -> Path:
    """Restored images of two images by two methods on the first set, and a result file that gives their true scores."""
    from benchmark.datasets import get_dataset
    from benchmark.images.io import save_image
    from benchmark.protocols import get_protocol

    data, folder = get_dataset(SETS[0]), out / "images"
    protocol = get_protocol(data.protocol)
    for method, blend in (("restormer", 0.1), ("res-sl-slkd", 0.3)):
        scores = []
        for index in (0, 1):
            pair = data[index]
            restored = (blend * pair.degraded + (1 - blend) * pair.clean).mul(255).round().div(255)
            where = folder / SETS[0] / method / f"{pair.name}.png"
            where.parent.mkdir(parents=True, exist_ok=True)
            save_image(where, restored)
            found = protocol.score(restored, pair.clean)
            scores.append(ImageScore(pair.name, pair.scene, found.psnr, found.ssim))
        key = {
            "method": method,
            "network": method,
            "data": data.fingerprint(),
            "protocol": "rain13k-y@1",
            "limit": None,
        }
        cell = Cell(method, SETS[0], "mini", 0, key, {}, tuple(scores))
        write_cell(cell_path(out / "pictured", method, SETS[0], Scale.MINI), cell)
    return folder


@pytest.fixture(scope="package")
def page(out: Path, pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of these results, its pictures held against the true scores."""
    from dataclasses import replace

    results = read_results(out, Scale.MINI)
    paper, mini = verdict_group(out, Scale.PAPER), verdict_group(out, Scale.MINI)
    made = contents(Request(Scale.MINI, out, Path("r.html"), images=0), results, paper, mini)
    album = make_album(read_results(out / "pictured", Scale.MINI), pictures, 2)
    to = tmp_path_factory.mktemp("page") / "report.html"
    to.write_text(render(replace(made, album=album)), encoding="utf-8")
    return to
