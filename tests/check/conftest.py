"""A small reference: the degraded input and one trained network on six images of one mini set."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.check.subset import Excerpt
from benchmark.core.types import Scale
from benchmark.datasets import get_dataset
from benchmark.methods.find import get_method
from benchmark.methods.weights.loading import load_network
from benchmark.protocols import get_protocol
from benchmark.runs.cells import Cell, cell_path, write_cell
from benchmark.runs.code import made_by
from benchmark.runs.key import cell_key
from benchmark.runs.restore import restore_and_score

SET, METHOD = "mini-rain1400", "prenet"


def make_cell(method_id: str, dataset_id: str = SET, count: int = 6) -> Cell:
    """A cell of the first image of each of `count` scenes."""
    method, dataset = get_method(method_id), get_dataset(dataset_id)
    images = Excerpt(dataset, tuple(dataset.names()[::3][:count]))
    left_out = {name: "left out" for name in dataset.names() if name not in images.names()}
    network = load_network(method, dataset.task, Scale.MINI)
    found = restore_and_score(network, images, get_protocol(dataset.protocol))
    key, made = cell_key(method, dataset, Scale.MINI, 0), made_by("cpu")
    return Cell(method_id, dataset_id, "mini", 0, key, made, tuple(found.scores), left_out, len(dataset))


@pytest.fixture(scope="session")
def cells() -> tuple[Cell, Cell]:
    return make_cell("identity"), make_cell(METHOD)


@pytest.fixture
def reference(tmp_path: Path, cells: tuple[Cell, Cell]) -> Path:
    """The folder of a reference that nothing has changed against."""
    for cell in cells:
        write_cell(cell_path(tmp_path, cell.method, cell.dataset, "mini"), cell)
    (tmp_path / "costs").mkdir()
    (tmp_path / "costs" / "complexity.json").write_text('{"records": []}')
    return tmp_path
