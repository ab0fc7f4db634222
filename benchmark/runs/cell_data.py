"""A result in numbers, for programs that read what a command prints."""

from __future__ import annotations

from statistics import fmean
from typing import Any

from benchmark.runs.cells import Cell


def cell_data(cell: Cell) -> dict[str, Any]:
    """A cell in numbers: means over its images, PSNR in dB (null where an image equals its target), further metrics."""
    further = dict.fromkeys(name for score in cell.scores for name in score.extra)
    return {
        "method": cell.method,
        "dataset": cell.dataset,
        "scale": cell.scale,
        "seed": cell.seed,
        "protocol": str(cell.key.get("protocol", "")),
        "images": len(cell.scores),
        "partial": cell.partial,
        "psnr": cell.psnr,
        "ssim": cell.ssim,
        "equal_to_their_targets": cell.equal,
        **{name: fmean(score.extra[name] for score in cell.scores if name in score.extra) for name in further},
        "failures": cell.failures,
    }
