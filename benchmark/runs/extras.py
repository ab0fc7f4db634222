"""Further metrics of each image as it is scored (lpips, niqe, piqe, ...), beside the PSNR and SSIM of the protocol."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from benchmark.core.errors import BadImage
from benchmark.core.types import Pair
from benchmark.images.metrics import Metric, MetricUnavailable, open_metrics
from benchmark.runs.cells import Cell

if TYPE_CHECKING:
    from torch import Tensor


@lru_cache(maxsize=8)
def ready(names: tuple[str, ...], device: str = "cpu") -> tuple[tuple[Metric, ...], tuple[MetricUnavailable, ...]]:
    """The metrics of those names that can be computed here, made once, and why the others cannot.

    Raises UnknownName, and the first MetricUnavailable where none of those that were asked for can be computed.
    """
    metrics, unavailable = open_metrics(names, device)
    if unavailable and not metrics:
        raise unavailable[0]
    return tuple(metrics), tuple(unavailable)


@dataclass
class Extras:
    """Computes metrics of every restored image; what a metric refuses is noted, and the rest goes on."""

    metrics: Sequence[Metric]
    refused: list[str] = field(default_factory=list)
    _values: dict[str, dict[str, float]] = field(default_factory=dict)

    def __call__(self, pair: Pair, restored: Tensor) -> None:
        """Takes a pair and its restored image (3, H, W) as soon as there is one."""
        for metric in self.metrics:
            try:
                value = metric(restored, pair.clean.to(restored.device))[0]
            except BadImage as problem:
                self.refused.append(f"{metric.name} of {pair.name}: {problem}")
                continue
            self._values.setdefault(pair.name, {})[metric.name] = value

    def of(self, name: str) -> dict[str, float]:
        """The values of an image; they are given once and forgotten."""
        return self._values.pop(name, {})


def lacking(cell: Cell, metrics: Sequence[Metric]) -> list[str]:
    """Which of the metrics no image of a finished cell has."""
    there = {name for score in cell.scores for name in score.extra}
    return [metric.name for metric in metrics if metric.name not in there]
