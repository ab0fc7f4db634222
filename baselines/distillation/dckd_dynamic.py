"""Dynamic contrastive distillation, Zhou et al., AAAI 2025: another method called DCKD, not the paper's."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from baselines.distillation.objective import at_least_float32, l1
from baselines.distillation.spec import DistillerSpec
from baselines.objective import Distiller, freeze

NOISES = (0.01, 0.02, 0.04, 0.08)
MOVES, KEPT, LONGEST = (
    171,
    0.9,
    1000,
)  # of the student's past: how often in a run, how much stays, steps between at most


class DCKDDynamic(Distiller):
    """L = |S(I) - G|_1 + |S(I) - T(I)|_1 + .1 L_contrast + .001 L_categories + L_consistency.

    L_contrast: over feature levels, the weighted sum of |f(S) - f(T)|_1 over the mean of |f(S) - f(N)|_1, where the five
    negatives N are what the student's past makes of the input itself and of four noisier ones. Weights are 1 for the deepest
    level and 1/4, 1/8, 1/16, 1/32 from there to the finest. L_categories: the cross-entropy of the pixel-wise distributions
    of S's and T's features over a codebook. L_consistency: |S(I) - T(I)|_1 where S sees I mirrored and its output is mirrored
    back.
    Paper: f and the codebook are a VQGAN's. / Here: no second network of foreign data: f is the teacher's own encoder,
    the codebook 256 of its features of the first clean batch; a ratio does not change with f's scale, the entropy's does.
    Paper: the past moves every 1,000 steps, keeping .9. / Here: the same, but at least 171 times in a run, as in one of
    171,400 steps: every 5 steps of 1,000.
    Paper: how its negatives are made noisier is tuned to its data. / Here: noise of deviations .01, .02, .04 and .08; the
    smaller, the nearer the negatives and the larger the contrast's gradient.
    Paper: label consistency is in the released configuration, its augmentation is not told there. / Here: mirroring.
    """

    version = 2

    codebook: Tensor

    def __init__(self, teacher: nn.Module, student: nn.Module, codes: int = 256) -> None:
        super().__init__(teacher, student, contrast=0.1, categories=0.001)
        self.history = copy.deepcopy(student)
        freeze(self.history)
        widths: tuple[int, ...] = tuple(teacher.encoder_widths)  # type: ignore[arg-type]
        self.level = min(2, len(widths) - 1)
        self.register_buffer("codebook", torch.zeros(codes, widths[self.level]))

    def frozen(self) -> list[nn.Module]:
        """The teacher, and the student's past."""
        return [self.teacher, *([self.history] if hasattr(self, "history") else [])]

    @torch.no_grad()
    def before_step(self, step: int, total: int, degraded: Tensor, clean: Tensor) -> None:
        """Fills the codebook at the first step, and moves the past towards the student when it is time."""
        if step == 0:
            self.codebook.copy_(self._codes(clean))
        if (step + 1) % max(1, min(LONGEST, total // MOVES)) == 0:
            for past, present in zip(self.history.parameters(), self.student.parameters(), strict=True):
                past.lerp_(present.detach(), 1 - KEPT)

    def forward(self, degraded: Tensor, clean: Tensor) -> dict[str, Tensor]:
        """The terms `truth`, `teacher`, `contrast`, `categories` and `consistency` for a batch of (N, 3, H, W) images in [0,
        1]."""
        restored, mirrored = self.student(degraded), self.student(degraded.flip(-1)).flip(-1)
        with torch.no_grad():
            target = self.teacher(degraded)
            negatives = self.history(torch.cat([degraded, *(noisier(degraded, noise) for noise in NOISES)]))
            images = torch.cat([target, negatives])
            others = self.teacher.encode(images)
        ours = self.teacher.encode(restored)
        return {
            "truth": l1(restored, clean),
            "teacher": l1(restored, target),
            "contrast": contrast(ours, others),
            "categories": self._categories(ours[self.level], others[self.level][: len(degraded)]),
            "consistency": l1(mirrored, target),
        }

    def get_extra_state(self) -> dict[str, Any]:
        """The history's weights."""
        return {"history": self.history.state_dict()}

    def set_extra_state(self, state: dict[str, Any]) -> None:
        """Restores what `get_extra_state` gave."""
        self.history.load_state_dict(state["history"])

    def _codes(self, clean: Tensor) -> Tensor:
        """Evenly spaced features of the teacher's level as codes, of unit length: (codes, C)."""
        features = self._vectors(self.teacher.encode(clean)[self.level])
        picks = torch.linspace(0, len(features) - 1, len(self.codebook), device=features.device).round().long()
        return features[picks]

    def _categories(self, student: Tensor, teacher: Tensor) -> Tensor:
        ours, theirs = (self._vectors(x) @ self.codebook.T / 0.1 for x in (student, teacher))
        return F.cross_entropy(ours, theirs.softmax(-1))

    def _vectors(self, level: Tensor) -> Tensor:
        return F.normalize(at_least_float32(level).movedim(1, -1).flatten(0, -2), dim=-1).to(self.codebook.dtype)


def contrast(student: Sequence[Tensor], others: Sequence[Tensor]) -> Tensor:
    """The weighted sum over levels of |S - T|_1 over the mean of |S - N_k|_1.

    Each level of `student` is (N, C, H, W), of `others` (N (1 + K), C, H, W): the teacher's and K negatives after it.
    """
    terms = []
    for place, (ours, theirs) in enumerate(zip(student, others, strict=True)):
        teacher, *negatives = theirs.split(len(ours))
        apart = torch.stack([l1(ours, negative) for negative in negatives]).mean()
        terms.append(level_weight(place, len(student)) * l1(ours, teacher) / (apart + 1e-6))
    return torch.stack(terms).sum()


def level_weight(place: int, count: int) -> float:
    """1 for the deepest of `count` levels, 1/4, 1/8, 1/16 and 1/32 for those before it."""
    return 1.0 if place == count - 1 else 1 / 2 ** min(count - place, 5)


def noisier(image: Tensor, deviation: float) -> Tensor:
    """A noisier (N, 3, H, W) in [0, 1]."""
    return (image + deviation * torch.randn_like(image)).clamp(0, 1)


SPEC = DistillerSpec(
    id="dckd-dynamic",
    title="DCKD, dynamic contrastive",
    citation="Zhou et al., AAAI 2025",
    target="baselines.distillation.dckd_dynamic:DCKDDynamic",
    row="DCKD dynamic",
    short="DCKD dyn.",
    licence="code: no licence read",
    options={"codes": 256},
)
