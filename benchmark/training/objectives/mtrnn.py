"""MT-RNN's loss: incremental temporal training, a target of its own for every iteration (Park et al., ECCV 2020)."""

from __future__ import annotations

import torch
from torch import Tensor

from baselines.networks.mtrnn import MTRNN
from benchmark.training.objectives.direct import Direct

GAMMA = 2.2


class Incremental(Direct):
    """L = sum over iterations of the L1 between the iteration's image and its target, the last target the clean image.

    Paper: the targets are means of ever fewer frames of the video that the blur was made from. Here: pairs have no
    frames, so target i of n mixes degraded and clean image in linear light, the clean one's share being i / n.
    """

    student: MTRNN

    def forward(self, degraded: Tensor, clean: Tensor) -> dict[str, Tensor]:
        """The terms `last` and, where there is more than one iteration, `before`, summed over the others."""
        images = self.student.iterations(degraded)
        targets = incremental_targets(degraded, clean, len(images))
        losses = [(image.float() - target).abs().mean() for image, target in zip(images, targets, strict=True)]
        return {"last": losses[-1]} | ({"before": torch.stack(losses[:-1]).sum()} if losses[:-1] else {})


@torch.no_grad()
def incremental_targets(degraded: Tensor, clean: Tensor, count: int) -> list[Tensor]:
    """`count` images from blurred to clean, mixed in linear light (gamma 2.2); the last is `clean` itself."""
    blurred, sharp = degraded.float().clamp(0, 1) ** GAMMA, clean.float().clamp(0, 1) ** GAMMA
    mixed = [torch.lerp(blurred, sharp, step / count) ** (1 / GAMMA) for step in range(1, count)]
    return [*mixed, clean.float()]
