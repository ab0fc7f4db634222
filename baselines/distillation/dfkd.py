"""Data-free distillation and its progressive part on real images, after Zhang et al., CVPR 2021 (the paper's DFKD
[33])."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from baselines.distillation.growth import Growth, levels_of
from baselines.distillation.objective import Objective, freeze, l1


class Generator(nn.Module):
    """Images in [0, 1] of any size from noise, one latent vector for every 16x16 pixels."""

    def __init__(self, latent: int = 64, width: int = 64) -> None:
        super().__init__()
        self.latent = latent
        widths = [latent, width, width, width // 2, width // 2]
        self.stages = nn.ModuleList(nn.Conv2d(a, b, 3, padding=1) for a, b in pairwise(widths))
        self.last = nn.Conv2d(widths[-1], 3, 3, padding=1)

    def forward(self, noise: Tensor) -> Tensor:
        """(N, latent, h, w) of unit variance to (N, 3, 16 h, 16 w)."""
        x = noise
        for stage in self.stages:
            x = F.leaky_relu(stage(F.interpolate(x, scale_factor=2.0, mode="nearest")), 0.2)
            x = x * torch.rsqrt(x.square().mean(dim=1, keepdim=True) + 1e-6)
        return torch.sigmoid(self.last(x))


class DFKD(Objective):
    """The student imitates the teacher on images that a generator invents where the two differ; no real image is used.

    Student: L = |S(x) - T(x)|_1 with x = G(z), grown progressively. Generator, once in 50 student steps:
    L_G = -log(1 + |S(x) - T(x)|_1) + w_R |R(T(x)) - x|_1.
    Paper: super-resolution, R is bicubic down-sampling, which makes G(z) a possible input. / Here: restoration has no
    down-sampling; the second term is the teacher's idempotence |T(T(x)) - T(x)|_1: what it restored, it should leave
    alone.
    Paper: w_R, the generator's rate and size are for its own networks. / Here: w_R 1, Adam 1e-4, a convolutional
    generator of any size.
    """

    period = 50

    def __init__(self, teacher: nn.Module, student: nn.Module, w_r: float = 1.0, rate: float = 1e-4) -> None:
        super().__init__(student, teacher)
        self.teacher: nn.Module
        self.w_r = w_r
        self.growth = Growth(levels_of(student))
        self.generator = Generator()
        freeze(self.generator)
        self.optimiser = torch.optim.Adam(self.generator.parameters(), lr=rate)

    def before_step(self, step: int, total: int, degraded: Tensor, clean: Tensor) -> None:
        """Opens the student's levels of this stage and, every 50th step, trains the generator once."""
        self.growth.at(step, total)
        if step % self.period == 0:
            self._train_generator(degraded)

    def forward(self, degraded: Tensor, clean: Tensor) -> dict[str, Tensor]:
        """The term `teacher` on invented images of the size of `degraded` (N, 3, H, W); neither image is looked at."""
        with torch.no_grad():
            invented = self._invented(degraded)
            target = self.teacher(invented)
        return {"teacher": l1(self.growth(self.student, invented), target)}

    def get_extra_state(self) -> dict[str, Any]:
        """The generator's weights and its optimiser's state."""
        return {"generator": self.generator.state_dict(), "optimiser": self.optimiser.state_dict()}

    def set_extra_state(self, state: dict[str, Any]) -> None:
        """Restores what `get_extra_state` gave."""
        self.generator.load_state_dict(state["generator"])
        self.optimiser.load_state_dict(state["optimiser"])

    def _invented(self, like: Tensor) -> Tensor:
        count, _, height, width = like.shape
        shape = (count, self.generator.latent, -(-height // 16), -(-width // 16))
        noise = torch.randn(shape, device=like.device, dtype=self.generator.last.weight.dtype)
        return self.generator(noise)[..., :height, :width]

    def _train_generator(self, like: Tensor) -> None:
        self.generator.requires_grad_(True)
        parameters = list(self.generator.parameters())
        with torch.enable_grad():
            invented = self._invented(like)
            restored = self.teacher(invented)
            gap = l1(self.growth(self.student, invented), restored)
            loss = self.w_r * l1(self.teacher(restored), restored) - torch.log1p(gap)
            gradients = torch.autograd.grad(loss, parameters)
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = gradient
        self.optimiser.step()
        self.optimiser.zero_grad()
        self.generator.requires_grad_(False)


class DFKDProgressive(Objective):
    """The progressive half of DFKD on the real degraded images: L = |S(I) - T(I)|_1 while the student grows.

    Paper: SLKD's Table II compares with "DFKD" and does not say whether data were used. / Here: both are kept and
    labelled.
    """

    def __init__(self, teacher: nn.Module, student: nn.Module) -> None:
        super().__init__(student, teacher)
        self.teacher: nn.Module
        self.growth = Growth(levels_of(student))

    def before_step(self, step: int, total: int, degraded: Tensor, clean: Tensor) -> None:
        """Opens the student's levels of this stage."""
        self.growth.at(step, total)

    def forward(self, degraded: Tensor, clean: Tensor) -> dict[str, Tensor]:
        """The term `teacher` for a batch of (N, 3, H, W) images in [0, 1]; the clean one is not used."""
        with torch.no_grad():
            target = self.teacher(degraded)
        return {"teacher": l1(self.growth(self.student, degraded), target)}
