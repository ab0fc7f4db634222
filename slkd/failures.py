"""Where and why S log(S / T) is not a number: what the divergences of Equations 2 to 4 compare, counted element by
element."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from slkd.distiller import SLKD
from slkd.mscn import full_precision
from slkd.terms import FeatureLoss


@dataclass(frozen=True)
class Failures:
    """What is wrong with the elements of one descriptor at one place, as counts out of `total`.

    `opposite`: S and T have different signs, the logarithm of a negative number. `student_zero`: S is 0, and
    0 log 0 is no number. `teacher_zero`: T alone is 0, a division by 0. `broken`: S or T is not finite itself.
    """

    term: str
    place: str
    descriptor: str
    total: int
    opposite: int
    student_zero: int
    teacher_zero: int
    broken: int = 0

    @property
    def failing(self) -> int:
        """How many elements make the sum something else than a number."""
        return self.opposite + self.student_zero + self.teacher_zero + self.broken


def count_failures(term: str, place: str, descriptor: str, student: Tensor, teacher: Tensor) -> Failures:
    """The counts for two tensors of one shape."""
    finite = torch.isfinite(student) & torch.isfinite(teacher)
    none, no_teacher = finite & (student == 0), finite & (teacher == 0) & (student != 0)
    counts = (finite & (student * teacher < 0) & ~none & ~no_teacher, none, no_teacher, ~finite)
    return Failures(term, place, descriptor, student.numel(), *(int(mask.sum()) for mask in counts))


@torch.no_grad()
def failures(objective: SLKD, degraded: Tensor, clean: Tensor) -> list[Failures]:
    """The counts of every descriptor at every level, for those of `nc`, `et` and `kl` that a batch of (N, 3, H, W)
    computes by the printed formula; for the others only values that are not finite themselves."""
    literal = {
        "nc": objective.reading.natural == "literal",
        "et": objective.reading.texture == "literal",
        "kl": objective.reading.image == "literal",
    }
    found = []
    for term, place, descriptor, student, teacher in _operands(objective, degraded, clean):
        one = count_failures(term, place, descriptor, student, teacher)
        found.append(one if literal[term] else Failures(term, place, descriptor, one.total, 0, 0, 0, one.broken))
    return [one for one in found if one.failing]


def _operands(objective: SLKD, degraded: Tensor, clean: Tensor) -> Iterator[tuple[str, str, str, Tensor, Tensor]]:
    """Term, place, descriptor, S and T of everything that a divergence compares."""
    guidance = objective.guide(degraded, clean)
    student = objective.student.features(degraded)  # type: ignore[operator]
    yield "kl", "restored image", "value", full_precision(student.restored), full_precision(guidance.restored_a)
    sides: list[tuple[str, str, FeatureLoss, Sequence[tuple[Tensor, Tensor]]]] = []
    if objective.encoder_scale is not None:
        pairs = objective.encoder_scale(student.encoder, guidance.encoder)
        sides.append(("nc", "encoder", objective.natural_colour, pairs))
    if objective.decoder_scale is not None:
        pairs = objective.decoder_scale(student.decoder, guidance.decoder)
        sides.append(("et", "decoder", objective.edge_texture, pairs))
    for term, place, loss, pairs in sides:
        for level, pair in enumerate(pairs):
            maps = loss.compared(*pair, level)
            for name, *both in zip(loss.names, *(m.unbind(2) for m in maps), strict=True):
                yield term, f"{place} {level + 1}", name, *both
