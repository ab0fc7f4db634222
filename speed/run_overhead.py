"""What `slkd-bench run` costs beside bare forward passes of the same images: `python -m speed.run_overhead`.

Res-SL mini on 32 pairs of 256 x 256 pixels read from PNG files, start-up apart. Both run in turn, so that a busy machine
slows them alike: `bare` passes images already in memory through the network, one by one and in the batches that a run
makes, whichever is faster; `run` decodes, restores and scores. Medians of wall-clock and of processor time, and of the
ratios of neighbours.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

import torch

from benchmark.datasets import get_dataset
from benchmark.images.io import save_image
from benchmark.methods.networks import build
from benchmark.protocols import get_protocol
from benchmark.runs.batches import BATCH_PIXELS
from benchmark.runs.restore import restore_and_score

SIDE = 256


def write_pairs(folder: Path, count: int) -> None:
    """Pairs of crops of a photograph with and without noise, which decode as photographs do."""
    from skimage.data import astronaut

    photo = torch.from_numpy(astronaut().copy()).permute(2, 0, 1).float() / 255
    dice = torch.Generator().manual_seed(0)
    for side in ("input", "target"):
        (folder / side).mkdir(parents=True)
    for index in range(count):
        top, left = torch.randint(0, photo.shape[1] - SIDE, (2,), generator=dice).tolist()
        clean = photo[:, top : top + SIDE, left : left + SIDE]
        noise = 0.05 * torch.randn(clean.shape, generator=dice)
        save_image(folder / "target" / f"{index:02}.png", clean)
        save_image(folder / "input" / f"{index:02}.png", clean + noise)


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds of wall-clock and of processor time."""
    wall, processor = perf_counter(), process_time()
    work()
    return perf_counter() - wall, process_time() - processor


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(prog="python -m speed.run_overhead", description=__doc__)
    parser.add_argument("--images", type=int, default=32, help="pairs (default 32)")
    parser.add_argument("--runs", type=int, default=5, help="timed runs of each (default 5)")
    parser.add_argument("--threads", type=int, default=2, help="of the CPU (default 2)")
    parser.add_argument("--protocol", default="rain13k-y", help="how the images are scored (default rain13k-y)")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    network = build("res-sl", "mini", "deraining").eval()
    protocol = get_protocol(options.protocol)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "pairs"
        write_pairs(folder, options.images)
        data = get_dataset(folder, protocol=protocol.id)
        images = [data[index].degraded[None] for index in range(len(data))]
        together = [torch.cat(images[i : i + _batch()]) for i in range(0, len(images), _batch())]

        @torch.inference_mode()
        def bare(batches: list[torch.Tensor]) -> None:
            for batch in batches:
                network(batch)

        works: dict[str, Callable[[], object]] = {
            "bare, one by one": lambda: bare(images),
            "bare, in batches": lambda: bare(together),
            "run": lambda: restore_and_score(network, data, protocol),
        }
        for work in works.values():
            work()
        times: dict[str, list[tuple[float, float]]] = {name: [] for name in works}
        for _ in range(options.runs):
            for name, work in works.items():
                times[name].append(timed(work))
    print(
        f"{options.images} images of {SIDE} x {SIDE}, {protocol.id}, {options.threads} threads, torch {torch.__version__}, "
        f"medians of {options.runs} runs in turn"
    )
    for kind, clock in enumerate(("wall", "cpu")):
        middle = {name: median(t[kind] for t in found) for name, found in times.items()}
        least = min(("bare, one by one", "bare, in batches"), key=middle.__getitem__)
        ratio = median(a[kind] / b[kind] for a, b in zip(times["run"], times[least], strict=True))
        shown = "; ".join(f"{name} {seconds:.3f} s" for name, seconds in middle.items())
        single = median(a[kind] / b[kind] for a, b in zip(times["run"], times["bare, one by one"], strict=True))
        print(f"{clock}: {shown}; run / one by one {single:.3f}; run / the faster bare {ratio:.3f}")


def _batch() -> int:
    return max(1, BATCH_PIXELS // SIDE**2)


if __name__ == "__main__":
    main()
