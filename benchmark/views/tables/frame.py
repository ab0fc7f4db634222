"""Result files as long data frames, one line a number: for CSV and for anybody's own analysis."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.runs.cells import read_cells
from benchmark.views.tables.grid import Grid

if TYPE_CHECKING:
    import pandas


def images_frame(out: Path, scale: str) -> pandas.DataFrame:
    """Every image of every cell: columns method, dataset, seed, image, scene, psnr (dB), ssim."""
    import pandas

    cells, _ = read_cells(out, scale)
    return pandas.DataFrame(
        [(c.method, c.dataset, c.seed, s.name, s.scene, s.psnr, s.ssim) for c in cells for s in c.scores],
        columns=["method", "dataset", "seed", "image", "scene", "psnr", "ssim"],
    )


def grid_frame(grid: Grid) -> pandas.DataFrame:
    """A table as one line a row, with unrounded numbers; what was not run is empty."""
    import pandas

    lines = []
    for section in grid.sections:
        for row in section:
            line: dict[str, object] = {"table": grid.id, "method": row.method, "title": row.title}
            for header, entry in zip(grid.headers, row.entries, strict=True):
                names = ("PSNR", "SSIM") if len(entry.parts) == 2 else ("",)
                for name, part in zip(names, entry.parts, strict=False):
                    line[f"{header} {name}".strip()] = part.value if part.value == part.value else part.text
                    line |= {f"{header} {name} {what}".replace("  ", " "): value for what, value in part.details}
            lines.append(line)
    return pandas.DataFrame(lines)
