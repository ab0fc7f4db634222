"""The shipped weights still give the committed reference results (that the README prints just those: tests/docs)."""

from __future__ import annotations

import pytest

from benchmark import places
from benchmark.datasets import get_dataset
from benchmark.methods import get_method
from benchmark.nouns import Scale
from benchmark.protocols import get_protocol
from benchmark.runs.cells import Cell, cell_path, read_cell, read_cells
from benchmark.runs.restore import restore_and_score

SETS = ("mini-rain1400", "mini-test1200", "mini-gopro", "mini-hide", "mini-sidd")


def reference(method: str, dataset: str) -> Cell:
    return read_cell(cell_path(places.results() / "mini", method, dataset, "mini"))


@pytest.mark.parametrize(
    ("method", "dataset"),
    [("identity", name) for name in SETS] + [("prenet", "mini-rain1400"), ("res-sl-scratch", "mini-gopro"),
                                             ("res-sl-scratch", "mini-sidd"), ("restormer", "mini-hide")],
)  # fmt: skip
def test_evaluation_gives_the_reference(method: str, dataset: str) -> None:
    from benchmark.loading import load_network

    expected, pairs = reference(method, dataset), get_dataset(dataset)
    network = load_network(get_method(method), pairs.task, Scale.MINI)
    found = restore_and_score(network, pairs, get_protocol(pairs.protocol), limit=6)
    for (pair, score), known in zip(found.scores, expected.scores, strict=False):
        assert pair.name == known.name
        assert score.psnr == pytest.approx(known.psnr, abs=0.02)
        assert score.ssim == pytest.approx(known.ssim, abs=2e-4)


def test_every_trained_method_beats_the_degraded_input() -> None:
    cells, broken = read_cells(places.results() / "mini", "mini")
    assert not broken
    assert len(cells) >= 17
    for cell in cells:
        margin = 0.5 if cell.dataset in ("mini-gopro", "mini-hide") else 1.0
        if cell.method != "identity":
            assert cell.psnr >= reference("identity", cell.dataset).psnr + margin, (cell.method, cell.dataset)
