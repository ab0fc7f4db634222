"""Result files as data frames: for CSV and JSON, and for anybody's own analysis."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.runs.cells import read_cells
from benchmark.views.tables.parts import Entry, Grid

if TYPE_CHECKING:
    import pandas


def images_frame(out: Path, scale: str) -> pandas.DataFrame:
    """Every image of every cell: columns method, dataset, seed, image, scene, psnr (dB), ssim, then further metrics."""
    import pandas

    cells, _ = read_cells(out, scale)
    lines = [
        {"method": c.method, "dataset": c.dataset, "seed": c.seed, "image": s.name, "scene": s.scene}
        | {"psnr": s.psnr, "ssim": s.ssim}
        | s.extra
        for c in cells
        for s in c.scores
    ]
    return pandas.DataFrame(lines or None, columns=None if lines else _COLUMNS)


_COLUMNS = ["method", "dataset", "seed", "image", "scene", "psnr", "ssim"]


def grid_frame(grid: Grid) -> pandas.DataFrame:
    """A table as one line a row, with unrounded numbers; what was not run is empty."""
    return grids_frame([grid])


def grids_frame(grids: Sequence[Grid]) -> pandas.DataFrame:
    """Tables one below the other in one rectangle: every line has every column, empty where its table lacks it."""
    import pandas

    lines = []
    for grid in grids:
        for number, section in enumerate(grid.sections):
            for row in section:
                line: dict[str, object] = {"table": grid.id, "method": row.method, "title": row.title}
                line |= {"section": grid.title_of(number)} if grid.title_of(number) else {}
                line |= {"source": row.source} if row.source else {}
                for header, entry in zip(grid.headers, row.entries, strict=True):
                    line |= _numbers(header, entry)
                lines.append(line)
    return pandas.DataFrame(lines)


def _numbers(header: str, entry: Entry) -> dict[str, object]:
    found: dict[str, object] = {}
    for part in entry.parts:
        name = f"{header} {part.metric.upper()}" if len(entry.parts) > 1 else header
        found[name] = part.text if math.isnan(part.value) else part.value
        found |= {f"{name} {what}": value for what, value in part.details}
    return found


def grids_json(grids: Sequence[Grid]) -> str:
    """The tables as JSON: captions, footnotes, and every number with its text, its mark and what stands behind it."""
    tables = [
        {
            "table": grid.id,
            "caption": grid.caption,
            "columns": [{"group": g, "header": h} for g, h in zip(grid.groups, grid.headers, strict=True)],
            "rows": [
                {
                    "method": row.method,
                    "title": row.title,
                    "section": grid.title_of(number),
                    "ranked": row.ranked,
                    "source": row.source,
                    "entries": [_entry(entry) for entry in row.entries],
                }
                for number, section in enumerate(grid.sections)
                for row in section
            ],
            "footnotes": list(grid.footnotes),
        }
        for grid in grids
    ]
    return json.dumps(tables, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _entry(entry: Entry) -> dict[str, Any]:
    numbers = [
        {
            "metric": part.metric,
            "value": part.value if math.isfinite(part.value) else None,
            "text": part.text,
            "mark": part.mark,
            **dict(part.details),
        }
        for part in entry.parts
    ]
    return {"numbers": numbers, "note": entry.note}
