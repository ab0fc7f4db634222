"""Reads one made file after another in a process of its own, and prints what came of each; see `test_fuzz.py`."""

from __future__ import annotations

import os
import resource
import shutil
import sys
import time
import traceback
from pathlib import Path

from benchmark.core.errors import SlkdBenchError
from tests.fuzz.made import MARKER, case

GIB = 1 << 30


def read(kind: str, path: Path) -> None:
    """Gives a file to what the program reads such files with."""
    if kind == "images":
        from benchmark.images.io import image_notes, image_size, read_image

        read_image(path)
        image_size(path)
        image_notes(path)
    elif kind == "archives":
        from benchmark.datasets.unpack import unpack

        unpack(path, path.parent / "out")
    elif kind == "matrices":
        from benchmark.datasets.restored import _blocks

        for block in _blocks(path.parent).values():
            block.read()
    elif kind == "checkpoints":
        from benchmark.core.types import Task
        from benchmark.methods.find import get_method
        from benchmark.methods.weights.files import load_weights
        from benchmark.methods.weights.importing import import_weights

        load_weights(path)
        import_weights(get_method("prenet"), [path], Task.DERAINING, path.parent / "out")
    elif kind == "cards":
        from benchmark.methods.weights.card import read_card

        read_card(path.with_suffix(".safetensors"))
    elif kind == "cells":
        from benchmark.runs.cells import read_cell

        read_cell(path)
    elif kind == "passports":
        from benchmark.datasets.layouts import locate
        from benchmark.datasets.passport import read_passport

        for passport in read_passport(path):
            locate(path.parent, passport.layouts)
    else:
        _run_network(path)


def _run_network(path: Path) -> None:
    import torch

    from benchmark.core.types import Scale, Task
    from benchmark.methods.find import get_method
    from benchmark.methods.weights.loading import load_network

    network = load_network(get_method(str(path)), Task.DENOISING, Scale.MINI)
    network(torch.rand(1, 3, 16, 16))


def outcome(kind: str, seed: int, folder: Path) -> str:
    """What came of file number `seed`: "read", "refused", or what must not be."""
    (folder / "in").mkdir(parents=True)
    os.environ[MARKER] = str(folder / "was-run")
    path, started, word = case(kind, seed, folder / "in"), time.monotonic(), "read"
    try:
        read(kind, path)
    except SlkdBenchError as problem:
        word = "refused" if str(problem).strip() else "silent"
    except MemoryError:
        word = "memory"
    except BaseException:
        word = "traceback " + traceback.format_exc(limit=-3).replace("\n", " | ")
    if time.monotonic() - started > 30:
        word = f"slow {time.monotonic() - started:.0f} s"
    if (folder / "was-run").exists():
        word = "code run"
    outside = [p for p in folder.iterdir() if p.name != "in"]
    if outside:
        word = f"wrote outside {outside}"
    return word


def main() -> None:
    """`reader.py KIND FIRST LAST FOLDER`: one line a file, its number before what came of it."""
    kind, first, last, folder = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4])
    resource.setrlimit(resource.RLIMIT_AS, (12 * GIB, 12 * GIB))  # torch alone maps some GiB
    for seed in range(first, last):
        print(seed, outcome(kind, seed, folder / f"case{seed}"), flush=True)
        shutil.rmtree(folder / f"case{seed}", ignore_errors=True)
    print("peak", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, flush=True)


if __name__ == "__main__":
    main()
