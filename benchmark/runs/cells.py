"""A cell is method x data set x seed. It is done if and only if its file exists and its key matches.

Files are written under a temporary name and renamed, so that a killed run, a full disk or two runs at once leave either
a whole file or none. A file holds nothing that changes from run to run: the same cell gives the same bytes.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmark.core.errors import BadResult
from benchmark.core.files import write_atomically
from benchmark.core.types import Scale

SCHEMA = 1


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
    names the images that could not be scored and why.
    """

    method: str
    dataset: str
    scale: str
    seed: int
    key: dict[str, Any]
    made_by: dict[str, Any]
    scores: tuple[ImageScore, ...]
    failures: dict[str, str] = field(default_factory=dict)

    @property
    def psnr(self) -> float:
        """The mean of the images' PSNR in dB, as every paper of the field averages."""
        return math.fsum(s.psnr for s in self.scores) / len(self.scores)

    @property
    def ssim(self) -> float:
        """The mean of the images' SSIM."""
        return math.fsum(s.ssim for s in self.scores) / len(self.scores)


def cell_path(
    out: Path, method: str, dataset: str, scale: Scale | str, seed: int = 0, limit: int | None = None
) -> Path:
    """`OUT/cells/SCALE/DATASET/METHOD[.seedN][.firstN].json`."""
    name = method + (f".seed{seed}" if seed else "") + (f".first{limit}" if limit else "") + ".json"
    return out / "cells" / str(scale) / dataset / name


def write_cell(path: Path, cell: Cell) -> None:
    """Writes `cell` atomically. Raises BadOutput when the folder cannot be written."""
    text = json.dumps(
        {
            "schema": SCHEMA,
            "mean": {"psnr": _number(cell.psnr), "ssim": cell.ssim},
            **asdict(cell),
            "scores": [_image_line(score) for score in cell.scores],
        },
        indent=1,
    )
    write_atomically(path, text + "\n")


def read_cell(path: Path) -> Cell:
    """Reads a result file. Raises BadResult when it is cut off or does not follow the schema."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        if raw["schema"] != SCHEMA:
            raise KeyError(f"schema {raw['schema']}, this version reads {SCHEMA}")
        scores = tuple(
            ImageScore(
                s["name"],
                s["scene"],
                float(s["psnr"]),
                float(s["ssim"]),
                {name: float(value) for name, value in s.get("extra", {}).items()},
            )
            for s in raw["scores"]
        )
        return Cell(
            raw["method"],
            raw["dataset"],
            raw["scale"],
            raw["seed"],
            raw["key"],
            raw["made_by"],
            scores,
            raw.get("failures", {}),
        )
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise BadResult(
            "a whole result file",
            f"{path}: {type(problem).__name__}: {problem}",
            "Delete it or run the same command again: the cell is then computed anew.",
        ) from problem


def is_done(path: Path, key: dict[str, Any]) -> bool:
    """Whether `path` holds a whole cell made under the same key. A file that is cut off counts as not done."""
    if not path.is_file():
        return False
    try:
        cell = read_cell(path)
    except BadResult:
        return False
    return cell.key == key and not cell.failures


def read_cells(out: Path, scale: Scale | str) -> tuple[list[Cell], list[str]]:
    """All whole cells below `out` at `scale`, in a fixed order, and one line for each file that cannot be read."""
    cells, broken = [], []
    for path in sorted((out / "cells" / str(scale)).glob("*/*.json")):
        if path.name.endswith(".error.json"):
            continue
        try:
            cells.append(read_cell(path))
        except BadResult as problem:
            broken.append(str(problem))
    return cells, broken


def _image_line(score: ImageScore) -> dict[str, Any]:
    line = {**asdict(score), "psnr": _number(score.psnr)}
    extra = {name: _number(value) for name, value in line.pop("extra").items()}
    return {**line, "extra": extra} if extra else line


def _number(value: float) -> float | str:
    return value if math.isfinite(value) else str(value)  # JSON has no infinity: identical images give "inf"
