"""Dual cross distillation, Fang et al., JVCIR 2023 (the paper's DCKD [37]): hybrids of student and teacher, judged by
their output."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from baselines.distillation.objective import l1, pointwise
from baselines.distillation.spec import DistillerSpec
from baselines.objective import Distiller


class DCKDCross(Distiller):
    """The student's encoder is cascaded into the frozen teacher's decoder, and the teacher's encoder into the
    student's decoder.

    L = |S(I) - G| + |H1 - G| + |H1 - T(I)| + |H2 - G| + |H2 - T(I)|, all L1; H1 = D_T(a(E_S(I))), H2 = D_S(b(E_T(I)))
    with 1x1 adapters a and b on every skip and the bottleneck. Features are never compared.
    Paper: head, body and tail of super-resolution networks. / Here: encoder and decoder, the only cut U-shaped
    networks share.
    Paper: the weights of its terms are tuned to its networks. / Here: all 1.
    Raises ValueError where teacher and student have different numbers of encoder levels.
    """

    def __init__(self, teacher: nn.Module, student: nn.Module) -> None:
        super().__init__(teacher, student)
        ours, theirs = tuple(student.encoder_widths), tuple(teacher.encoder_widths)  # type: ignore[arg-type]
        if len(ours) != len(theirs):
            raise ValueError(
                f"expected as many encoder levels in both; found {len(ours)} and {len(theirs)}. Use one family."
            )
        self.to_teacher = pointwise(ours, theirs)
        self.to_student = pointwise(theirs, ours)

    def forward(self, degraded: Tensor, clean: Tensor) -> dict[str, Tensor]:
        """The terms of the student (`truth`) and of both hybrids against truth and teacher, images (N, 3, H, W) in [0,
        1]."""
        teacher, student = self.teacher, self.student
        with torch.no_grad():
            guide = teacher.encode(degraded)
            target = teacher.decode(guide, degraded).restored
        encoded = student.encode(degraded)
        restored = student.decode(encoded, degraded).restored
        first = teacher.decode(_adapted(self.to_teacher, encoded, guide), degraded).restored
        second = student.decode(_adapted(self.to_student, guide, encoded), degraded).restored
        return {
            "truth": l1(restored, clean),
            "encoder-truth": l1(first, clean),
            "encoder-teacher": l1(first, target),
            "decoder-truth": l1(second, clean),
            "decoder-teacher": l1(second, target),
        }


def _adapted(layers: nn.ModuleList, source: Sequence[Tensor], like: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """Every level of `source` through its adapter, resized where the other network's padding differs."""
    adapted = [layer(level) for layer, level in zip(layers, source, strict=True)]
    return tuple(
        level if level.shape[-2:] == goal.shape[-2:] else F.interpolate(level, goal.shape[-2:], mode="bilinear")
        for level, goal in zip(adapted, like, strict=True)
    )


SPEC = DistillerSpec(
    id="dckd-cross",
    title="DCKD, dual cross",
    citation="Fang et al., JVCIR 2023",
    target="baselines.distillation.dckd_cross:DCKDCross",
    row="DCKD",
    licence="code: none found",
)
