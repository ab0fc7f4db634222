"""Data-free distillation and its progressive part on real images, after Zhang et al., CVPR 2021 (the paper's DFKD
[33])."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from baselines.distillation.growth import Growth, levels_of
from baselines.distillation.objective import at_least_float32, l1
from baselines.distillation.spec import DistillerSpec
from baselines.objective import Distiller, freeze


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


class DFKD(Distiller):
    """The student imitates the teacher on images that a generator invents where the two differ; no real image is used.

    Student: L = |S(x) - T(x)|_1 with x = G(z), grown progressively. Generator, between student steps:
    L_G = -log(1 + sum |S(x) - T(x)|) + w_R |R(T(x)) - x|_1, the sum over all values of a batch.
    Paper: super-resolution, R is bicubic down-sampling, which makes G(z) a possible input. / Here: restoration has no
    down-sampling; the second term is the teacher's idempotence |T(T(x)) - T(x)|_1: what it restored, it should leave
    alone.
    Paper: the generator moves once in 50 student steps, 9,600 times in the authors' demonstration. / Here: 9,600 times as
    well, evenly spread, but at most once in two student steps: a mini run of 1,000 steps has 500, once in 50 gave it 20.
    Paper: w_R, the generator's rate and size are for its own networks (rate 1e-5, 256 latent channels). / Here: w_R 1 on a
    mean, which beside the logarithm of a sum near 250 (a gap of .02 on 64 x 64) weighs about 250 / 12,288 of the first term's
    gradient; Adam 1e-4 and 64 channels, as there are fewer steps.
    """

    version = 2

    def __init__(
        self, teacher: nn.Module, student: nn.Module, w_r: float = 1.0, rate: float = 1e-4, generator_steps: int = 9600
    ) -> None:
        super().__init__(teacher, student)
        self.w_r = w_r
        self.generator_steps = generator_steps
        self.growth = Growth(levels_of(student))
        self.generator = Generator()
        freeze(self.generator)
        self.optimiser = torch.optim.Adam(self.generator.parameters(), lr=rate)

    def before_step(self, step: int, total: int, degraded: Tensor, clean: Tensor) -> None:
        """Opens the student's levels of this stage and, where one is due, trains the generator by one step."""
        self.growth.at(step, total)
        if self.is_due(step, total):
            self._train_generator(degraded)

    def is_due(self, step: int, total: int) -> bool:
        """Whether the generator moves before step `step` (0, 1, ...) of `total`: evenly spread, the first step included."""
        budget = max(1, min(self.generator_steps, total // 2))
        return step == 0 or step * budget // total > (step - 1) * budget // total

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
        result: Tensor = self.generator(noise)[..., :height, :width]
        return result

    def _train_generator(self, like: Tensor) -> None:
        self.generator.requires_grad_(True)
        parameters = list(self.generator.parameters())
        with torch.enable_grad():
            invented = self._invented(like)
            restored = self.teacher(invented)
            loss = generator_loss(self.growth(self.student, invented), restored, self.teacher(restored), self.w_r)
            gradients = torch.autograd.grad(loss, parameters)
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = gradient
        self.optimiser.step()
        self.optimiser.zero_grad()
        self.generator.requires_grad_(False)


def generator_loss(student: Tensor, teacher: Tensor, again: Tensor, w_r: float = 1.0) -> Tensor:
    """-log(1 + sum |S - T|) + w_R mean |T(T) - T| of the outputs of student and teacher and the teacher's of its own output."""
    gap = (at_least_float32(student) - at_least_float32(teacher)).abs().sum()
    return w_r * l1(again, teacher) - torch.log1p(gap)


class DFKDProgressive(Distiller):
    """The progressive half of DFKD on the real degraded images: L = |S(I) - T(I)|_1 while the student grows.

    Paper: SLKD's Table II compares with "DFKD" and does not say whether data were used. / Here: both are kept and
    labelled.
    """

    def __init__(self, teacher: nn.Module, student: nn.Module) -> None:
        super().__init__(teacher, student)
        self.growth = Growth(levels_of(student))

    def before_step(self, step: int, total: int, degraded: Tensor, clean: Tensor) -> None:
        """Opens the student's levels of this stage."""
        self.growth.at(step, total)

    def forward(self, degraded: Tensor, clean: Tensor) -> dict[str, Tensor]:
        """The term `teacher` for a batch of (N, 3, H, W) images in [0, 1]; the clean one is not used."""
        with torch.no_grad():
            target = self.teacher(degraded)
        return {"teacher": l1(self.growth(self.student, degraded), target)}


SPEC = DistillerSpec(
    id="dfkd",
    title="DFKD, data-free",
    citation="Zhang et al., CVPR 2021",
    target="baselines.distillation.dfkd:DFKD",
    row="DFKD",
    licence="code: github.com/huawei-noah/Efficient-Computing, BSD-3-Clause",
    options={"w_r": 1.0, "rate": 0.0001, "generator_steps": 9600},
)


PROGRESSIVE = DistillerSpec(
    id="dfkd-progressive",
    title="DFKD, progressive on real images",
    citation="Zhang et al., CVPR 2021",
    target="baselines.distillation.dfkd:DFKDProgressive",
    row="DFKD progressive",
    short="DFKD prog.",
    licence="code: github.com/huawei-noah/Efficient-Computing, BSD-3-Clause",
)
