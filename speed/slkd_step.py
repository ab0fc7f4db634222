"""What a step of SLKD costs beside the sum of its parts, at paper scale: `python -m speed.slkd_step`.

Restormer to Res-SL on patches of 128. All parts run interleaved in one process, so that a busy machine slows them alike:
the whole step; the student's forward and backward pass alone; the two teacher passes alone, one after the other; the losses
and extractors alone, forward and backward, on kept features. Medians of wall-clock and of processor time.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import torch

from benchmark.methods.networks import build
from slkd import SLKD, losses, teacher_of


def parts(patch: int, batch: int, scale: str) -> dict[str, Callable[[], None]]:
    """The four things to time, as functions of no arguments."""
    torch.manual_seed(0)
    teacher, student = teacher_of("res-sl", scale), build("res-sl", scale)
    objective = SLKD(teacher, student).train()
    degraded, clean = torch.rand(batch, 3, patch, patch), torch.rand(batch, 3, patch, patch)
    guidance = objective.guide(degraded, clean)
    with torch.no_grad():
        kept = student.features(degraded)  # type: ignore[operator]

    def step() -> None:
        objective.zero_grad(set_to_none=True)
        objective.total(objective(degraded, clean)).backward()

    def student_alone() -> None:
        student.zero_grad(set_to_none=True)
        losses.pixel_loss(student(degraded), clean).backward()

    def teachers_alone() -> None:
        with torch.no_grad():
            teacher(degraded)
            teacher(clean)

    def losses_alone() -> None:
        restored = kept.restored.clone().requires_grad_()
        encoder = [level.clone().requires_grad_() for level in kept.encoder]
        decoder = [level.clone().requires_grad_() for level in kept.decoder]
        assert objective.encoder_scale is not None
        assert objective.decoder_scale is not None
        terms = {
            "pixel": losses.pixel_loss(restored, guidance.restored_b),
            "kl": losses.image_divergence(restored, guidance.restored_a),
            "nc": objective.natural_colour(objective.encoder_scale(encoder, guidance.encoder)),
            "et": objective.edge_texture(objective.decoder_scale(decoder, guidance.decoder)),
        }
        objective.total(terms).backward()

    return {"step": step, "student": student_alone, "teachers": teachers_alone, "losses": losses_alone}


def measure(runs: dict[str, Callable[[], None]], rounds: int) -> dict[str, tuple[float, float]]:
    """Median wall-clock and processor seconds of each run, interleaved over `rounds` rounds after one unmeasured."""
    for run in runs.values():
        run()
    wall: dict[str, list[float]] = {name: [] for name in runs}
    processor: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            begun = time.perf_counter(), time.process_time()
            run()
            wall[name].append(time.perf_counter() - begun[0])
            processor[name].append(time.process_time() - begun[1])
    return {name: (statistics.median(wall[name]), statistics.median(processor[name])) for name in runs}


def main() -> None:
    """Measures and prints the table and the two ratios."""
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    options.add_argument("--patch", type=int, default=128)
    options.add_argument("--batch", type=int, default=1)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--scale", choices=("paper", "mini"), default="paper")
    chosen = options.parse_args()
    found = measure(parts(chosen.patch, chosen.batch, chosen.scale), chosen.rounds)
    print(f"{chosen.scale} scale, patch {chosen.patch}, batch {chosen.batch}, {torch.get_num_threads()} thread(s), CPU")
    for kind, name in enumerate(("wall", "processor")):
        step, student, teachers, ours = (found[part][kind] for part in ("step", "student", "teachers", "losses"))
        print(f"{name:>9}: step {step:.3f} s = student {student:.3f} + teachers {teachers:.3f} + losses {ours:.3f}")
        print(
            f"{'':>9}  step / (student + teachers) {step / (student + teachers):.3f}, losses / step {ours / step:.3f}"
        )


if __name__ == "__main__":
    main()
