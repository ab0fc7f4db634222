"""Whether a training can be trusted: a teacher that restores, a student that did not collapse, a line that says it all."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from benchmark.core.errors import TrainingStopped
from benchmark.training.balance import LEAST, MOST
from benchmark.training.member import TrainingResult
from benchmark.training.validation import mean_psnr

logger = logging.getLogger(__name__)

MARGIN = 0.5  # dB that a teacher has to gain over its input
COLLAPSE = 0.1  # dB over the input below which a trained network does nothing


@dataclass(frozen=True)
class TeacherCheck:
    """PSNR in dB on the validation pairs: of the degraded images, of the teacher on them, and of it on the clean ones.

    `on_clean` bounds what a student of Teacher B can reach: Equation 5 has no ground truth.
    """

    degraded: float
    on_degraded: float
    on_clean: float

    @property
    def gain(self) -> float:
        """What the teacher gains over its input."""
        return self.on_degraded - self.degraded

    def told(self) -> dict[str, float]:
        """What the card tells."""
        figures = {"psnr": self.on_degraded, "gain_db": self.gain, "psnr_on_clean": self.on_clean}
        return {name: round(value, 4) for name, value in figures.items()}


def check_teacher(
    title: str, teacher: nn.Module, pairs: Sequence[tuple[Tensor, Tensor]], device: torch.device, force: bool = False
) -> TeacherCheck:
    """Measure a teacher before anything is learnt from it. Raises TrainingStopped where it gains less than `MARGIN`.

    Args:
        title: of the teacher, for messages.
        teacher: the network, which is moved to `device`.
        pairs: validation pairs of the training data.
        device: where it is measured.
        force: learn from such a teacher all the same, with a warning.
    """
    teacher.to(device)
    clean = [(target, target) for _, target in pairs]
    check = TeacherCheck(
        mean_psnr(nn.Identity(), pairs, device), mean_psnr(teacher, pairs, device), mean_psnr(teacher, clean, device)
    )
    if check.gain >= MARGIN:
        logger.info("%s gains %.2f dB; on clean images %.2f dB", title, check.gain, check.on_clean)
        return check
    found = f"{title} gains {check.gain:+.2f} dB on the validation pairs ({check.on_degraded:.2f} dB)"
    if not force:
        raise TrainingStopped(
            f"a teacher that gains {MARGIN} dB over its input", found, "Train the teacher longer, or give --force."
        )
    logger.warning("%s: its students learn little (--force)", found)
    return check


def gain(result: TrainingResult) -> float | None:
    """What the last weights gain over the input on the validation pairs, in dB; None without pairs."""
    return result.curve[-1][1] - result.input_psnr if result.curve and result.input_psnr is not None else None


def has_collapsed(result: TrainingResult) -> bool:
    """Whether a trained network does nothing: it gains less than `COLLAPSE` over its input."""
    gained = gain(result)
    return gained is not None and gained < COLLAPSE


def best(curve: Sequence[tuple[int, float]]) -> tuple[int, float]:
    """Step and PSNR of the best validation, the first of equals."""
    return max(curve, key=lambda point: point[1])


def line(result: TrainingResult) -> str:
    """How a run went, in one line."""
    parts = []
    gained = gain(result)
    if gained is not None:
        state = "COLLAPSED: " if has_collapsed(result) else ""
        parts.append(f"{state}{gained:+.2f} dB over the input ({result.curve[-1][1]:.2f} dB)")
        step, psnr = best(result.curve)
        if psnr > result.curve[-1][1] + 0.05:
            parts.append(f"best {psnr:.2f} dB at step {step}")
    if result.seconds > 0:
        parts.append(f"{result.images / result.seconds:.1f} images/s")
    parts.append(f"{100 * result.waited:.0f} % of the time waiting for data")
    for name, ratio in result.ratios.items():
        mark = "" if LEAST <= ratio <= MOST else " (!)"
        parts.append(f"{name} {ratio:.2g}{mark} of {result.reference}'s gradient")
    return ", ".join(parts)
