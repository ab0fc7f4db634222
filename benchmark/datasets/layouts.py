"""Finding the pairs of a data set on disk: one reader for each kind of layout a passport can name.

A reader lists what is there and never decodes a picture. What does not fit (a missing partner, a stray file, a link
that leaves the folder) becomes a problem beside the pairs, so that a caller can stop or go on.
"""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from benchmark.core.errors import BadData, SlkdBenchError
from benchmark.datasets.pairing import RULES
from benchmark.datasets.passport import Layout
from benchmark.datasets.sources import Block, Half, Noisy, Source, Whole, block_name, mat_shape
from benchmark.datasets.walk import composed, find_strays, hidden, image_files, is_folder, leads_out


@dataclass(frozen=True)
class Entry:
    """A pair on disk before it is read; `problem` is what reading it will raise."""

    name: str
    degraded: Source
    clean: Source | None
    problem: SlkdBenchError | None = None


@dataclass
class Located:
    """What one layout finds in a folder: its pairs by name and whatever does not fit."""

    layout: Layout
    entries: list[Entry] = field(default_factory=list)
    problems: list[SlkdBenchError] = field(default_factory=list)
    sides: int = 0


def locate(base: Path, layouts: Iterable[Layout], sigma: float = 0.0, remedy: str = "Check the path.") -> Located:
    """The pairs under `base` in the layout that fits best; the first one listed wins a tie.

    Raises BadData with `remedy` where no layout finds anything.
    """
    layouts = tuple(layouts)
    base = _inner(base, layouts)
    found = [READERS[layout.kind](base, layout, sigma) for layout in layouts]
    best = max(found, key=lambda located: (located.sides, sum(entry.problem is None for entry in located.entries)))
    if not best.sides:
        for problem in (problem for located in found for problem in located.problems):
            raise problem
        expected = "; or ".join(says(layout) for layout in layouts)
        what = "no such folder" if not base.is_dir() else "nothing that fits"
        raise BadData(f"in '{base}': {expected}", what, remedy)
    best.entries.sort(key=lambda entry: entry.name)
    _check_names(best, base)
    return best


def says(layout: Layout) -> str:
    """A layout in words, for errors and for `data where`."""
    if layout.kind == "mat":
        files = (f"{file} (variable {variable})" for file, variable in (layout.degraded, layout.clean))
        return " with ".join(files)
    if layout.kind == "halves":
        return f"{' and '.join(layout.degraded)}, both images side by side, the degraded one on the {layout.rule}"
    if layout.kind == "noise":
        return f"clean images {' or '.join(layout.clean)}"
    if layout.kind == "listing":
        return f"{layout.listing} with the pictures that it lists"
    rule = RULES[layout.rule].says
    return f"{' and '.join(layout.degraded)} with {' and '.join(layout.clean)} ({rule})"


def _inner(base: Path, layouts: tuple[Layout, ...]) -> Path:
    """`base`, or the single folder in it, which is how many archives unpack."""
    if not base.is_dir():
        return base
    inside = [entry for entry in os.scandir(base) if not hidden(entry.name)]
    patterns = (pattern for layout in layouts for pattern in (*layout.degraded, *layout.clean))
    firsts = {pattern.split("/")[0] for pattern in patterns if "/" in pattern}
    if (
        len(inside) == 1
        and is_folder(inside[0])
        and not any(fnmatch.fnmatch(inside[0].name, first) for first in firsts)
    ):
        return Path(inside[0].path)
    return base


def _check_names(located: Located, base: Path) -> None:
    """Two pairs of one name are a problem: results are kept by name."""
    seen: dict[str, Entry] = {}
    for entry in located.entries:
        other = seen.setdefault(entry.name, entry)
        if other is not entry:
            found = f"'{other.degraded.path}' and '{entry.degraded.path}'"
            located.problems.append(BadData(f"one degraded image named {entry.name}", found, "Remove one of them."))


def _read_pairs(base: Path, layout: Layout, sigma: float) -> Located:
    """Degraded and clean files in folders of their own or told apart by their names, paired by the layout's rule."""
    located, rule = Located(layout), RULES[layout.rule]
    degraded = image_files(base, layout.degraded, located.problems)
    clean = image_files(base, layout.clean, located.problems)
    located.sides = bool(degraded) + bool(clean)
    if not located.sides:
        return located
    by_key: dict[str, PurePosixPath] = {}
    for path in clean:
        key = rule.key(composed(path))
        other = by_key.setdefault(key, path)
        if other is not path:
            found = f"'{base / other}' and '{base / path}'"
            located.problems.append(BadData(f"one clean image for {key}", found, "Remove one of them."))
    used = set()
    for path in degraded:
        wanted = rule.partner(composed(path))
        partner = by_key.get(wanted)
        problem = None
        if partner is None:
            expected = f"a clean partner of '{base / path}' in {' or '.join(layout.clean)} ({rule.says})"
            problem = BadData(expected, f"none named {wanted}", "Add the clean image or remove this one.")
            located.problems.append(problem)
        else:
            used.add(partner)
        source = None if partner is None else Whole(base / partner)
        located.entries.append(Entry(rule.name(composed(path)), Whole(base / path), source, problem))
    for path in clean:
        if path not in used and not layout.spare_clean and by_key[rule.key(composed(path))] is path:
            expected = f"a degraded partner of '{base / path}' in {' or '.join(layout.degraded)} ({rule.says})"
            located.problems.append(BadData(expected, "none", "Add the degraded image or remove this one."))
    find_strays(base, (*layout.degraded, *layout.clean), {*degraded, *clean}, located.problems)
    return located


