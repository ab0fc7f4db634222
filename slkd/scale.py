"""The Scale Conversion Module (SCM, Figure 2): features of student and teacher brought to one scale space, level by
level."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from slkd.mscn import full_precision, rms_normalised

GRID = 32


class ScaleConversion(nn.Module):
    """Pairs of comparable features, student's and teacher's, of each level the two networks share, stride 1 first.

    Paper: a SCM "maps ... into a unified scale space"; neither how nor on which side. / Here, `kind` "projection": a
    learnable 1x1 convolution takes the student's features to the teacher's width and the teacher's stay as they are
    (two free projectors can agree on a constant); equal widths start as the identity. `kind` "pooling": no parameters,
    both averaged over groups of channels to the smaller width and over positions to one grid of at most 32x32.
    `normalise` divides every sample by its RMS.
    `widths` are the channels of the pairs. Levels beyond the shorter list of widths are left out.
    Raises ValueError for an unknown kind.
    """

    def __init__(
        self,
        student_widths: Sequence[int],
        teacher_widths: Sequence[int],
        kind: str = "projection",
        normalise: bool = True,
    ) -> None:
        super().__init__()
        if kind not in ("projection", "pooling"):
            raise ValueError(
                f"expected the scale conversion projection or pooling; found '{kind}'. Use one of the two."
            )
        self.normalise = normalise
        self.kind = kind
        pairs = list(zip(student_widths, teacher_widths, strict=False))
        self.widths = tuple(theirs if kind == "projection" else min(ours, theirs) for ours, theirs in pairs)
        self.projections: nn.ModuleList | None = None
        if kind == "projection":
            self.projections = nn.ModuleList(_projection(*widths) for widths in pairs)

    def forward(self, student: Sequence[Tensor], teacher: Sequence[Tensor]) -> list[tuple[Tensor, Tensor]]:
        """For each shared level the student's and the teacher's features, two (N, C, H, W) of one shape.

        Raises ValueError for a level at which one is at least twice as large as the other: that is another stride.
        """
        pairs = []
        shared = min(len(self.widths), len(student), len(teacher))
        for level in range(shared):  # torch 2.4 makes no graph of zip(strict=...)
            ours, theirs = _same_area(student[level], teacher[level].detach(), level)
            if self.projections is not None:
                ours = self.projections[level](ours)
            else:
                width = min(ours.shape[1], theirs.shape[1])
                ours, theirs = _pooled(ours, width), _pooled(theirs, width)
            pairs.append((self._scaled(ours), self._scaled(theirs)))
        return pairs

    @torch.no_grad()
    def fit(self, student: Sequence[Tensor], teacher: Sequence[Tensor]) -> None:
        """Sets each projection to the least-squares map of the student's features to the teacher's."""
        for layer, ours, theirs in zip(self.projections or (), student, teacher, strict=False):
            ours, theirs = (
                full_precision(x).movedim(1, -1).flatten(0, -2).double() for x in _same_area(ours, theirs, 0)
            )
            ours = torch.cat([ours, torch.ones_like(ours[:, :1])], 1)
            square = ours.T @ ours
            ridge = 1e-6 * square.diagonal().mean() * torch.eye(len(square), dtype=square.dtype, device=square.device)
            solution = torch.linalg.solve(square + ridge, ours.T @ theirs)
            weight, bias = layer.parameters()
            weight.copy_(solution[:-1].T[..., None, None])
            bias.copy_(solution[-1])

    def _scaled(self, x: Tensor) -> Tensor:
        return rms_normalised(x) if self.normalise else full_precision(x)


def _projection(student: int, teacher: int) -> nn.Conv2d:
    layer = nn.Conv2d(student, teacher, 1)
    if student == teacher:
        nn.init.dirac_(layer.weight)
        nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
    return layer


def _pooled(x: Tensor, width: int) -> Tensor:
    """Averages (N, C, H, W) over channels to `width` and over positions to at most 32x32."""
    height, breadth = (min(side, GRID) for side in x.shape[-2:])
    return F.adaptive_avg_pool3d(full_precision(x)[:, None], (width, height, breadth))[:, 0]


def _same_area(first: Tensor, second: Tensor, level: int) -> tuple[Tensor, Tensor]:
    """Cut to the common height and width: a network that pads to another multiple pads at the right and the bottom."""
    for side in (-2, -1):
        ours, theirs = first.shape[side], second.shape[side]
        if max(ours, theirs) >= 2 * min(ours, theirs):
            sizes = [f"{x.shape[-2]}x{x.shape[-1]}" for x in (first, second)]
            raise ValueError(
                f"expected one stride at level {level + 1}; found {sizes[0]} in the student and {sizes[1]} in the"
                " teacher. List levels of the same strides in both, stride 1 first, or use larger patches."
            )
    height, width = min(first.shape[-2], second.shape[-2]), min(first.shape[-1], second.shape[-1])
    return first[..., :height, :width], second[..., :height, :width]
