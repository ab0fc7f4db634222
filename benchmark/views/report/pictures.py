"""Pictures for the viewer: crops of degraded, restored and clean images, chosen by rule and embedded within a budget.

Nothing is restored here: the restored images are those that `slkd-bench run --save-images` wrote, and each is held
against its result file before it is shown.
"""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.core.errors import SlkdBenchError
from benchmark.core.mathematics import plain
from benchmark.datasets import dataset_ids, get_dataset
from benchmark.images.io import read_image
from benchmark.methods.catalogue import methods
from benchmark.methods.find import row_method
from benchmark.protocols import get_protocol
from benchmark.protocols.choices import Rounding
from benchmark.protocols.definition import Protocol
from benchmark.runs.cells import Cell, ImageScore
from benchmark.views.tables.grid import Results

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from benchmark.datasets.pairs import Dataset

BUDGET = 3_200_000  # bytes of encoded pictures; a third more as base64, and the page stays below 6 MB
CROP = 256  # pixels: the largest side that is embedded
QUALITIES = (92, 84, 74)


@dataclass(frozen=True)
class Shot:
    """One version of a crop: what it is, its data address, its scores on the whole image (None for the clean one)."""

    id: str
    title: str
    source: str
    psnr: float | None = None
    ssim: float | None = None


@dataclass(frozen=True)
class Example:
    """One image of a data set: degraded first, then the restored ones in the order of the tables, the clean one last."""

    name: str
    why: str
    width: int
    height: int
    shots: tuple[Shot, ...]