def _read_halves(base: Path, layout: Layout, sigma: float) -> Located:
    """Pictures that show the pair side by side; `rule` names the degraded half."""
    located = Located(layout)
    other = "right" if layout.rule == "left" else "left"
    files = image_files(base, layout.degraded, located.problems)
    located.sides = 2 * bool(files)
    for path in files:
        folder = path.parent.parent.name if path.parent.name.startswith("train") else ""
        name = composed(PurePosixPath(f"{folder}-{path.stem}" if folder else path.stem)).name
        located.entries.append(Entry(name, Half(base / path, layout.rule), Half(base / path, other)))
    find_strays(base, layout.degraded, set(files), located.problems)
    return located


def _read_mat(base: Path, layout: Layout, sigma: float) -> Located:
    """Two .mat files with arrays (scenes, blocks, H, W, 3), paired by index."""
    located = Located(layout)
    degraded, clean = base / layout.degraded[0], base / layout.clean[0]
    located.sides = degraded.is_file() + clean.is_file()
    if not located.sides:
        return located
    for path in (degraded, clean):
        if not path.is_file():
            located.problems.append(BadData(f"'{path}' beside its partner", "no such file", "Put it there."))
            return located
    try:
        shapes = mat_shape(degraded, layout.degraded[1]), mat_shape(clean, layout.clean[1])
    except BadData as error:
        located.problems.append(error)
        return located
    if shapes[0] != shapes[1]:
        found = f"{shapes[0]} in '{degraded}' and {shapes[1]} in '{clean}'"
        located.problems.append(BadData("noisy and clean blocks of equal shape", found, "Download both again."))
        return located
    for scene in range(shapes[0][0]):
        for block in range(shapes[0][1]):
            noisy = Block(degraded, layout.degraded[1], scene, block)
            entry = Entry(block_name(scene, block), noisy, Block(clean, layout.clean[1], scene, block))
            located.entries.append(entry)
    return located


def _read_noise(base: Path, layout: Layout, sigma: float) -> Located:
    """Clean images that get seeded Gaussian noise."""
    located = Located(layout)
    files = image_files(base, layout.clean, located.problems)
    located.sides = bool(files)
    located.entries = [Entry(composed(path).stem, Noisy(base / path, sigma), Whole(base / path)) for path in files]
    find_strays(base, layout.clean, set(files), located.problems)
    return located


def _read_listing(base: Path, layout: Layout, sigma: float) -> Located:
    """A text file with two paths a line: the clean image, then the degraded one."""
    located, rule, path = Located(layout), RULES[layout.rule], base / layout.listing
    if not path.is_file():
        return located
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="surrogateescape").splitlines(), 1):
        words = line.split()
        if not words:
            continue
        if len(words) < 2:
            found = f"'{line}'"
            located.problems.append(BadData(f"two paths in line {number} of '{path}'", found, "Download it again."))
            continue
        clean, degraded = (PurePosixPath(word) for word in words[:2])
        problem: SlkdBenchError | None = None
        if rule.partner(degraded) != rule.key(clean):
            found = f"'{clean}' beside '{degraded}'"
            problem = BadData(f"a pair in line {number} of '{path}' ({rule.says})", found, "Download the list again.")
        for one in (clean, degraded):
            if leads_out(one):
                expected = f"paths inside '{base}' in line {number} of '{path}'"
                problem = BadData(expected, f"'{one}'", "Do not use this list; take it from the data set's own page.")
            elif problem is None and not (base / one).is_file():
                problem = BadData(f"'{base / one}', listed in '{path}'", "no such file", "Unpack the archive again.")
        if problem is not None:
            located.problems.append(problem)
        located.entries.append(Entry(rule.name(degraded), Whole(base / degraded), Whole(base / clean), problem))
    located.sides = 2 * bool(located.entries)
    return located


READERS: dict[str, Callable[[Path, Layout, float], Located]] = {
    "pairs": _read_pairs,
    "halves": _read_halves,
    "mat": _read_mat,
    "noise": _read_noise,
    "listing": _read_listing,
}
"""The reader of each kind of layout."""
