"""Writing a data set out as plain `input` and `target` folders, whole or cut into patches for training."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from benchmark.core.errors import BadData, BadOutput
from benchmark.core.types import Pair
from benchmark.datasets.pairs import PairsOnDisk
from benchmark.datasets.sources import Noisy, Whole
from benchmark.images.io import save_image


def prepare(
    data: PairsOnDisk, out: Path, patch: int = 0, stride: int = 0, tell: Callable[[str], None] = lambda name: None
) -> int:
    """Write every pair to `out`/input and `out`/target under its name and give the number of pairs written.

    Image files are copied byte by byte; halves and .mat blocks become PNG files with the same values. With `patch`
    each image is cut into squares of that many pixels every `stride` pixels (three quarters of `patch` if 0), the
    last one flush with the border, named NAME-1, NAME-2, ... along the rows; smaller images stay whole.

    Raises BadOutput when `out` holds something or cannot be written, BadData or BadImage naming a pair that cannot be
    read. Nothing is left behind when it stops.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise BadOutput(f"an empty or new folder '{out}'", "something in it", "Choose another --out.")
    if any(isinstance(entry.degraded, Noisy) for entry in data.entries):
        found = f"{data.title}, whose noise is added in floating point when it is read"
        raise BadData("a data set whose degraded images lie on disk", found, "Use it as it is; there is nothing to do.")
    if patch < 0 or stride < 0:
        raise BadData("a patch and a stride of at least 1 pixel", f"{patch} and {stride}", "Check the numbers.")
    partial = out.with_name(f".{out.name}.part")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        for side in ("input", "target"):
            (partial / side).mkdir(parents=True)
        count = 0
        for index, name in enumerate(data.names()):
            count += _write(data, index, partial, patch, stride or max(1, patch * 3 // 4))
            tell(name)
        if out.exists():
            out.rmdir()
        partial.rename(out)
    except BadOutput as problem:
        raise _unwritten(out, problem.found.rpartition(": ")[2]) from problem
    except OSError as problem:
        raise _unwritten(out, problem.strerror or str(problem)) from problem
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return count


def _unwritten(out: Path, why: str) -> BadOutput:
    remedy = "Free some space or choose another --out, and run the same command again: nothing is left there."
    return BadOutput(f"a folder that takes the whole data set at '{out}'", why, remedy)


def starts(side: int, patch: int, stride: int) -> list[int]:
    """Where patches begin along a side: every `stride`, and one flush with the end."""
    return [*range(0, side - patch, stride), side - patch]


def _write(data: PairsOnDisk, index: int, out: Path, patch: int, stride: int) -> int:
    """Write one pair, or its patches."""
    entry, pair = data.entries[index], data[index]
    height, width = pair.clean.shape[1:]
    if patch and min(height, width) >= patch:
        corners = [(y, x) for y in starts(height, patch, stride) for x in starts(width, patch, stride)]
        for number, (y, x) in enumerate(corners, 1):
            square = (slice(None), slice(y, y + patch), slice(x, x + patch))
            _save(Pair(f"{pair.name}-{number}", pair.degraded[square], pair.clean[square]), out)
        return len(corners)
    if isinstance(entry.degraded, Whole) and isinstance(entry.clean, Whole):
        for side, source in (("input", entry.degraded), ("target", entry.clean)):
            shutil.copyfile(source.path, out / side / f"{pair.name}{source.path.suffix.lower()}")
    else:
        _save(pair, out)
    return 1


def _save(pair: Pair, out: Path) -> None:
    save_image(out / "input" / f"{pair.name}.png", pair.degraded)
    save_image(out / "target" / f"{pair.name}.png", pair.clean)
