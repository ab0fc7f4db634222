"""From cells to numbers that may be set against each other: seeds averaged image by image, images paired by name."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from benchmark.runs.cells import Cell, ImageScore


@dataclass(frozen=True)
class Paired:
    """B minus A image by image: PSNR in dB and SSIM with the images' scenes.

    `left_out` names the images that only one of them has, or where PSNR is infinite for just one: `perfect` those of them
    where it is B's, `spoilt` where it is A's. Where both are infinite the difference is zero.
    """

    names: tuple[str, ...]
    scenes: tuple[str, ...]
    psnr: tuple[float, ...]
    ssim: tuple[float, ...]
    left_out: tuple[str, ...] = ()
    perfect: tuple[str, ...] = ()
    spoilt: tuple[str, ...] = ()


def averaged(cells: Sequence[Cell]) -> dict[str, ImageScore]:
    """Image by image the mean over seeds, of the images that every seed has.

    Methods with different numbers of seeds can be compared by it: scores are averaged, not images, so that more seeds
    make the mean steadier and not better.
    """
    tables = [{score.name: score for score in cell.scores} for cell in cells]
    common = [name for name in tables[0] if all(name in table for table in tables)]
    return {
        name: ImageScore(
            name,
            tables[0][name].scene,
            fmean(t[name].psnr for t in tables),
            fmean(t[name].ssim for t in tables),
            {
                metric: fmean(t[name].extra[metric] for t in tables)
                for metric in tables[0][name].extra
                if all(metric in t[name].extra for t in tables)
            },
        )
        for name in common
    }


def paired(a: Mapping[str, ImageScore], b: Mapping[str, ImageScore]) -> Paired:
    """B minus A on their common images, in A's order; no image at all gives empty tuples."""
    names = tuple(name for name in a if name in b and math.isfinite(a[name].psnr) == math.isfinite(b[name].psnr))
    common = set(names)
    return Paired(
        names,
        tuple(a[name].scene or name for name in names),
        tuple(b[name].psnr - a[name].psnr if math.isfinite(a[name].psnr) else 0.0 for name in names),
        tuple(b[name].ssim - a[name].ssim for name in names),
        tuple(name for name in dict.fromkeys((*a, *b)) if name not in common),
        tuple(name for name in a if name in b and name not in common and math.isinf(b[name].psnr)),
        tuple(name for name in a if name in b and name not in common and math.isinf(a[name].psnr)),
    )
