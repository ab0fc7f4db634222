"""What another machine does to a score: `python -m speed.flakiness`, behind the tolerances of `slkd-bench check`.

One shipped method of each network is evaluated on one mini set of each of its tasks, a few images each: once as a
reference (one thread, all that the processor can do), then with two threads, with torch's own kernels for older
processors, with oneDNN held to older instructions or left out, and by other interpreters (`--python NAME=PATH`, each
with its own torch). Printed is the largest change of one image, and of which network.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmark.core.types import ALL_TASKS, Scale, Task
from benchmark.datasets import dataset_ids, describe
from benchmark.methods.catalogue import methods
from benchmark.methods.weights import store
from benchmark.runs.cells import read_cells

TOP = Path(__file__).resolve().parent.parent
WITHOUT_ONEDNN = "import torch; torch.backends.mkldnn.enabled = False; from benchmark.cli import main; main()"


@dataclass(frozen=True)
class Machine:
    """A way to compute the same: the interpreter, environment variables, threads, and the program where it is another."""

    name: str
    environment: Mapping[str, str] = field(default_factory=dict)
    threads: int = 1
    python: str = sys.executable
    program: tuple[str, ...] = ("-m", "benchmark")


MACHINES = (
    Machine("two threads", threads=2),
    Machine("torch's own kernels for AVX2 (`ATEN_CPU_CAPABILITY=avx2`)", {"ATEN_CPU_CAPABILITY": "avx2"}),
    Machine("torch's own kernels in plain C (`ATEN_CPU_CAPABILITY=default`)", {"ATEN_CPU_CAPABILITY": "default"}),
    Machine("oneDNN held to AVX2 (`ONEDNN_MAX_CPU_ISA=AVX2`)", {"ONEDNN_MAX_CPU_ISA": "AVX2"}),
    Machine("oneDNN held to SSE4.1 (`ONEDNN_MAX_CPU_ISA=SSE41`)", {"ONEDNN_MAX_CPU_ISA": "SSE41"}),
    Machine("no oneDNN (`torch.backends.mkldnn.enabled = False`)", program=("-c", WITHOUT_ONEDNN)),
    Machine(
        "no oneDNN and plain C, two threads",
        {"ATEN_CPU_CAPABILITY": "default"},
        threads=2,
        program=("-c", WITHOUT_ONEDNN),
    ),
)


@dataclass(frozen=True)
class Change:
    """The largest change of a score over all images, and the method and data set where it was."""

    size: float
    where: str


def chosen(task: Task) -> tuple[list[str], str]:
    """The degraded input and the first method with weights of every network of `task`, and its first mini set."""
    first: dict[str, str] = {}
    for method in methods():
        if method.network and task in method.tasks and store.any_for(method.id, task, Scale.MINI):
            first.setdefault(method.network, method.id)
    sets = [id for id in dataset_ids("test") if describe(id).scale is Scale.MINI and describe(id).task == task]
    return ["identity", *first.values()], sets[0]


def scores(machine: Machine, images: int, out: Path) -> dict[tuple[str, str, str], tuple[float, float]]:
    """PSNR (dB) and SSIM by method, data set and image, computed by a process as `machine` says. Raises CalledProcessError."""
    environment = {**os.environ, "PYTHONPATH": str(TOP), "OMP_NUM_THREADS": str(machine.threads), **machine.environment}
    for task in ALL_TASKS:
        names, dataset = chosen(task)
        words = [machine.python, *machine.program, "run", "-d", dataset, "--device", "cpu", "--out", str(out)]
        words += ["--limit", str(images), "--threads", str(machine.threads)]
        words += [word for name in names for word in ("-m", name)]
        subprocess.run(words, env=environment, cwd=TOP, check=True, stdout=subprocess.DEVNULL)
    cells, broken = read_cells(out, Scale.MINI)
    if broken:
        raise RuntimeError("; ".join(broken))
    return {(c.method, c.dataset, s.name): (s.psnr, s.ssim) for c in cells for s in c.scores}


def largest(
    before: Mapping[tuple[str, str, str], tuple[float, float]],
    after: Mapping[tuple[str, str, str], tuple[float, float]],
    place: int,
) -> Change:
    """The largest change of PSNR (`place` 0) or SSIM (1) of one image. Raises ValueError where the images differ."""
    if before.keys() != after.keys():
        raise ValueError(f"expected the same images, found {len(before)} and {len(after)}")
    size, key = max((abs(after[key][place] - before[key][place]), key) for key in before)
    return Change(size, f"{key[0]} on {key[1]}" if size else "")


def rows(images: int, machines: list[Machine]) -> Iterator[str]:
    """The table in Markdown, a line as soon as it is known."""
    with tempfile.TemporaryDirectory() as folder:
        reference = scores(Machine("reference"), images, Path(folder) / "reference")
        cells = {key[:2] for key in reference}
        yield f"{len(cells)} cells, {len(reference)} images"
        yield "| instead of one thread and all instructions | largest change of PSNR (dB) | where | of SSIM | where |"
        yield "|---|---|---|---|---|"
        for number, machine in enumerate(machines):
            found = scores(machine, images, Path(folder) / str(number))
            psnr, ssim = (largest(reference, found, place) for place in (0, 1))
            yield f"| {machine.name} | {psnr.size:.1e} | {psnr.where} | {ssim.size:.1e} | {ssim.where} |"


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=4, help="images a cell")
    parser.add_argument("--python", action="append", default=[], metavar="NAME=PATH", help="another interpreter")
    parser.add_argument("--only", default="", metavar="WORDS", help="machines with these words in their names")
    asked = parser.parse_args()
    others = [Machine(name, python=path) for name, _, path in (text.partition("=") for text in asked.python)]
    for line in rows(asked.images, [one for one in (*MACHINES, *others) if asked.only in one.name]):
        print(line, flush=True)


if __name__ == "__main__":
    main()
