"""What `slkd-bench score` does: restored images made elsewhere become a result like any other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from benchmark.core.errors import BadImage, BadResult, SlkdBenchError
from benchmark.core.precision import exact
from benchmark.core.types import Pair, Scale
from benchmark.datasets import get_dataset, resolve
from benchmark.datasets.restored import Restored, open_restored
from benchmark.images.metrics import open_metrics
from benchmark.methods.catalogue import methods
from benchmark.methods.outside import checked_id
from benchmark.protocols import Protocol, get_protocol, protocol_ids
from benchmark.protocols.matrix import matrix
from benchmark.runs.cells import Cell, cell_path, write_cell
from benchmark.runs.choose import FolderOptions, is_folder_name, open_folder
from benchmark.runs.code import made_by, series
from benchmark.runs.command import check_writable
from benchmark.runs.key import scoring_code, shelf
from benchmark.runs.plan import check_name, folder_of, origin_of, total_of
from benchmark.runs.restore import Hooks, Stretch, restore_and_score

if TYPE_CHECKING:
    from torch import Tensor

    from benchmark.datasets.pairs import Dataset
    from benchmark.images.metrics import Metric

ALL = "all"


@dataclass(frozen=True)
class ScoreRequest:
    """The options of one call of `slkd-bench score`; `padded` holds the same images restored from padded inputs."""

    folder: Path
    dataset: str
    protocol: str = ""
    name: str = ""
    metrics: str = ""
    out: Path = Path("runs")
    scale: Scale = Scale.PAPER
    photos: Path | None = None
    keep_going: bool = False
    limit: int | None = None
    padded: Path | None = None


@dataclass
class _Extras:
    """Further metrics of each image as it is scored; what a metric refuses is noted, and the rest goes on."""

    metrics: list[Metric]
    values: dict[str, dict[str, float]] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)

    def __call__(self, pair: Pair, restored: Tensor) -> None:
        for metric in self.metrics:
            try:
                value = metric(restored, pair.clean)[0]
            except BadImage as problem:
                self.refused.append(f"{metric.name} of {pair.name}: {problem}")
                continue
            self.values.setdefault(pair.name, {})[metric.name] = value


def score_command(request: ScoreRequest) -> int:
    """Scores the folder, writes the cell and prints; gives the exit code (0: all well, 1: something was left out)."""

    console = Console(highlight=False, soft_wrap=True)
    dataset = _open_dataset(request)
    name = "" if request.protocol == ALL else _method_id(request, console)
    check_writable(request.out)
    restored = open_restored(request.folder, dataset, request.limit)
    if restored.problems and not request.keep_going:
        raise restored.problems[0]
    if restored.lossy:
        console.print(
            f"[yellow]note[/] {len(restored.lossy)} restored images are JPEG or WebP: what is scored has "
            f"lost detail in saving ({escape(restored.lossy[0])})"
        )
    if request.protocol == ALL:
        return _print_matrix(console, request, restored)
    return _score(console, request, restored, name)


def _open_dataset(request: ScoreRequest) -> Dataset:

    if request.protocol not in ("", ALL):
        get_protocol(request.protocol)
    if is_folder_name(request.dataset):
        protocol = protocol_ids()[0] if request.protocol == ALL else request.protocol
        return open_folder(request.dataset, FolderOptions(protocol, None, request.keep_going))
    id = resolve(request.dataset, request.scale)
    return get_dataset(id, photos=request.photos, keep_going=request.keep_going)


def _method_id(request: ScoreRequest, console: Console) -> str:
    """The name for result files: as asked for, or the folder's, told apart from a method of the suite."""

    if request.name:
        return checked_id(request.name)
    name = request.folder.resolve().name
    if name.lower() in {method.id for method in methods()}:
        name += "-images"
        console.print(f"named {name} in results, for {name.removesuffix('-images')} is run by the suite itself")
    return checked_id(name)


def _score(console: Console, request: ScoreRequest, restored: Restored, name: str) -> int:
    protocol = get_protocol(request.protocol or restored.protocol)
    metrics, unavailable = open_metrics(request.metrics) if request.metrics else ([], [])
    extras = _Extras(metrics)
    own = protocol.id == restored.protocol
    dataset = restored.id if own else f"{restored.id}@{protocol.id}"  # no table of the data set may mix the two
    where, folder = shelf(restored, restored.scale), folder_of(restored)
    path = cell_path(request.out, name, dataset, where, 0, request.limit)
    key = _key(request, restored, name, protocol)
    if folder is not None:
        check_name(path, folder, key["data"])
    with exact():
        result = restore_and_score(
            lambda image: image,
            restored,
            protocol,
            stretch=Stretch(0, request.limit, request.keep_going),
            hooks=Hooks(restored=extras if metrics else None),
        )
    if not result.scores:
        first = next(iter(result.failures.values()), "no image")
        raise BadResult(f"restored images of {restored.id} that can be scored", "none", f"The first: {first}")
    scores = tuple(replace(score, extra=extras.values.get(score.name, {})) for score in result.scores)
    made, total = made_by("cpu"), total_of(restored)
    cell = Cell(
        name, dataset, where, 0, key, made, scores, result.failures, total, origin_of(None, restored, request.out)
    )
    write_cell(path, cell)
    _print_cell(console, cell, protocol.id)
    console.print(f"Result file: {escape(str(path))}")
    return _tell(console, result.failures, restored.surplus, [*map(str, unavailable), *extras.refused])


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


def _tell(console: Console, failures: dict[str, str], surplus: list[str], without: list[str]) -> int:
    for text in without:
        console.print(f"[yellow]without[/] {escape(text)}")
    for name, why in failures.items():
        console.print(f"[bold yellow]left out[/] {escape(name)}: {escape(why)}")
    for name in surplus:
        console.print(f"[bold yellow]left out[/] {escape(name)}: belongs to no pair")
    return 1 if failures or surplus else 0


def _print_matrix(console: Console, request: ScoreRequest, restored: Restored) -> int:
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
