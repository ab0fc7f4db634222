"""What is normal for a teacher: running means of its descriptors, by which a student's are standardised."""

from __future__ import annotations

import torch
import torch.distributed as dist
from torch import Tensor, nn

LONGEST = 100  # batches: from then on the mean is exponential


def _several() -> bool:
    return dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1


def of_all_processes(values: Tensor) -> Tensor:
    """The rows of `values` (N, K) of every process, as many in each, so that all of them know the whole batch."""
    if not _several():
        return values
    parts = [torch.empty_like(values) for _ in range(dist.get_world_size())]
    dist.all_gather(parts, values)
    return torch.cat(parts)


class RunningMean(nn.Module):
    """The mean over the batches seen in training mode, of all processes; a buffer, saved with the state of a training.

    Called with a batch's value it gives the mean with it; in eval mode the mean alone, or the batch's own value where
    nothing has been seen.
    """

    value: Tensor
    seen: Tensor

    def __init__(self, *shape: int) -> None:
        super().__init__()
        self.register_buffer("value", torch.zeros(shape))
        self.register_buffer("seen", torch.zeros(()))

    @torch.no_grad()
    def forward(self, batch: Tensor) -> Tensor:
        """The mean, of the shape of `batch`."""
        batch = batch.to(self.value.dtype)
        if not self.training:
            return torch.where(self.seen > 0, self.value, batch)
        if _several():
            batch = batch.clone()
            dist.all_reduce(batch)
            batch = batch / dist.get_world_size()
        self.seen.add_(1)
        self.value.lerp_(batch, self.seen.reciprocal().clamp_min(1 / LONGEST))
        return self.value.clone()


class Spread(nn.Module):
    """The variance of each descriptor of each channel of a teacher's level, over pictures and windows: (C, D, 1, 1)."""

    def __init__(self, channels: int, descriptors: int) -> None:
        super().__init__()
        self.moments = RunningMean(2, channels, descriptors)

    @torch.no_grad()
    def forward(self, teacher: Tensor) -> Tensor:
        """The variance after the teacher's descriptors (N, C, D, h, w) of one more batch."""
        moments = torch.stack([teacher.mean(dim=(0, 3, 4)), teacher.square().mean(dim=(0, 3, 4))])
        mean, square = self.moments(moments)
        result: Tensor = (square - mean.square()).clamp_min(0)[..., None, None]
        return result
