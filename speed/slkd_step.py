"""What a step of SLKD costs beside the sum of its parts, at paper scale: `python -m speed.slkd_step`.

Teacher to student on patches of 128. All parts run interleaved in one process, so that a busy machine slows them alike: the
whole step; the student's forward and backward pass alone; the two teacher passes alone, one after the other; the losses and
extractors alone, forward and backward, on kept features. Medians of wall-clock and, on a CPU, of processor time. Operators
of a step are counted by torch's profiler: on a GPU each launches a kernel or more.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass

import torch

from baselines.networks.shape.features import EncoderDecoder
from benchmark.methods.networks import build
from slkd import SLKD, losses, teacher_of

PARTS = ("step", "student", "teachers", "losses")


@dataclass(frozen=True)
class Setting:
    """What is timed and where."""

    student: str = "res-sl"
    scale: str = "paper"
    patch: int = 128
    batch: int = 1
    device: str = "cpu"
    precision: str = "fp32"
    compile: bool = False

    def autocast(self) -> AbstractContextManager[object]:
        """The precision of the forward passes."""
        if self.precision == "fp32":
            return nullcontext()
        return torch.autocast(self.device.partition(":")[0], torch.bfloat16)


def parts(setting: Setting) -> dict[str, Callable[[], object]]:
    """The four things to time, as functions of no arguments."""
    torch.manual_seed(0)
    teacher, student = teacher_of(setting.student, setting.scale), build(setting.student, setting.scale)
    if not isinstance(student, EncoderDecoder):
        raise TypeError(f"expected an encoder-decoder as student; found {setting.student}")
    objective = SLKD(teacher, student).to(setting.device).train()
    size = (setting.batch, 3, setting.patch, setting.patch)
    degraded, clean = torch.rand(size, device=setting.device), torch.rand(size, device=setting.device)
    guidance = objective.guide(degraded, clean)
    with torch.no_grad():
        kept = student.features(degraded)
    forward = torch.compile(objective, fullgraph=True) if setting.compile else objective

    def step() -> None:
        objective.zero_grad(set_to_none=True)
        with setting.autocast():
            terms = forward(degraded, clean)
        objective.total(terms).backward()

    def student_alone() -> None:
        student.zero_grad(set_to_none=True)
        with setting.autocast():
            restored = student(degraded)
        losses.pixel_loss(restored, clean).backward()

    def teachers_alone() -> None:
        with torch.no_grad(), setting.autocast():
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

    return dict(zip(PARTS, (step, student_alone, teachers_alone, losses_alone), strict=True))


def measure(runs: dict[str, Callable[[], object]], rounds: int) -> dict[str, tuple[float, float]]:
    """Median wall-clock and processor seconds of each run, interleaved over `rounds` rounds after one unmeasured."""

    def wait() -> None:
        if torch.cuda.is_available():
            torch.cuda.synchronize()

    for run in runs.values():
        run()
    wall: dict[str, list[float]] = {name: [] for name in runs}
    processor: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            wait()
            begun = time.perf_counter(), time.process_time()
            run()
            wait()
            wall[name].append(time.perf_counter() - begun[0])
            processor[name].append(time.process_time() - begun[1])
    return {name: (statistics.median(wall[name]), statistics.median(processor[name])) for name in runs}


def operators(run: Callable[[], object]) -> int:
    """How many operators one run dispatches that compute something, as torch's profiler counts them."""
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profile:
        run()
    views = (
        "view",
        "reshape",
        "expand",
        "permute",
        "transpose",
        "slice",
        "select",
        "unsqueeze",
        "detach",
        "alias",
        "t",
    )
    names = [event.name for event in profile.events() if event.name.startswith("aten::") and not event.cpu_children]
    return sum(name.removeprefix("aten::") not in views for name in names)


def main() -> None:
    """Measures and prints the table and the two ratios, or JSON."""
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    options.add_argument("--student", choices=("res-sl", "ufor-sl", "drs-sl"), default="res-sl")
    options.add_argument("--patch", type=int, default=128)
    options.add_argument("--batch", type=int, default=1)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--scale", choices=("paper", "mini"), default="paper")
    options.add_argument("--device", default="cpu")
    options.add_argument("--precision", choices=("fp32", "bf16"), default="fp32")
    options.add_argument("--compile", action="store_true")
    options.add_argument("--json", action="store_true")
    chosen = options.parse_args()
    where = (chosen.device, chosen.precision, chosen.compile)
    setting = Setting(chosen.student, chosen.scale, chosen.patch, chosen.batch, *where)
    runs = parts(setting)
    found = measure(runs, chosen.rounds)
    count = operators(runs["step"])
    if chosen.json:
        print(json.dumps({**asdict(setting), "seconds": {name: found[name][0] for name in PARTS}, "operators": count}))
        return
    name = torch.cuda.get_device_name(setting.device) if setting.device.startswith("cuda") else "CPU"
    size = f"{setting.scale} scale, patch {setting.patch}, batch {setting.batch}, {setting.precision}"
    print(f"{setting.student}, {size}, {torch.get_num_threads()} thread(s), {name}: {count} operators a step")
    for kind, clock in enumerate(("wall", "processor")):
        step, student, teachers, ours = (found[part][kind] for part in PARTS)
        print(f"{clock:>9}: step {step:.3f} s = student {student:.3f} + teachers {teachers:.3f} + losses {ours:.3f}")
        print(
            f"{'':>9}  step / (student + teachers) {step / (student + teachers):.3f}, losses / step {ours / step:.3f}"
        )


if __name__ == "__main__":
    main()
