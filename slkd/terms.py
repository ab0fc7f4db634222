"""The two feature losses as modules: an extractor of descriptors, what is normal for the teacher, and a divergence."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from slkd import brisque, losses, piqe
from slkd.brisque import natural_distributions, natural_map
from slkd.grids import window_counts, window_sums
from slkd.mscn import full_precision, mscn
from slkd.piqe import feature_measures, maps_of, texture_map, thresholds_of
from slkd.readings import Reading
from slkd.standard import RunningMean, Spread, of_all_processes

Pairs = Sequence[tuple[Tensor, Tensor]]


class FeatureLoss(nn.Module):
    """A divergence of descriptors of paired features, summed over levels; `pairs` come from a ScaleConversion.

    `forward(pairs)`: (student, teacher) features, two (N, C, H, W) a level, stride 1 first. Zero, with zero gradient,
    where they are equal, in every reading but the literal ones. Maps with a side below the reading's `smallest` are left
    out. In training mode the teacher's running statistics move on with every call.
    Raises ValueError where no level is large enough, or one has a side below 2.
    """

    names: tuple[str, ...] = ()
    divergence: str

    def __init__(self, reading: Reading, widths: Sequence[int]) -> None:
        super().__init__()
        self.reading = reading
        count = len(self.names)
        self.standardised = self.divergence in losses.STANDARDISED
        self.spreads = nn.ModuleList(Spread(width, count) for width in widths if self.standardised)
        self.random: Tensor | None
        self.register_buffer("random", _random_kernels(count) if reading.extractors == "random" else None)

    def forward(self, pairs: Pairs) -> Tensor:
        """The loss, a scalar in float32 or better."""
        return torch.stack([term for _, term in self.by_level(pairs)]).sum()

    def by_level(self, pairs: Pairs) -> list[tuple[int, Tensor]]:
        """The loss of each level that counts, by the level's number from 0."""
        terms = []
        for level, (student, teacher) in enumerate(pairs):
            if min(student.shape[-2:]) < self.reading.smallest:
                continue
            with torch.autocast(student.device.type, enabled=False):
                terms.append((level, self._of_level(student, teacher, level)))
        if not terms:
            sizes = ", ".join(f"{ours.shape[-2]}x{ours.shape[-1]}" for ours, _ in pairs)
            raise ValueError(
                f"expected a level of features at least {self.reading.smallest} a side; found {sizes}. Use larger patches,"
                " or the reading softmax, which takes every size."
            )
        return terms

    def by_descriptor(self, student: Tensor, teacher: Tensor, level: int) -> Tensor:
        """The share of each of `names` in the loss of a level, in a standardised reading: (D,)."""
        values = self._standardised(*self.compared(student, teacher, level), level)
        return values.mean(dim=(0, 1, *range(3, values.dim())))

    def compared(self, student: Tensor, teacher: Tensor, level: int) -> tuple[Tensor, Tensor]:
        """The descriptors of both, two (N, C, D, h, w): what the divergence compares."""
        with torch.no_grad():
            theirs = self.extract(self._prepared(teacher), level, learn=True)
        return self.extract(self._prepared(student), level), theirs

    def extract(self, x: Tensor, level: int, learn: bool = False) -> Tensor:
        """The descriptors (N, C, D, h, w) of prepared features of a level; with `learn` they are the teacher's."""
        raise NotImplementedError

    def _of_level(self, student: Tensor, teacher: Tensor, level: int) -> Tensor:
        ours, theirs = self.compared(student, teacher, level)
        if self.standardised:
            values = self._standardised(ours, theirs, level)
            return self.reading.unit * losses.over_batch(values, self.reading.reduction)
        return losses.DIVERGENCES[self.divergence](ours, theirs, self.reading.reduction)

    def _standardised(self, ours: Tensor, theirs: Tensor, level: int) -> Tensor:
        return losses.STANDARDISED[self.divergence](ours, theirs, self.spreads[level](theirs))

    def _prepared(self, x: Tensor) -> Tensor:
        return full_precision(x) if self.reading.extractors == "none" else mscn(x, self.reading.mscn_constant)

    def _random(self, x: Tensor) -> Tensor:
        """As many statistics as the extractor has, of random filters: windowed means of absolute responses."""
        assert self.random is not None
        count, channels, height, width = x.shape
        responses = F.conv2d(x.reshape(-1, 1, height, width), self.random, padding=1).abs()
        responses = responses.view(count, channels, -1, height, width)
        window = self.reading.window
        return window_sums(responses, window) / window_counts(responses, ((0, 0),), window)


