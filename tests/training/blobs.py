"""A tiny synthetic stream and objectives that are quick to train, for the engine's tests."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from baselines.objective import Objective


class Blobs:
    """Smooth random pictures with noise; a sample depends on the seed and its number alone."""

    def __init__(self, batch: int = 4, patch: int = 16, seed: int = 0) -> None:
        self.size, self.patch, self.seed = batch, patch, seed

    def batch(self, step: int, rank: int = 0, world: int = 1) -> tuple[Tensor, Tensor]:
        share = range(rank * self.size // world, (rank + 1) * self.size // world)
        samples = [self._sample(step * self.size + i) for i in share]
        return torch.stack([d for d, _ in samples]), torch.stack([c for _, c in samples])

    def _sample(self, number: int) -> tuple[Tensor, Tensor]:
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + number)
        coarse = torch.rand(1, 3, 4, 4, generator=generator)
        clean = F.interpolate(coarse, size=(self.patch, self.patch), mode="bilinear")[0]
        return clean + 0.1 * torch.randn(clean.shape, generator=generator), clean


class Small(nn.Module):
    """Two convolutions around a batch norm, so that there are buffers, and a residual."""

    def __init__(self) -> None:
        super().__init__()
        first, last = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 3, 3, padding=1)
        self.body = nn.Sequential(first, nn.BatchNorm2d(8), nn.ReLU(), last)

    def forward(self, image: Tensor) -> Tensor:
        result: Tensor = image + self.body(image)
        return result


class Plain(Objective):
    """L1 to the clean image."""

    def __init__(self, student: nn.Module) -> None:
        super().__init__(student)

    def forward(self, degraded: Tensor, clean: Tensor) -> dict[str, Tensor]:
        return {"pixel": (self.student(degraded) - clean).abs().mean()}


class Busy(Objective):
    """An objective with everything a checkpoint must hold: a frozen teacher, an adapter, a generator that trains itself
    before each step with an optimiser of its own, and random numbers in the loss."""

    teacher: nn.Module

    def __init__(self, student: nn.Module) -> None:
        super().__init__(student, Small(), {"teacher": 0.5})
        self.adapter = nn.Conv2d(3, 3, 1)
        self.noise = nn.Parameter(torch.zeros(3, 1, 1), requires_grad=False)
        self.optimiser = torch.optim.Adam([self.noise], lr=1e-2)

    def before_step(self, step: int, total: int, degraded: Tensor, clean: Tensor) -> None:
        self.noise.requires_grad_(True)
        self.optimiser.zero_grad()
        (self.student(degraded + self.noise) - clean).abs().mean().neg().backward()
        self.optimiser.step()
        self.student.zero_grad(set_to_none=True)
        self.noise.requires_grad_(False)

    def forward(self, degraded: Tensor, clean: Tensor) -> dict[str, Tensor]:
        drawn = degraded + self.noise + 0.02 * torch.randn_like(degraded)
        restored = self.student(drawn)
        return {
            "truth": (restored - clean).abs().mean(),
            "teacher": (self.adapter(restored) - self.teacher(degraded)).square().mean(),
        }

    def get_extra_state(self) -> dict[str, object]:
        return {"noise": self.noise.detach().clone(), "optimiser": self.optimiser.state_dict()}

    def set_extra_state(self, state: dict[str, Any]) -> None:
        self.noise.data.copy_(state["noise"])
        self.optimiser.load_state_dict(state["optimiser"])