@dataclass
class Album:
    """The examples by data set (id, title), and one line for whatever could not be shown."""

    sets: list[tuple[str, str, list[Example]]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    size: int = 0

    def as_json(self) -> list[dict[str, Any]]:
        """The album for the page's script: sets of examples of shots."""
        return [
            {
                "id": id,
                "title": title,
                "examples": [
                    {
                        "name": e.name,
                        "why": e.why,
                        "width": e.width,
                        "height": e.height,
                        "shots": [
                            {"id": s.id, "title": s.title, "source": s.source, "psnr": s.psnr, "ssim": s.ssim}
                            for s in e.shots
                        ],
                    }
                    for e in examples
                ],
            }
            for id, title, examples in self.sets
        ]


def make_album(results: Results, folder: Path, each: int, budget: int = BUDGET) -> Album:
    """Up to `each` examples of every data set of which `folder` holds restored images (DATASET/METHOD/NAME.png).

    A data set that is not on this machine, or is another than the cells were made on, and a restored image that does not
    give its cell's score are left out, and `notes` says so. When the budget is spent the rest is left out too.
    """
    album = Album()
    if folder.is_dir():
        import torch

        torch.set_num_threads(1)  # a few small images: more threads would only wait for each other on a busy machine
    datasets = sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    with_cells = [id for id in datasets if any(where == id for _, where in results.cells)]
    for number, id in enumerate(with_cells):
        share = (budget - album.size) // (len(with_cells) - number)
        dataset, cells = _open(id, album), _with_pictures(id, results, folder / id)
        if dataset is not None and cells:
            _add(_Restored(dataset, cells, folder / id, album), each, share)
    return album


@dataclass(frozen=True)
class _Restored:
    """What of a data set may be shown: the cells of which `folder` holds pictures, and the album that takes them."""

    dataset: Dataset
    cells: dict[str, Cell]
    folder: Path
    album: Album


def _with_pictures(key: str, results: Results, folder: Path) -> dict[str, Cell]:
    """By method the cell of the first seed of which there are pictures."""
    cells: dict[str, Cell] = {}
    for (method, where), found in results.cells.items():
        saved = [cell for cell in found if (folder / _folder_name(cell)).is_dir()]
        if where == key and saved and method != "identity":
            cells[method] = saved[0]
    return cells


def _add(found: _Restored, each: int, share: int) -> None:
    dataset, cells, album, key = found.dataset, found.cells, found.album, found.dataset.id
    data = dataset.fingerprint()
    stale = sorted(m for m, cell in cells.items() if cell.key.get("data") not in (None, data))
    if stale:
        album.notes.append(f"{key}: the data on this machine are not those that {', '.join(stale)} were scored on.")
    cells = {m: cells[m] for m in _in_order(cells) if m not in stale}
    chosen = _choose(list(cells.values()), each)
    examples: list[Example] = []
    spent = 0
    for name, why in chosen:
        example, size = _example(replace(found, cells=cells), name, why, share // max(len(chosen), 1))
        spent += size
        if len(example.shots) > 2:
            examples.append(example)
    if examples:
        album.sets.append((key, dataset.title, examples))
    album.size += spent


def _folder_name(cell: Cell) -> str:
    return cell.method + (f".seed{cell.seed}" if cell.seed else "")


def _in_order(found: dict[str, Cell]) -> list[str]:
    known = [m.id for m in methods()]
    return sorted(found, key=lambda m: (known.index(m) if m in known else len(known), m))


def _open(name: str, album: Album) -> Dataset | None:
    if name not in dataset_ids():
        album.notes.append(f"{name}: no registered data set, so its degraded and clean images are not known here.")
        return None
    try:
        return get_dataset(name)
    except SlkdBenchError as problem:
        album.notes.append(f"{name}: {problem}")
        return None


def _choose(cells: Sequence[Cell], each: int) -> list[tuple[str, str]]:
    """The images shown, by rule and not by taste: evenly spaced in the order of their mean PSNR over all methods."""
    if not cells:
        return []
    totals: dict[str, list[float]] = {}
    for cell in cells:
        for score in cell.scores:
            totals.setdefault(score.name, []).append(score.psnr)
    ranked = sorted((n for n, v in totals.items() if len(v) == len(cells)), key=lambda n: math.fsum(totals[n]))
    count = min(each, len(ranked))
    places = [round((k + 0.5) * len(ranked) / count - 0.5) for k in range(count)]
    return [(ranked[p], f"{p + 1} of {len(ranked)} from the hardest") for p in dict.fromkeys(places)]


def _example(found: _Restored, name: str, why: str, share: int) -> tuple[Example, int]:
    dataset, cells, folder, album = found.dataset, found.cells, found.folder, found.album
    pair = dataset[dataset.names().index(name)]
    protocol = get_protocol(dataset.protocol)
    degraded, clean = _bytes(pair.degraded), _bytes(pair.clean)
    top, left = _window(degraded, clean)
    height, width = (min(CROP, side) for side in clean.shape[:2])

    own = protocol.score(pair.degraded, pair.clean)
    shots: list[tuple[Shot, NDArray[Any]]] = [
        (Shot("degraded", "Degraded input", "", _finite(own.psnr), own.ssim), degraded),
        (Shot("clean", "Clean", ""), clean),
    ]
    for method, cell in cells.items():
        path = folder / _folder_name(cell) / f"{name}.png"
        said = next(score for score in cell.scores if score.name == name)
        if not path.is_file():
            album.notes.append(f"{dataset.id}: no restored image of {name} by {method}.")
            continue
        restored = read_image(path)
        if restored.shape != pair.clean.shape or not _agrees(said, protocol.score(restored, pair.clean).psnr, protocol):
            album.notes.append(
                f"{dataset.id}: the restored image of {name} by {method} does not give its cell's score."
            )
            continue
        shot = Shot(method, plain(row_method(method).title), "", _finite(said.psnr), said.ssim)
        shots.insert(-1, (shot, _bytes(restored)))
    encoded = _fitting([image[top : top + height, left : left + width] for _, image in shots], share)
    if len(encoded) < len(shots):
        lost = ", ".join(shot.id for shot, _ in shots[len(encoded) - 1 : -1])
        album.notes.append(f"{dataset.id}: {name} without {lost}, to keep the page small.")
        shots = [*shots[: len(encoded) - 1], shots[-1]]
    shown = tuple(
        Shot(s.id, s.title, _address(data), s.psnr, s.ssim) for (s, _), data in zip(shots, encoded, strict=True)
    )
    return Example(name, why, width, height, shown), sum(map(len, encoded))


def _fitting(images: Sequence[NDArray[Any]], share: int) -> list[bytes]:
    """The images encoded as well as `share` bytes allow; when they do not fit at all, without some before the last."""
    for quality in QUALITIES:
        encoded = [_encoded(image, quality) for image in images]
        if sum(map(len, encoded)) <= share:
            return encoded
    while len(encoded) > 2 and sum(map(len, encoded)) > share:
        del encoded[-2]
    return encoded


def _agrees(said: ImageScore, found: float, protocol: Protocol) -> bool:
    """Whether a PNG gives the score of its cell: to 0.02 dB, beyond what rounding to bytes costs an unrounded score."""
    if not (math.isfinite(said.psnr) and math.isfinite(found)):
        return said.psnr == found or (protocol.rounding is Rounding.NONE and max(said.psnr, found) == math.inf)
    rounding = 1 / 12 / 255**2 if protocol.rounding is Rounding.NONE else 0.0
    return abs(found - said.psnr) < 0.02 + 10 * math.log10(1 + rounding * 10 ** (said.psnr / 10))


def _window(degraded: NDArray[Any], clean: NDArray[Any]) -> tuple[int, int]:
    """The corner of the crop in which degraded and clean differ most, on a grid of half crops; (0, 0) if all fits."""
    import numpy as np

    error = ((degraded.astype(np.float32) - clean) ** 2).mean(2)
    rows, columns = (_starts(side) for side in error.shape)

    def difference(corner: tuple[int, int]) -> float:
        row, column = corner
        return float(error[row : row + CROP, column : column + CROP].mean())

    return max(((row, column) for row in rows for column in columns), key=difference)


def _starts(side: int) -> list[int]:
    last = max(side - CROP, 0)
    return sorted({*range(0, last, CROP // 2), last})


def _bytes(image: Any) -> NDArray[Any]:
    array: NDArray[Any] = image.clamp(0, 1).mul(255).round().byte().permute(1, 2, 0).numpy()
    return array


def _encoded(image: NDArray[Any], quality: int) -> bytes:
    """WebP, or JPEG where Pillow was built without it."""
    from PIL import Image, features

    stream = io.BytesIO()
    if features.check("webp"):
        Image.fromarray(image).save(stream, "WEBP", quality=quality, method=4)
    else:
        Image.fromarray(image).save(stream, "JPEG", quality=quality, subsampling=0)
    return stream.getvalue()


def _address(data: bytes) -> str:
    kind = "webp" if data[8:12] == b"WEBP" else "jpeg"
    return f"data:image/{kind};base64," + base64.b64encode(data).decode()


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