class NaturalColour(FeatureLoss):
    """L_NC, Equation 2: the BRISQUE-based extractor on encoder features; see `FeatureLoss`.

    Paper: one n for the "encoder/decoder blocks". / Here: the bottleneck, which no decoder level matches, is in or out by
    the reading; the levels that are given are taken.
    """

    def __init__(self, reading: Reading, widths: Sequence[int]) -> None:
        self.names = ("feature",) if reading.extractors == "none" else brisque.NAMES
        self.divergence = reading.natural
        super().__init__(reading, widths)
        self.fit = brisque.Fit(reading.shape, reading.window, reading.shrink, reading.logarithms)

    def extract(self, x: Tensor, level: int, learn: bool = False) -> Tensor:
        """The descriptors (N, C, D, h, w) of prepared features of a level."""
        if self.reading.extractors == "none":
            return x[:, :, None]
        return self._random(x) if self.random is not None else natural_map(x, self.fit)

    def _of_level(self, student: Tensor, teacher: Tensor, level: int) -> Tensor:
        if self.divergence != "fitted":
            return super()._of_level(student, teacher, level)
        with torch.no_grad():
            target = natural_distributions(self._prepared(teacher), self.fit)
        ours = natural_distributions(self._prepared(student), self.fit)
        return self.reading.fitted_unit * losses.fitted_divergence(ours, target, self.reading.reduction)


class EdgeTexture(FeatureLoss):
    """L_ET, Equation 3: the PIQE-based extractor on decoder features; see `FeatureLoss`."""

    def __init__(self, reading: Reading, widths: Sequence[int]) -> None:
        own = reading.thresholds == "quantiles"
        self.names = ("feature",) if reading.extractors == "none" else piqe.NAMES_BY_QUANTILE if own else piqe.NAMES
        self.divergence = reading.texture
        super().__init__(reading, widths)
        self.thresholds = nn.ModuleList(RunningMean(3) for _ in widths if own and reading.extractors == "statistics")

    def extract(self, x: Tensor, level: int, learn: bool = False) -> Tensor:
        """The descriptors (N, C, D, h, w) of prepared features of a level; the teacher's also set the thresholds."""
        reading = self.reading
        if reading.extractors == "none":
            return x[:, :, None]
        if self.random is not None:
            return self._random(x)
        if not self.thresholds:
            return texture_map(x, level, reading.masks, reading.logarithms)
        running: RunningMean = self.thresholds[level]  # type: ignore[assignment]
        measures = feature_measures(x)
        if learn:
            self._set = running(thresholds_of(measures, of_all_processes))
        return maps_of(measures, self._set, reading.window)


def natural_colour_loss(pairs: Pairs, reading: Reading) -> Tensor:
    """L_NC of `pairs` of encoder features, standardised by this batch's teacher alone: see `NaturalColour`."""
    return _alone(NaturalColour, pairs, reading)


def edge_texture_loss(pairs: Pairs, reading: Reading) -> Tensor:
    """L_ET of `pairs` of decoder features, standardised by this batch's teacher alone: see `EdgeTexture`."""
    return _alone(EdgeTexture, pairs, reading)


def _alone(kind: type[FeatureLoss], pairs: Pairs, reading: Reading) -> Tensor:
    first = full_precision(pairs[0][1])
    module = kind(reading, [teacher.shape[1] for _, teacher in pairs]).to(first.device, first.dtype)
    loss: Tensor = module(pairs)
    return loss


def _random_kernels(count: int) -> Tensor:
    """`count` filters (count, 1, 3, 3) of unit norm, the same in every run."""
    kernels = torch.randn(count, 1, 3, 3, generator=torch.Generator().manual_seed(0))
    result: Tensor = kernels / kernels.flatten(1).norm(dim=1).view(-1, 1, 1, 1)
    return result
