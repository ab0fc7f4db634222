"""A cell is method x data set x seed. It is done if and only if its file is whole, valid and its key matches.

Files are written under a temporary name and renamed, so that a killed run, a full disk or two runs at once leave either
a whole file or none. A file holds nothing that changes from run to run: the same cell gives the same bytes. A digest
over all that it says tells a file that was cut or edited.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmark.core.errors import BadResult
from benchmark.core.files import write_atomically
from benchmark.core.types import Scale

SCHEMA = 2
FOLDERS = "folders"  # where the results on folders stand, which belong to no scale
_NAME = re.compile(r"(?P<method>.+?)(?:\.seed(?P<seed>\d+))?(?:\.first(?P<limit>\d+))?(?:\.at-(?:paper|mini))?\.json")


@dataclass(frozen=True)
class ImageScore:
    """PSNR in dB and SSIM of one image; `scene` is what statistics cluster by, `extra` further metrics by name."""

    name: str
    scene: str
    psnr: float
    ssim: float
    extra: dict[str, float] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Cell:
    """One result: per-image scores with everything that decides them.

    `key` decides whether the cell is still valid; `made_by` says which code, versions and device made it; `failures`
    names the images that could not be scored and why. `total` is the number of images of the whole set (0 where an
    older file does not say), `origin` how somebody's own method and folder were given, to find them again by name,
    `schema` the form of the file that it came from.
    """

    method: str
    dataset: str
    scale: str
    seed: int
    key: dict[str, Any]
    made_by: dict[str, Any]
    scores: tuple[ImageScore, ...]
    failures: dict[str, str] = field(default_factory=dict)
    total: int = 0
    origin: dict[str, Any] = field(default_factory=dict)
    schema: int = SCHEMA

    @property
    def psnr(self) -> float:
        """The mean of the images' PSNR in dB, as every paper of the field averages; infinite where one image is."""
        return math.fsum(s.psnr for s in self.scores) / len(self.scores)

    @property
    def ssim(self) -> float:
        """The mean of the images' SSIM."""
        return math.fsum(s.ssim for s in self.scores) / len(self.scores)

    @property
    def equal(self) -> int:
        """How many restored images equal their clean ones, and have an infinite PSNR."""
        return sum(math.isinf(s.psnr) for s in self.scores)

    @property
    def partial(self) -> bool:
        """Whether images of the set are missing, so that the cell may stand for it nowhere."""
        return len(self.scores) < self.total

    @property
    def count(self) -> str:
        """The number of scored images in words: `24`, or `3 of 1,200` where some are missing."""
        return f"{len(self.scores):,} of {self.total:,}" if self.partial else f"{len(self.scores):,}"

    @property
    def psnr_text(self) -> str:
        """The mean PSNR as it is printed; with infinite ones, how many there were and the mean of the others."""
        if not self.equal:
            return f"{self.psnr:.2f} dB"
        others = [s.psnr for s in self.scores if math.isfinite(s.psnr)]
        rest = f", the others' mean is {math.fsum(others) / len(others):.2f} dB" if others else ""
        return f"inf dB ({self.equal} of {len(self.scores)} images equal their targets{rest})"


def cell_path(  # noqa: PLR0913
    out: Path, method: str, dataset: str, scale: Scale | str, seed: int = 0, limit: int | None = None
) -> Path:
    """`OUT/cells/SCALE/DATASET/METHOD[.seedN][.firstN].json`; in place of a scale folders have the word `folders`."""
    name = method + (f".seed{seed}" if seed else "") + (f".first{limit}" if limit else "") + ".json"
    return out / "cells" / str(scale) / dataset / name


def write_cell(path: Path, cell: Cell) -> None:
    """Writes `cell` atomically. Raises BadOutput when the folder cannot be written."""
    from benchmark.runs.cell_file import digest

    content = as_json(cell)
    content = {"schema": SCHEMA, "digest": digest(content), **content}
    write_atomically(path, json.dumps(content, indent=1) + "\n")


