"""Dynamic contrastive distillation, Zhou et al., AAAI 2025: another method called DCKD, not the paper's."""

from __future__ import annotations

import copy
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from baselines.distillation.objective import Objective, at_least_float32, freeze, l1


class DCKDDynamic(Objective):
    """L = |S(I) - G|_1 + |S(I) - T(I)|_1 + .1 L_contrast + .001 L_categories.

    L_contrast: over feature levels, the mean of |f(S) - f(T)|_1 / |f(S) - f(N)|_1, where the negative N is what an
    exponential average of the student's past makes of a more degraded input. L_categories: the cross-entropy of the
    pixel-wise distributions of S's and T's features over a codebook.
    Paper: f and the codebook are a VQGAN's. / Here: no second network of foreign data: f is the teacher's own encoder,
    the codebook 256 of its features of the first clean batch.
    Paper: its negative generator has several degradations. / Here: half-resolution blur and noise of deviation .05.
    """

    codebook: Tensor

    def __init__(self, teacher: nn.Module, student: nn.Module, codes: int = 256, decay: float = 0.999) -> None:
        super().__init__(student, teacher)
        self.teacher: nn.Module
        self.weights = {"contrast": 0.1, "categories": 0.001}
        self.decay = decay
        self.history = copy.deepcopy(student)
        freeze(self.history)
        widths: tuple[int, ...] = tuple(teacher.encoder_widths)  # type: ignore[arg-type]
        self.level = min(2, len(widths) - 1)
        self.register_buffer("codebook", torch.zeros(codes, widths[self.level]))

    def train(self, mode: bool = True) -> DCKDDynamic:
        """Training mode for the student; the teacher and the student's history stay in eval mode."""
        super().train(mode)
        self.history.eval()
        return self

    @torch.no_grad()
    def before_step(self, step: int, total: int, degraded: Tensor, clean: Tensor) -> None:
        """Fills the codebook at the first step and moves the history towards the student."""
        if step == 0:
            self.codebook.copy_(self._codes(clean))
        for past, present in zip(self.history.parameters(), self.student.parameters(), strict=True):
            past.lerp_(present.detach(), 1 - self.decay)

    def forward(self, degraded: Tensor, clean: Tensor) -> dict[str, Tensor]:
        """The terms `truth`, `teacher`, `contrast` and `categories` for a batch of (N, 3, H, W) images in [0, 1]."""
        restored = self.student(degraded)
        with torch.no_grad():
            target = self.teacher(degraded)
            negative = self.history(worse(degraded))
            both = self.teacher.encode(torch.cat([target, negative]))  # type: ignore[operator]
        ours = self.teacher.encode(restored)  # type: ignore[operator]
        count = len(degraded)
        ratios = [
            l1(level, pair[:count]) / (l1(level, pair[count:]) + 1e-6) for level, pair in zip(ours, both, strict=True)
        ]
        return {
            "truth": l1(restored, clean),
            "teacher": l1(restored, target),
            "contrast": torch.stack(ratios).mean(),
            "categories": self._categories(ours[self.level], both[self.level][:count]),
        }

    def get_extra_state(self) -> dict[str, Any]:
        """The history's weights."""
        return {"history": self.history.state_dict()}

    def set_extra_state(self, state: dict[str, Any]) -> None:
        """Restores what `get_extra_state` gave."""
        self.history.load_state_dict(state["history"])

    def _codes(self, clean: Tensor) -> Tensor:
        """Evenly spaced features of the teacher's level as codes, of unit length: (codes, C)."""
        features = self._vectors(self.teacher.encode(clean)[self.level])  # type: ignore[operator]
        picks = torch.linspace(0, len(features) - 1, len(self.codebook), device=features.device).round().long()
        return features[picks]

    def _categories(self, student: Tensor, teacher: Tensor) -> Tensor:
        ours, theirs = (self._vectors(x) @ self.codebook.T / 0.1 for x in (student, teacher))
        return F.cross_entropy(ours, theirs.softmax(-1))

    def _vectors(self, level: Tensor) -> Tensor:
        return F.normalize(at_least_float32(level).movedim(1, -1).flatten(0, -2), dim=-1).to(self.codebook.dtype)


def worse(image: Tensor) -> Tensor:
    """A more degraded (N, 3, H, W): blurred through half the resolution, with noise of deviation .05."""
    small = F.avg_pool2d(image, 2, ceil_mode=True)
    blurred = F.interpolate(small, image.shape[-2:], mode="bilinear")
    return (blurred + 0.05 * torch.randn_like(blurred)).clamp(0, 1)
