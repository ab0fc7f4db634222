"""Progressive distillation for an encoder-decoder: the student starts shallow and gains its deeper levels one by
one."""

from __future__ import annotations

from torch import Tensor, nn


class Growth(nn.Module):
    """Runs a student with only its first levels open; the deeper ones pass zeros to the decoder.

    Paper (Zhang et al., CVPR 2021): a residual chain gains blocks in equal stages. / Here: a U-shaped network has
    levels, so it gains
    those: training is cut into as many equal stages as there are levels, and stage s opens levels 1 to s. A network
    without
    `encode` and `decode` is always whole.
    """

    def __init__(self, levels: int) -> None:
        super().__init__()
        self.levels = levels
        self.opened = 1

    def at(self, step: int, total: int) -> None:
        """Opens the levels that step `step` of `total` trains."""
        self.opened = min(self.levels, 1 + step * self.levels // max(total, 1))

    def forward(self, student: nn.Module, image: Tensor) -> Tensor:
        """The restored image (N, 3, H, W) of the opened part of `student`."""
        result: Tensor
        if self.opened >= self.levels:
            result = student(image)
            return result
        encoder = student.encode(image)  # type: ignore[operator]
        kept = tuple(level if k < self.opened else level * 0 for k, level in enumerate(encoder))
        result = student.decode(kept, image).restored  # type: ignore[operator]
        return result


def levels_of(student: nn.Module) -> int:
    """How many levels the encoder of a student has; 1 for a network without levels."""
    return len(getattr(student, "encoder_widths", (0,)))
