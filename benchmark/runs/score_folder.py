"""What `slkd-bench score` does: restored images made elsewhere become a result like any other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from benchmark.core.errors import BadResult, SlkdBenchError
from benchmark.core.precision import exact
from benchmark.core.terminal import print_json, rows_json
from benchmark.core.types import Scale
from benchmark.datasets import get_dataset, resolve
from benchmark.datasets.restored import Restored, open_restored
from benchmark.methods.catalogue import methods
from benchmark.methods.outside import checked_id
from benchmark.protocols import Protocol, get_protocol, protocol_ids
from benchmark.protocols.matrix import matrix
from benchmark.runs.batches import Stretch
from benchmark.runs.cell_data import cell_data
from benchmark.runs.cells import Cell, cell_path, write_cell
from benchmark.runs.choose import FolderOptions, is_folder_name, open_folder
from benchmark.runs.code import made_by, series
from benchmark.runs.command import check_writable
from benchmark.runs.extras import Extras, ready
from benchmark.runs.key import scoring_code, shelf
from benchmark.runs.plan import check_name, folder_of, origin_of, total_of
from benchmark.runs.remembered import Opening, is_remembered, open_datasets
from benchmark.runs.restore import Course, Hooks, restore_and_score

if TYPE_CHECKING:
    from torch import Tensor

    from benchmark.datasets.pairs import Dataset

ALL = "all"


@dataclass(frozen=True)
class ScoreRequest:
    """The options of one call of `slkd-bench score`; `padded` holds the same images restored from padded inputs."""

    folder: Path
    dataset: str
    protocol: str = ""
    name: str = ""
    metrics: tuple[str, ...] = ()
    out: Path = Path("runs")
    scale: Scale = Scale.PAPER
    photos: Path | None = None
    keep_going: bool = False
    limit: int | None = None
    padded: Path | None = None


@dataclass(frozen=True)
class Scored:
    """A folder's result and its file; images that belong to no pair, that lost detail in saving, metrics left out and why."""

    cell: Cell
    path: Path
    protocol: str
    surplus: tuple[str, ...]
    lossy: tuple[str, ...]
    without: tuple[str, ...]


def score_command(request: ScoreRequest, as_json: bool = False) -> int:
    """Scores the folder, writes the cell and prints; gives the exit code (0: all well, 1: something was left out).

    With `as_json` the scores are printed for programs, and everything else goes to standard error.
    """
    console = Console(highlight=False, soft_wrap=True, stderr=as_json)
    if request.protocol == ALL:
        restored = _opened(request)
        _note_lossy(console, restored.lossy)
        return _print_matrix(console, request, restored, as_json)
    name = _method_id(request)
    if not request.name and name != request.folder.resolve().name:
        console.print(f"named {name} in results, for {name.removesuffix('-images')} is run by the suite itself")
    found = scored(request)
    _note_lossy(console, found.lossy)
    if as_json:
        print_json(Console(), cell_data(found.cell) | {"file": str(found.path), "surplus": found.surplus})
    else:
        _print_cell(console, found.cell, found.protocol)
    console.print(f"Result file: {escape(str(found.path))}")
    return _tell(console, found.cell.failures, found.surplus, found.without)


def scored(request: ScoreRequest) -> Scored:
    """Scores the folder under one protocol and writes the cell.

    Raises SlkdBenchError for missing, unreadable or misnamed images unless the request keeps going, BadResult where no
    image has a score, MetricUnavailable where none of the further metrics can be computed.
    """
    restored = _opened(request)
    name = _method_id(request)
    protocol = get_protocol(request.protocol or restored.protocol)
    metrics, unavailable = ready(request.metrics) if request.metrics else ((), ())
    extras = Extras(metrics)
    own = protocol.id == restored.protocol
    dataset = restored.id if own else f"{restored.id}@{protocol.id}"  # no table of the data set may mix the two
    where, folder = shelf(restored, restored.scale), folder_of(restored)
    path = cell_path(request.out, name, dataset, where, 0, request.limit)
    key = _key(request, restored, name, protocol)
    if folder is not None:
        check_name(path, folder, key["data"])
    with exact():
        course = Course(
            stretch=Stretch(0, request.limit, request.keep_going),
            hooks=Hooks(restored=extras, further=extras.of) if metrics else Hooks(),
        )
        result = restore_and_score(lambda image: image, restored, protocol, course)
    if not result.scores:
        first = next(iter(result.failures.values()), "no image")
        raise BadResult(f"restored images of {restored.id} that can be scored", "none", f"The first: {first}")
    made, total = made_by("cpu"), total_of(restored)
    origin = origin_of(None, restored, request.out)
    cell = Cell(name, dataset, where, 0, key, made, tuple(result.scores), result.failures, total, origin)
    write_cell(path, cell)
    without = (*map(str, unavailable), *extras.refused)
    return Scored(cell, path, protocol.id, tuple(restored.surplus), tuple(restored.lossy), without)