def as_json(cell: Cell) -> dict[str, Any]:
    """What a file says of `cell`, its digest and schema apart."""
    parts = asdict(cell)
    del parts["schema"]
    if not cell.origin:
        del parts["origin"]
    return {
        "mean": {"psnr": _number(cell.psnr), "ssim": cell.ssim},
        **parts,
        "scores": [image_line(score) for score in cell.scores],
    }


def read_cell(path: Path) -> Cell:
    """Reads a result file and holds it to what it claims: whole, its digest right, finite scores in range, unique names.

    Raises BadResult naming what is wrong.
    """
    from benchmark.runs.cell_file import parse

    try:
        file = parse(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, RecursionError, OverflowError) as problem:
        reason = str(problem).splitlines()
        raise BadResult(
            "a whole result file",
            f"{path}: {type(problem).__name__}: {'; '.join(reason[:3])[:300]}",
            "Delete it or run the same command again: the cell is then computed anew.",
        ) from problem
    scores = tuple(
        ImageScore(i.name, i.scene, float(i.psnr), float(i.ssim), {n: float(v) for n, v in i.extra.items()})
        for i in file.scores
    )
    return Cell(
        file.method,
        file.dataset,
        file.scale,
        file.seed,
        file.key,
        file.made_by,
        scores,
        file.failures,
        file.total,
        file.origin,
        file.schema_,
    )


def read_stored(path: Path) -> Cell:
    """Reads a result file that must be about the method, data set, scale, seed and limit that its path says."""
    cell = read_cell(path)
    told = _NAME.fullmatch(path.name)
    said = (cell.method, cell.dataset, cell.scale, cell.seed, cell.key.get("limit"))
    if told:
        limit = int(told["limit"]) if told["limit"] else None
        where = (told["method"], path.parent.name, path.parent.parent.name, int(told["seed"] or 0), limit)
        if said == where:
            return cell
    raise BadResult(
        "the result that the path says",
        f"{path} holds {cell.method} on {cell.dataset} at {cell.scale}, seed {cell.seed}",
        "Move it to where it belongs, or run the same command again.",
    )


def read_cells(out: Path, scale: Scale | str) -> tuple[list[Cell], list[str]]:
    """All whole cells below `out` at `scale`, those on folders too, and one line for each file that cannot be read.

    A network's cell on a folder belongs to the scale of its weights; any other one to both.
    """
    cells, broken = [], []
    for shelf in (str(scale), FOLDERS):
        for path in sorted((out / "cells" / shelf).glob("*/*.json")):
            if path.name.endswith(".error.json"):
                continue
            try:
                cell = read_stored(path)
            except BadResult as problem:
                broken.append(str(problem))
                continue
            if shelf != FOLDERS or cell.key.get("scale") in (None, str(scale)):
                cells.append(cell)
    return cells, broken


def all_cells(out: Path, scale: Scale | None = None) -> list[Cell]:
    """All whole cells below `out`, of `scale` alone where it is given, each once."""
    found: dict[int, Cell] = {}
    for one in [scale] if scale else list(Scale):
        for cell in read_cells(out, one)[0]:
            found.setdefault(hash((cell.scale, cell.dataset, cell.method, cell.seed, str(cell.key))), cell)
    return list(found.values())


def cell_files(out: Path) -> Iterator[Path]:
    """All result files below `out`, in a fixed order."""
    for path in sorted((out / "cells").glob("*/*/*.json")):
        if not path.name.endswith(".error.json"):
            yield path


def holds(cell: Cell, names: Sequence[str]) -> bool:
    """Whether `cell` has a score of exactly the images `names`, in their order, and of no other."""
    return [score.name for score in cell.scores] == list(names)


def image_line(score: ImageScore) -> dict[str, Any]:
    """One image as it stands in files."""
    line = {**asdict(score), "psnr": _number(score.psnr)}
    extra = {name: _number(value) for name, value in line.pop("extra").items()}
    return {**line, "extra": extra} if extra else line


def _number(value: float) -> float | str:
    return value if math.isfinite(value) else str(value)  # JSON has no infinity: identical images give "inf"
