"""One image of a data set restored by several methods and scored under the set's own protocol: a row of a figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median_low
from typing import TYPE_CHECKING

from benchmark.core.errors import BadData, BadResult, SlkdBenchError, UnknownName
from benchmark.core.precision import exact
from benchmark.core.types import Pair, Scale
from benchmark.datasets.pairs import iterate
from benchmark.methods.find import get_method
from benchmark.methods.method import Method
from benchmark.methods.weights import store
from benchmark.methods.weights.loading import load_for
from benchmark.protocols import get_protocol
from benchmark.runs.cells import cell_path, read_cell
from benchmark.runs.key import shelf
from benchmark.runs.restore import Course, Hooks, restore_and_score
from benchmark.views.figures.crop import Crop, choose, parse

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from benchmark.datasets.pairs import Dataset

AGREEMENT = 0.005  # dB: half of the last printed digit


@dataclass(frozen=True)
class Making:
    """How a row is made: networks of which scale, beside the results below `out`, cut where (x,y,w,h; empty: by rule)."""

    scale: Scale
    out: Path
    crop: str = ""
    device: str = "cpu"


@dataclass(frozen=True)
class Panel:
    """One restored image (H, W, 3) in [0, 1], its PSNR in dB under the set's protocol, and the training seed."""

    method: str
    title: str
    image: NDArray[np.float64]
    psnr: float
    seed: int = 0


@dataclass(frozen=True)
class ImageRow:
    """An image of a set as `degraded`, restored by each of `panels`, and `clean`; what has no weights is `missing`.

    `stale` names panels whose result file gives another PSNR, `left_out` images of the set that could not be read.
    """

    dataset: str
    title: str
    task: str
    image: str
    protocol: str
    degraded: Panel
    panels: tuple[Panel, ...]
    clean: NDArray[np.float64]
    crop: Crop
    rule: str
    missing: tuple[str, ...] = ()
    stale: tuple[str, ...] = field(default=())
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class OneImage:
    """A single image of a data set, as a data set."""

    dataset: Dataset
    index: int

    def __len__(self) -> int:
        return 1

    def __getitem__(self, index: int) -> Pair:
        return self.dataset[self.index]

    def names(self) -> list[str]:
        """The image's name."""
        return [self.dataset.names()[self.index]]


def find_image(dataset: Dataset, name: str) -> int:
    """The place of the image called `name`. Raises UnknownName."""
    names = dataset.names()
    if name not in names:
        raise UnknownName(f"image of {dataset.id}", name, names)
    return names.index(name)


def typical_image(dataset: Dataset, out: Path, left_out: dict[str, str] | None = None) -> int:
    """The image whose degraded PSNR is the (lower) median of its set: a choice that no method has a part in.

    Taken from the result file of `identity` below `out` where it stands, otherwise computed. An image that cannot be
    read is raised; where `left_out` is given it is written there by its name with the reason, and the others are looked
    at. Raises BadData where there is none.
    """

    psnrs: dict[str, float] = {}
    path = cell_path(out, "identity", dataset.id, shelf(dataset, dataset.scale))
    if path.is_file():
        cell = read_cell(path)
        if cell.key.get("data") == dataset.fingerprint():
            psnrs = {score.name: score.psnr for score in cell.scores}
    if sorted(psnrs) != sorted(dataset.names()):
        protocol = get_protocol(dataset.protocol)
        psnrs = {}
        for name, pair in iterate(dataset, keep_going=left_out is not None):
            if not isinstance(pair, SlkdBenchError):
                psnrs[name] = protocol.score(pair.degraded, pair.clean).psnr
            elif left_out is not None:
                left_out[name] = str(pair)
    if not psnrs:
        raise BadData(f"an image of {dataset.id} that can be shown", "none", "Check it: `slkd-bench data verify`.")
    middle = median_low(psnrs.values())
    return next(index for index, name in enumerate(dataset.names()) if psnrs.get(name) == middle)


def restore_row(dataset: Dataset, index: int, methods: Sequence[tuple[Method, str]], making: Making) -> ImageRow:
    """Restores image `index` of `dataset` with every method of its task that has weights, the lowest seed of each.

    `methods` come with their columns' titles. Raises what loading a network and reading an image raise.
    """
    panels, missing = [], []
    for method, title in methods:
        foreign = dataset.task not in method.tasks and (dataset.task is not None or bool(method.network))
        if foreign or method.id == "identity":
            continue
        seeds = store.seeds(method.id, dataset.task or "", making.scale, dataset.id) if method.network else [0]
        if seeds:
            panels.append(restore(dataset, index, (method, title), making, seeds[0]))
        else:
            missing.append(title)
    degraded = restore(dataset, index, (get_method("identity"), "degraded"), making)
    pair = dataset[index]
    clean = _array(pair.clean)
    if making.crop:
        chosen, rule = parse(making.crop, *clean.shape[:2]), "as asked for"
    else:
        chosen, rule = choose(degraded.image, [panel.image for panel in panels], clean)
    stale = [line for panel in (degraded, *panels) if (line := _disagreement(panel, dataset, pair.name, making))]
    return ImageRow(
        dataset.id,
        dataset.title,
        str(dataset.task or ""),
        pair.name,
        dataset.protocol,
        degraded,
        tuple(panels),
        clean,
        chosen,
        rule,
        tuple(missing),
        tuple(stale),
    )


def restore(dataset: Dataset, index: int, column: tuple[Method, str], making: Making, seed: int = 0) -> Panel:
    """Image `index` restored by the method of a `column` (with its title) and scored as a run scores it."""
    images: list[Tensor] = []
    (method, title), device = column, making.device
    network = load_for(method, dataset, making.scale, seed, device)
    one: Dataset = OneImage(dataset, index)  # type: ignore[assignment]
    with exact(device):
        found = restore_and_score(
            network,
            one,
            get_protocol(dataset.protocol),
            Course(device, hooks=Hooks(restored=lambda _, image: images.append(image))),
        )
    return Panel(method.id, title, _array(images[0]), found.scores[0].psnr, seed)


def _array(image: Tensor) -> NDArray[np.float64]:
    array: NDArray[np.float64] = image.detach().cpu().double().clamp(0, 1).permute(1, 2, 0).numpy()
    return array


def _disagreement(panel: Panel, dataset: Dataset, image: str, making: Making) -> str:
    """What to tell where the result file of a panel's cell gives another PSNR; empty where there is none or it agrees."""
    path = cell_path(making.out, panel.method, dataset.id, shelf(dataset, making.scale), panel.seed)
    at_scale = path.with_name(f"{path.stem}.at-{making.scale}.json")  # a network of the suite on a folder
    path = at_scale if at_scale.is_file() else path
    if not path.is_file():
        return ""
    try:
        scores = [score.psnr for score in read_cell(path).scores if score.name == image]
    except BadResult as problem:
        return str(problem)
    if not scores or scores[0] == panel.psnr or abs(scores[0] - panel.psnr) <= AGREEMENT:
        return ""
    return (
        f"{path} gives {scores[0]:.2f} dB for {image}, the figure {panel.psnr:.2f}: its weights or data have changed "
        "since; run it again."
    )