def _opened(request: ScoreRequest) -> Restored:
    """The folder as the data set's restored images."""
    dataset = _open_dataset(request)
    check_writable(request.out)
    restored = open_restored(request.folder, dataset, request.limit)
    if restored.problems and not request.keep_going:
        raise restored.problems[0]
    return restored


def _note_lossy(console: Console, lossy: Sequence[str]) -> None:
    if lossy:
        console.print(
            f"[yellow]note[/] {len(lossy)} restored images are JPEG or WebP: what is scored has "
            f"lost detail in saving ({escape(lossy[0])})"
        )


def _open_dataset(request: ScoreRequest) -> Dataset:

    if request.protocol not in ("", ALL):
        get_protocol(request.protocol)
    if is_folder_name(request.dataset):
        protocol = protocol_ids()[0] if request.protocol == ALL else request.protocol
        return open_folder(request.dataset, FolderOptions(protocol, None, request.keep_going))
    if is_remembered(request.dataset, request.out):
        protocol = "" if request.protocol == ALL else request.protocol
        how = Opening(folders=FolderOptions(protocol, None, request.keep_going))
        return open_datasets([request.dataset], request.scale, request.out, how)[0]
    id = resolve(request.dataset, request.scale)
    return get_dataset(id, photos=request.photos, keep_going=request.keep_going)


def _method_id(request: ScoreRequest) -> str:
    """The name for result files: as asked for, or the folder's, told apart from a method of the suite."""
    if request.name:
        return checked_id(request.name)
    name = request.folder.resolve().name
    if name.lower() in {method.id for method in methods()}:
        name += "-images"
    return checked_id(name)


def _key(request: ScoreRequest, restored: Restored, name: str, protocol: Protocol) -> dict[str, Any]:
    """What decides the scores of restored images: they themselves, the data, the protocol and the code between."""
    return {
        "method": name,
        "network": "",
        "weights": restored.fingerprint(),
        "seed": 0,
        "data": restored.dataset.fingerprint(),
        "protocol": f"{protocol.id}@{protocol.version}",
        "code": scoring_code(restored),
        "libraries": series(),
        "device": "cpu",
        "precision": "fp32",
        "limit": request.limit,
    }


def _print_cell(console: Console, cell: Cell, protocol: str) -> None:
    names = dict.fromkeys(name for score in cell.scores for name in score.extra)
    means = "".join(f", {n} {fmean(s.extra[n] for s in cell.scores if n in s.extra):.4f}" for n in names)
    psnr = cell.psnr_text if cell.equal else f"{cell.psnr:.4f} dB"
    console.print(
        f"{escape(cell.method)} on {escape(cell.dataset)} under {protocol}: "
        f"{psnr}, SSIM {cell.ssim:.6f}{means} ({cell.count} images)"
    )


def _tell(console: Console, failures: dict[str, str], surplus: Sequence[str], without: Sequence[str]) -> int:
    for text in without:
        console.print(f"[yellow]without[/] {escape(text)}")
    for name, why in failures.items():
        console.print(f"[bold yellow]left out[/] {escape(name)}: {escape(why)}")
    for name in surplus:
        console.print(f"[bold yellow]left out[/] {escape(name)}: belongs to no pair")
    return 1 if failures or surplus else 0


def _print_matrix(console: Console, request: ScoreRequest, restored: Restored, as_json: bool = False) -> int:
    """Prints the folder under every protocol, as given, rounded and truncated to bytes, and from padded inputs."""

    padded = open_restored(request.padded, restored.dataset, request.limit) if request.padded else None
    if padded and padded.problems and not request.keep_going:
        raise padded.problems[0]
    failures: dict[str, str] = {}

    def triples() -> Iterator[tuple[Tensor, Tensor, Tensor | None]]:
        for index, name in list(enumerate(restored.names()))[: request.limit]:
            try:
                pair = restored[index]
                yield pair.degraded, pair.clean, padded[index].degraded if padded else None
            except SlkdBenchError as problem:
                if not request.keep_going:
                    raise
                failures[name] = str(problem)

    rows = matrix(triples())
    if as_json:
        print_json(Console(), rows_json(rows))
        return _tell(console, failures, restored.surplus, [])
    given = {row.protocol: row for row in rows if row.variant == "as given"}
    table = Table("protocol", "images are", box=None, pad_edge=False)
    for header in ("PSNR", "SSIM", "dB more", "SSIM more"):
        table.add_column(header, justify="right")
    for row in rows:
        base = given[row.protocol]
        change = (f"{row.psnr - base.psnr:+.4f}", f"{row.ssim - base.ssim:+.6f}") if row is not base else ("", "")
        first = f"[bold]{row.protocol}[/]" if row is base else ""
        table.add_row(first, row.variant, f"{row.psnr:.4f}", f"{row.ssim:.6f}", *change)
    console.print(f"{escape(str(request.folder))} on {escape(restored.id)}, {rows[0].images} images")
    console.print(table)
    if all(row.psnr == given[row.protocol].psnr for row in rows if row.variant in ("rounded", "truncated")):
        console.print("Rounding and truncation change nothing in images of bytes; 16-bit PNG files would show them.")
    return _tell(console, failures, restored.surplus, [])
