"""A photograph of 4096 x 3072 pixels through Res-SL of the paper's size within 8 GiB: `python -m speed.big_image`.

Measures the peak resident memory of the whole process (Linux: ru_maxrss) and the seconds, and before that the largest
difference between the strips' and the untiled result on a small image, where both fit, with the rows of the large one.
The weights are fresh, of a fixed seed. Exits with 1 when the memory is exceeded or the difference is 1e-3 or more.

Measured with --threads 1 on a shared two-core machine, torch 2.13: peak 5.07 GiB, difference 6.5e-6 at 768 x 512, about
9 minutes of processor time (19 of wall-clock, at a third to a half of one core).
"""

from __future__ import annotations

import argparse
import resource
import sys
from time import perf_counter

import torch
import torch.nn.functional as F

from baselines.networks.shape.pyramid import Pyramid
from benchmark.methods.networks import build
from benchmark.runs.strips import restore_in_strips, rows_within

RESERVE = 0.75 * 2**30  # bytes: Python, torch and its workspaces
LIMIT = 1e-3


def photograph(height: int, width: int) -> torch.Tensor:
    """(1, 3, H, W) in [0, 1]: smooth blotches of colour with noise."""
    dice = torch.Generator().manual_seed(0)
    blotches = torch.rand(1, 3, height // 64 + 2, width // 64 + 2, generator=dice)
    image = F.interpolate(blotches, (height, width), mode="bilinear")
    return image.add_(torch.randn(image.shape, generator=dice), alpha=0.05).clamp_(0, 1)


def peak() -> float:
    """GiB: the most memory that the process has had resident."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**30


def main() -> int:
    """Measures and prints."""
    parser = argparse.ArgumentParser(prog="python -m speed.big_image", description=__doc__)
    parser.add_argument("--network", default="res-sl", help="restormer, res-sl, drsformer or drs-sl (default res-sl)")
    parser.add_argument("--size", default="4096x3072", help="width x height (default 4096x3072)")
    parser.add_argument("--small", default="768x512", help="the size at which both fit (default 768x512)")
    parser.add_argument("--memory", type=float, default=8.0, help="GiB (default 8)")
    parser.add_argument("--threads", type=int, default=2, help="of the CPU (default 2)")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    network = build(options.network, "paper", "deraining").eval()
    assert isinstance(network, Pyramid)
    width, height = map(int, options.size.split("x"))
    rows = rows_within(network, height, width, options.memory * 2**30 - RESERVE)
    across, down = map(int, options.small.split("x"))
    image = photograph(down, across)
    with torch.inference_mode():
        untiled = network(image)
        difference = float((restore_in_strips(network, image, rows) - untiled).abs().max())
        changed = float((untiled - image).abs().mean())
    print(
        f"{options.small}: strips of {rows} rows differ from the untiled result by {difference:.2e} at most, which "
        f"differs from the input by {changed:.2e} on average; peak so far {peak():.2f} GiB",
        flush=True,
    )
    image = photograph(height, width)
    started = perf_counter()
    with torch.inference_mode():
        restored = restore_in_strips(network, image, rows)
    seconds, most = perf_counter() - started, peak()
    assert restored.shape == image.shape
    assert bool(restored.isfinite().all())
    print(
        f"{options.size}: {seconds:.0f} s with {options.threads} threads, torch {torch.__version__}; peak of the whole "
        f"process {most:.2f} GiB of {options.memory:g}"
    )
    return 0 if most < options.memory and difference < LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
