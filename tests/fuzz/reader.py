"""Reads one made file after another in a process of its own, and prints what came of each; see `test_fuzz.py`."""

from __future__ import annotations

import glob
import importlib
import os
import resource
import shutil
import sys
import time
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmark.core.errors import SlkdBenchError
from tests.fuzz.cases import case
from tests.fuzz.made import MARKER

GIB = 1 << 30


def read(kind: str, path: Path) -> None:  # noqa: C901
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
            locate(path.parent, passport.layouts, passport.sigma)
    elif kind == "papers":
        from benchmark.claims.complexity.readings import read_readings
        from benchmark.claims.ledger import read_ledger
        from benchmark.papers.read import read_paper

        read_paper(path)
        read_ledger(path.name, path.parent.parent)
        read_readings(path.name, path.parent.parent)
    elif kind == "plans":
        from benchmark.studies.plans.plan import read_plan

        read_plan(str(path))
    else:
        _run_network(path)


def _run_network(path: Path) -> None:
    import torch

    from benchmark.core.types import Scale, Task
    from benchmark.methods.find import get_method
    from benchmark.methods.weights.loading import load_network

    network = load_network(get_method(str(path)), Task.DENOISING, Scale.MINI)
    network(torch.rand(1, 3, 16, 16))


def outcome(kind: str, make: Callable[[Path], Path], folder: Path) -> str:
    """What came of a file that `make` puts into a folder: "read", "refused", or what must not be."""
    (folder / "in").mkdir(parents=True)
    os.environ[MARKER] = str(folder / "was-run")
    path, started, word = make(folder / "in"), time.monotonic(), "read"
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
    """`reader.py KIND[,KIND] FOLDER FIRST LAST`, or FILES: one line a file, its number or name before what came of it.

    A negative number is a whole file as it is. Several kinds have a process each, forked when torch is there; "kind" and
    "ended" with the exit code stand around the lines of each.
    """
    kinds, folder, words = sys.argv[1].split(","), Path(sys.argv[2]), sys.argv[3:]
    if len(kinds) == 1:
        read_each(kinds[0], folder, words)
        return
    importlib.import_module("torch")
    for kind in kinds:
        print("kind", kind, flush=True)
        if (child := os.fork()) == 0:
            read_each(kind, folder / kind, words)
            os._exit(0)
        print("ended", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def read_each(kind: str, folder: Path, words: list[str]) -> None:
    """Reads files of one kind in this process."""
    resource.setrlimit(resource.RLIMIT_AS, (12 * GIB, 12 * GIB))  # torch alone maps some GiB
    makes: dict[str, Callable[[Path], Path]] = {}
    if len(words) == 2 and all(word.lstrip("-").isdigit() for word in words):
        makes = {str(seed): partial(case, kind, seed) for seed in range(int(words[0]), int(words[1]))}
    else:
        makes = {name: partial(_copied, Path(name)) for name in words}
    for number, (name, make) in enumerate(makes.items()):
        place = folder / f"case{number}"  # of its own: some readers remember files by their path
        print(name, outcome(kind, make, place), flush=True)
        shutil.rmtree(place, ignore_errors=True)
    print("peak", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, flush=True)


def _copied(file: Path, folder: Path) -> Path:
    """A file in a folder of its own, with the weights or the card of its name."""
    for beside in file.parent.glob(f"{glob.escape(file.stem)}.*"):
        shutil.copyfile(beside, folder / beside.name)
    return folder / file.name


if __name__ == "__main__":
    main()
