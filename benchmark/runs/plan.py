"""From the words on the command line to the list of cells to be computed. Imports no torch."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.core.errors import BadResult, SlkdBenchError
from benchmark.core.types import Scale
from benchmark.datasets import describe
from benchmark.methods.method import Method
from benchmark.methods.weights import store
from benchmark.methods.weights.fetching import checkpoints
from benchmark.protocols import without_protocol
from benchmark.runs.cells import FOLDERS, cell_path, read_cell
from benchmark.runs.key import cell_key, shelf, unwrapped
from benchmark.runs.options import RunOptions

if TYPE_CHECKING:
    from benchmark.datasets.pairs import Dataset


@dataclass(frozen=True)
class PlannedCell:
    """A cell to be computed: what, where its file goes, and the key that its file must carry.

    `total` is the number of images of the whole set, `origin` how somebody's own method and folder were given, `why` in
    words what is not as it was in the file that is there.
    """

    method: Method
    dataset: Dataset
    scale: Scale
    seed: int
    path: Path
    key: dict[str, Any]
    total: int = 0
    origin: dict[str, Any] = field(default_factory=dict)

    @property
    def shelf(self) -> str:
        """The scale under which its result stands, or the word for folders."""
        return shelf(self.dataset, self.scale)

    @property
    def name(self) -> str:
        """How messages call it: the method, its seed where it is not 0, and the data set."""
        return f"{self.method.id}{f' seed {self.seed}' if self.seed else ''} on {self.dataset.id}"


@dataclass
class Plan:
    """The cells in the order of computation (a method's data sets together), and what cannot be computed.

    `again` has the names of cells that were there and have to be computed again, by the reason.
    """

    cells: list[PlannedCell] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)
    again: dict[str, list[str]] = field(default_factory=dict)

    def again_told(self) -> list[str]:
        """A line for each reason why cells that were there are computed again, with their number and the first names."""
        lines = []
        for reason, names in self.again.items():
            more = f" and {len(names) - 3} more" if len(names) > 3 else ""
            lines.append(f"computed again, not as before: {reason} ({', '.join(names[:3])}{more})")
        return lines

    def weights_told(self) -> list[str]:
        """A line for each method and data set whose weights were imported or are for that set alone."""
        lines: dict[str, None] = {}
        for cell in self.cells:
            name, task, dataset = cell.method.id, cell.dataset.task or "", cell.dataset.id
            file = store.find(name, task, cell.scale, cell.seed, dataset) if cell.method.network else None
            if file is not None:
                lines[store.told(name, dataset, file)] = None
        return [line for line in lines if line]


def make_plan(  # noqa: PLR0913
    methods: Sequence[Method],
    datasets: Sequence[Dataset],
    scale: Scale,
    out: Path,
    *,
    seeds: Iterable[int] | None = None,
    options: RunOptions | None = None,
) -> Plan:
    """All cells of `methods` on those of `datasets` that belong to their tasks.

    Without `seeds`, every seed with trained weights has its cell. A method without weights is listed in `missing`
    with the command that makes them. Raises SlkdBenchError where a folder would take the place of another's results.

    Args:
        methods: rows, in their order.
        datasets: opened data sets.
        scale: of the networks' weights.
        out: the folder of results.
        seeds: only these trainings.
        options: how the cells are computed, which stands in their keys.
    """
    options = options or RunOptions()
    plan, seeds = Plan(), None if seeds is None else list(seeds)
    for method in methods:
        for dataset in datasets:
            if dataset.task is None:
                if method.network:
                    why = f"the task of the folder {dataset.id}: give --task {' or '.join(method.tasks)}"
                    plan.missing[f"{method.id} on {dataset.id}"] = why
                    continue
            elif dataset.task not in method.tasks:
                continue
            found = [0] if not method.network else store.seeds(method.id, dataset.task or "", scale, dataset.id)
            chosen = [seed for seed in found if seeds is None or seed in seeds]
            if not chosen:
                plan.missing[f"{method.id} on {dataset.id}"] = _no_weights(method, dataset, scale, seeds)
            plan.cells += [planned(method, dataset, scale, seed, (out, options)) for seed in chosen]
    check_names(plan.cells)
    return plan


def planned(method: Method, dataset: Dataset, scale: Scale, seed: int, place: tuple[Path, RunOptions]) -> PlannedCell:
    """One cell of the plan; `place` is the folder of results, and how it is computed."""
    out, options = place
    where = shelf(dataset, scale)
    path = cell_path(out, method.id, dataset.id, where, seed, options.limit)
    if where == FOLDERS and method.network:
        path = path.with_name(f"{path.stem}.at-{scale}.json")
    key = cell_key(method, dataset, scale, seed, options)
    return PlannedCell(method, dataset, scale, seed, path, key, total_of(dataset), origin_of(method, dataset, out))


def total_of(dataset: Dataset) -> int:
    """How many images the whole set has: as its passport says where it is an official one, else as many as there are."""
    whole = unwrapped(dataset)
    if getattr(whole, "official", False):
        counts = describe(whole.id).counts
        return len(whole) if not counts or len(whole) in counts else counts[0]
    return len(whole)


def origin_of(method: Method | None, dataset: Dataset, out: Path) -> dict[str, Any]:
    """How somebody's own method and folder were given, to find them again by their names; paths as seen from `out`."""
    origin: dict[str, Any] = {}
    if method is not None and method.loader:
        kind, _, target = method.loader.partition(":")
        said = method.own.as_dict()
        if "weights" in said:
            said["weights"] = seen_from(out, Path(said["weights"]))
        target = target if kind == "python" else seen_from(out, Path(target))
        origin["method"] = {"loader": f"{kind}:{target}", **said}
    folder = folder_of(dataset)
    if folder is not None:
        origin["folder"] = seen_from(out, folder)
        if dataset.task is not None:
            origin["task"] = str(dataset.task)
    return origin


def seen_from(out: Path, path: Path) -> str:
    """`path` relative to the results folder `out`, so that both may move together."""
    try:
        return Path(os.path.relpath(path.resolve(), out.resolve())).as_posix()
    except ValueError:  # another drive
        return str(path.resolve())


def place_of(out: Path, said: str) -> Path:
    """The path that stands in a result file below `out`, in full."""
    return Path(os.path.normpath(out.resolve() / said))


def folder_of(dataset: Dataset) -> Path | None:
    """The folder of somebody's own behind a data set: of pairs, or of the photographs of a mini set."""
    whole = unwrapped(dataset)
    if getattr(whole, "made_from", ""):
        parents = {Path(photograph.path).resolve().parent for photograph in whole.photographs}
        return parents.pop() if len(parents) == 1 else None  # those of packages lie apart
    base = getattr(whole, "base", None)
    return Path(base).resolve() if base is not None and not getattr(whole, "official", True) else None


def check_names(cells: Sequence[PlannedCell]) -> None:
    """Holds that no cell takes the place of a result on another folder of the same name, before anything is computed."""
    for cell in cells:
        folder = folder_of(cell.dataset)
        if folder is not None:
            check_name(cell.path, folder, str(cell.key["data"]))


def check_name(path: Path, folder: Path, data: str) -> None:
    """Raises SlkdBenchError where results beside `path` are of another folder than `folder`, with other content."""
    for file in sorted(path.parent.glob("*.json")):
        try:
            before = read_cell(file)
        except BadResult:
            continue
        said = before.origin.get("folder")
        known = place_of(path.parents[3], str(said)) if said else None
        if known and known != folder and before.key.get("data") != data:
            raise SlkdBenchError(
                f"one folder called '{before.dataset}' in these results",
                f"{folder}, and results of {known}, which is another",
                f"Name it: --dataset NAME={folder}; or choose another --out.",
            )
        if known:
            return


def _no_weights(method: Method, dataset: Dataset, scale: Scale, seeds: Sequence[int] | None) -> str:
    wanted = "".join(f" --seed {seed}" for seed in seeds or ())
    train = f"`slkd-bench train {method.id} --task {dataset.task} --scale {scale}{wanted}`"
    first = f"{_published(method, dataset)}, or train it: " if scale is Scale.PAPER and not method.distiller else ""
    return (
        f"no weights{wanted and f' of{wanted}'.replace(' --', ' ')} at scale {scale}: "
        f"{first}{train}{_others(method, dataset, scale)}"
    )


def _published(method: Method, dataset: Dataset) -> str:
    """How the authors' own weights of a published network come here: by a program or, with a file of theirs, by hand."""
    which = f"{method.id} --task {dataset.task}" if len(method.tasks) > 1 else method.id
    by_hand = f"`slkd-bench weights import {which.replace(' ', ' FILE ', 1) if ' ' in which else f'{which} FILE'}`"
    if not checkpoints(method.id, dataset.task or ""):
        return by_hand
    return f"`slkd-bench weights fetch {which}`, or with the authors' file {by_hand}"


def _others(method: Method, dataset: Dataset, scale: Scale) -> str:
    """A word on weights that are there, but for other data sets."""
    others = store.datasets(method.id, dataset.task or "", scale) if method.network else []
    how = f"`weights import ... --for {without_protocol(dataset.id)}`"
    return f"; there are weights for {', '.join(others)} ({how})" if others else ""
