"""Where and why S log(S / T) is not a number: what the divergences of Equations 2 to 4 compare, counted element by
element."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from slkd.brisque import natural_map
from slkd.diagnostics import NATURAL, TEXTURE
from slkd.distiller import SLKD
from slkd.mscn import full_precision, mscn
from slkd.piqe import texture_map


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
        "kl": objective.reading.image == "literal-sum",
    }
    found = []
    for term, place, descriptor, student, teacher in _operands(objective, degraded, clean):
        one = count_failures(term, place, descriptor, student, teacher)
        found.append(one if literal[term] else Failures(term, place, descriptor, one.total, 0, 0, 0, one.broken))
    return [one for one in found if one.failing]


def _operands(objective: SLKD, degraded: Tensor, clean: Tensor) -> Iterator[tuple[str, str, str, Tensor, Tensor]]:
    """Term, place, descriptor, S and T of everything that a divergence compares."""
    reading = objective.reading
    guidance = objective.guide(degraded, clean)
    student = objective.student.features(degraded)  # type: ignore[operator]
    yield "kl", "restored image", "value", full_precision(student.restored), full_precision(guidance.restored_a)
    if objective.encoder_scale is not None:
        for level, pair in enumerate(objective.encoder_scale(student.encoder, guidance.encoder), 1):
            maps = [
                natural_map(mscn(x, reading.mscn_constant), reading.shape, reading.local, reading.logarithms)
                for x in pair
            ]
            for name, *both in zip(NATURAL, *(m.unbind(2) for m in maps), strict=True):
                yield "nc", f"encoder {level}", name, *both
    if objective.decoder_scale is not None:
        for level, pair in enumerate(objective.decoder_scale(student.decoder, guidance.decoder)):
            maps = [texture_map(mscn(x, reading.mscn_constant), level, reading.masks, reading.logarithms) for x in pair]
            for name, *both in zip(TEXTURE, *(m.unbind(2) for m in maps), strict=True):
                yield "et", f"decoder {level + 1}", name, *both
