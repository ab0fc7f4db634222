"""One reference cell evaluated again and compared image by image."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from benchmark.check.findings import Case, Finding, Severity
from benchmark.check.jobs import Job
from benchmark.check.scores import Tolerance, compare_scores, compare_scoring
from benchmark.check.subset import Excerpt, few_images
from benchmark.core.errors import SlkdBenchError
from benchmark.core.types import Scale
from benchmark.datasets import get_dataset
from benchmark.methods.find import get_method
from benchmark.methods.method import Method
from benchmark.methods.weights import store
from benchmark.methods.weights.files import card_path, has_whole_weights
from benchmark.methods.weights.loading import load_network
from benchmark.protocols import get_protocol
from benchmark.runs.cells import Cell, ImageScore
from benchmark.runs.code import made_by
from benchmark.runs.plan import cell_key
from benchmark.runs.restore import restore_and_score

if TYPE_CHECKING:
    from benchmark.datasets.pairs import Dataset

_VERSIONS = ("torch", "numpy", "python", "platform", "device")


@dataclass
class Evaluation:
    """How cells are evaluated again; opened data sets are kept."""

    tolerance: Tolerance
    fast: bool = False
    device: str = "cpu"
    opened: dict[str, Dataset | SlkdBenchError] = field(default_factory=dict)

    def dataset(self, id: str) -> Dataset:
        """The data set by its id, opened once. Raises what opening it raises."""

        if id not in self.opened:
            try:
                self.opened[id] = get_dataset(id)
            except SlkdBenchError as problem:
                self.opened[id] = problem
        found = self.opened[id]
        if isinstance(found, SlkdBenchError):
            raise found
        return found


class _Gone(Exception):
    """Why a cell cannot be evaluated any more."""

    def __init__(self, title: str, problem: object, remedy: str = "") -> None:
        self.finding = Finding(Severity.FAILURE, title, str(problem), remedy)


def check_cell(job: Job, how: Evaluation) -> tuple[Case, Cell | None]:
    """The case of one reference cell, and the fresh cell where it could be evaluated."""
    started = time.perf_counter()
    fresh = None
    try:
        findings, fresh = _check(job, how)
    except _Gone as gone:
        findings = [gone.finding]
    case = Case(job.cell.dataset, job.name, tuple(findings), job.file, time.perf_counter() - started)
    return case, fresh


def _check(job: Job, how: Evaluation) -> tuple[list[Finding], Cell | None]:
    cell = job.cell
    method, dataset = _method(job), _dataset(cell, how)
    if method.network and dataset.task not in method.tasks:
        raise _Gone("method disappeared", f"{method.id} is not for {dataset.task} any more", "Restore its tasks.")
    key = _key(cell, method, dataset, how.device)
    findings = [*_data_and_protocol(cell, key)]
    if findings:
        return findings, None
    findings += _weights_and_code(cell, key, method, dataset)
    names = set(dataset.names())
    kept = [score for score in cell.scores if score.name in names]
    if len(kept) < len(cell.scores):
        gone = ", ".join(score.name for score in cell.scores if score.name not in names)
        raise _Gone("images disappeared", f"{cell.dataset} has no {gone} any more", "Restore the data set.")
    scoring = not method.network and not method.loader
    chosen = few_images(kept, job.turn) if how.fast and not scoring else [score.name for score in kept]
    scores = _restore(cell, method, Excerpt(dataset, tuple(chosen)), how.device)
    compare = compare_scoring if scoring else compare_scores
    findings += compare(cell, scores, how.tolerance, _differences(cell, key, how.device))
    fresh = Cell(cell.method, cell.dataset, cell.scale, cell.seed, key, made_by(how.device), tuple(scores))
    return findings, fresh


def _method(job: Job) -> Method:
    try:
        return job.method or get_method(job.cell.method)
    except SlkdBenchError as problem:
        remedy = (
            "Restore it, or name where it comes from (--method module:factory). "
            f"If it is gone on purpose, delete {job.file}."
        )
        raise _Gone("method disappeared", problem, remedy) from problem


def _dataset(cell: Cell, how: Evaluation) -> Dataset:
    try:
        return how.dataset(cell.dataset)
    except SlkdBenchError as problem:
        raise _Gone("data set disappeared", problem, problem.remedy) from problem


def _key(cell: Cell, method: Method, dataset: Dataset, device: str) -> dict[str, Any]:
    try:
        key = cell_key(method, dataset, Scale(cell.scale), cell.seed, device, cell.key.get("limit"))
    except SlkdBenchError as problem:
        raise _Gone("weights disappeared", problem, problem.remedy) from problem
    tiled = "tiled_within_gib"
    return {**key, tiled: cell.key[tiled]} if tiled in cell.key else key


def _data_and_protocol(cell: Cell, key: dict[str, Any]) -> Iterator[Finding]:
    """Other data or another protocol: the scores cannot be compared any more, which fails."""
    remedy = "Restore it; or, if the change is meant, make the reference anew with `slkd-bench run`."
    if cell.key.get("data") != key["data"]:
        text = f"{cell.dataset} has other data: hash {_short(key['data'])}, in the reference {_short(cell.key.get('data'))}"
        yield Finding(Severity.FAILURE, "data changed", text, remedy)
    if cell.key.get("protocol") != key["protocol"]:
        text = f"{cell.dataset} is scored under {key['protocol']}, in the reference under {cell.key.get('protocol')}"
        yield Finding(Severity.FAILURE, "protocol changed", text, remedy)


def _weights_and_code(cell: Cell, key: dict[str, Any], method: Method, dataset: Dataset) -> Iterator[Finding]:
    """Other weights or code alone are told; weights that are not those of their card fail."""
    for part in ("weights", "code"):
        if cell.key.get(part) != key[part]:
            text = f"{part} {_short(key[part])}, in the reference {_short(cell.key.get(part))}"
            yield Finding(Severity.NOTE, f"{part} changed", text)
    found = store.find(method.id, dataset.task or "", cell.scale, cell.seed) if method.network else None
    if found and card_path(found.path).is_file() and not has_whole_weights(found.path):
        text = f"{found.path} is not the file that its card speaks of"
        remedy = f"Restore {found.path.name} (git checkout), or train it again with `slkd-bench train`."
        yield Finding(Severity.FAILURE, "weights damaged", text, remedy)


def _differences(cell: Cell, key: dict[str, Any], device: str) -> str:
    """What may explain a change, in words; empty when everything recorded is the same."""
    parts = [part for part in ("weights", "code") if cell.key.get(part) != key[part]]
    now = made_by(device)
    parts += [
        f"{name} ({cell.made_by[name]} then, {now[name]} now)"
        for name in _VERSIONS
        if name in cell.made_by and cell.made_by[name] != now[name]
    ]
    return ", ".join(parts)


def _restore(cell: Cell, method: Method, images: Excerpt, device: str) -> list[ImageScore]:
    from benchmark.runs.tiling import MemoryBound

    try:
        network = load_network(method, images.task, Scale(cell.scale), cell.seed, device)
        memory = cell.key.get("tiled_within_gib")
        restorer = MemoryBound(network, memory) if memory else network
        restored = restore_and_score(restorer, images, get_protocol(images.protocol), device)
    except Exception as problem:
        told = problem if isinstance(problem, SlkdBenchError) else f"{type(problem).__name__}: {problem}"
        raise _Gone("cannot be evaluated", told, "Run it with `slkd-bench run` to see the whole error.") from problem
    return [ImageScore(pair.name, pair.scene, score.psnr, score.ssim) for pair, score in restored.scores]


def _short(value: object) -> str:
    return str(value)[:12] or "none"
