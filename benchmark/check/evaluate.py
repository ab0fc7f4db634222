"""One reference cell evaluated again and compared image by image."""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.check.findings import Case, Finding, Severity
from benchmark.check.jobs import Job
from benchmark.check.scores import Cause, Tolerance, compare_scores, compare_scoring
from benchmark.check.subset import Excerpt, few_images
from benchmark.core import paths
from benchmark.core.errors import SlkdBenchError
from benchmark.core.precision import exact
from benchmark.core.types import Scale
from benchmark.methods.method import Method
from benchmark.methods.weights import store
from benchmark.methods.weights.files import card_path, has_whole_weights
from benchmark.methods.weights.loading import load_for
from benchmark.protocols import get_protocol
from benchmark.runs.cells import FOLDERS, SCHEMA, Cell, ImageScore
from benchmark.runs.code import made_by
from benchmark.runs.compute import bounded
from benchmark.runs.key import WORDS, cell_key
from benchmark.runs.options import RunOptions
from benchmark.runs.plan import total_of
from benchmark.runs.remembered import dataset_of, folder_words, method_of, words_of
from benchmark.runs.restore import Course, restore_and_score

if TYPE_CHECKING:
    from torch import nn

    from benchmark.datasets.pairs import Dataset

_VERSIONS = ("torch", "numpy", "pillow", "opencv", "python", "platform", "device")


@dataclass
class Evaluation:
    """How the cells below `reference` are evaluated again; opened data sets are kept."""

    reference: Path
    tolerance: Tolerance
    fast: bool = False
    device: str = "cpu"
    opened: dict[tuple[str, str], Dataset | SlkdBenchError] = field(default_factory=dict)

    def dataset(self, cell: Cell) -> Dataset:
        """The data set of a cell, opened once. Raises what opening it raises."""
        wanted = cell.dataset, str(cell.origin.get("folder", ""))
        if wanted not in self.opened:
            try:
                self.opened[wanted] = dataset_of(cell, self.reference)
            except SlkdBenchError as problem:
                self.opened[wanted] = problem
        found = self.opened[wanted]
        if isinstance(found, SlkdBenchError):
            raise found
        return found

    def options(self, cell: Cell) -> RunOptions:
        """How `cell` was computed, on the device of this check."""
        memory = dict(cell.key.get("divided", {})).get("within_gib", cell.key.get("tiled_within_gib"))
        return RunOptions(
            self.device, cell.key.get("limit"), memory=memory, tf32=cell.key.get("precision", "fp32") == "tf32"
        )


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
    method, dataset = _method(job, how), _dataset(cell, how)
    if method.network and dataset.task not in method.tasks:
        raise _Gone("method disappeared", f"{method.id} is not for {dataset.task} any more", "Restore its tasks.")
    key = _key(cell, method, dataset, how)
    findings = [*_data_and_protocol(cell, key)]
    if findings:
        return findings, None
    findings += _weights_and_code(cell, key, method, dataset)
    if any(finding.severity == Severity.FAILURE for finding in findings):
        return findings, None
    _hold_images(cell, dataset)
    network = _network(cell, method, dataset, how)
    scoring = not method.network and not method.loader
    names = [score.name for score in cell.scores]
    chosen = few_images(cell.scores, job.turn) if how.fast and not scoring else names
    scores = _restore(cell, network, Excerpt(dataset, tuple(chosen)), how)
    compare = compare_scoring if scoring else compare_scores
    cause = _cause(cell, key, how)
    compared = compare(cell, scores, how.tolerance, cause)
    if len(chosen) < len(names) and any(finding.severity == Severity.FAILURE for finding in compared):
        scores = _restore(cell, network, Excerpt(dataset, tuple(names)), how)  # a few images may mislead: all decide
        compared = compare(cell, scores, how.tolerance, cause)
    made, total = made_by(how.device), total_of(dataset)
    fresh = replace(
        cell, key=key, made_by=made, scores=tuple(scores), total=total, failures=cell.failures, schema=SCHEMA
    )
    return [*findings, *compared], fresh


def _cause(cell: Cell, key: dict[str, Any], how: Evaluation) -> Cause:
    shipped = how.reference.resolve() == (paths.results() / "mini").resolve()
    here = f"{Path.cwd()}{os.sep}"  # what lies below the current folder is named from there
    said = (words(cell, how.reference).replace(here, "") for words in (words_of, folder_words))
    method, dataset = map(shlex.quote, said)
    reference = "" if shipped else shlex.quote(str(how.reference))
    return Cause(_differences(cell, key, how.device), reference, *("" if w == "''" else w for w in (method, dataset)))


def _hold_images(cell: Cell, dataset: Dataset) -> None:
    """Raises where the reference has not the images of the set: those that were scored and those that failed."""
    names = dataset.names()[: cell.key.get("limit")]
    held = {*(score.name for score in cell.scores), *cell.failures}
    gone = [name for name in held if name not in set(names)]
    if gone:
        text = f"{cell.dataset} has no {', '.join(sorted(gone)[:5])} any more"
        raise _Gone("images disappeared", text, "Restore the data set.")
    missing = [name for name in names if name not in held]
    if missing:
        text = f"the reference has {len(held)} of the {len(names)} images of {cell.dataset}; none of {missing[0]}"
        raise _Gone("reference incomplete", text, "Restore its file, or make it anew with `slkd-bench run`.")


def _method(job: Job, how: Evaluation) -> Method:
    try:
        return job.method or method_of(job.cell, how.reference)
    except SlkdBenchError as problem:
        remedy = (
            "Restore it, or name where it comes from (--method module:factory). "
            f"If it is gone on purpose, delete {job.file}."
        )
        raise _Gone("method disappeared", problem, remedy) from problem


def _dataset(cell: Cell, how: Evaluation) -> Dataset:
    try:
        return how.dataset(cell)
    except SlkdBenchError as problem:
        raise _Gone("data set disappeared", problem, problem.remedy) from problem


def scale_of(cell: Cell) -> Scale:
    """The scale of the weights behind a cell; of one on a folder without weights of the suite it plays no part."""
    return Scale(cell.key.get("scale") or (Scale.MINI if cell.scale == FOLDERS else cell.scale))


def _key(cell: Cell, method: Method, dataset: Dataset, how: Evaluation) -> dict[str, Any]:
    try:
        key = cell_key(method, dataset, scale_of(cell), cell.seed, how.options(cell))
    except SlkdBenchError as problem:
        title = "weights disappeared" if method.network else "cannot be built"
        raise _Gone(title, problem, problem.remedy) from problem
    return {**key, **{name: cell.key[name] for name in ("divided",) if name in cell.key}}


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
    if cell.key.get("weights") != key["weights"]:
        text = f"weights {_short(key['weights'])}, in the reference {_short(cell.key.get('weights'))}"
        yield Finding(Severity.NOTE, "weights changed", text)
    changed = _code_words(cell, key)
    if changed:
        yield Finding(Severity.NOTE, "code changed", f"not as in the reference: {', '.join(changed)}")
    found = store.find(method.id, dataset.task or "", scale_of(cell), cell.seed, dataset.id) if method.network else None
    if found and card_path(found.path).is_file() and not has_whole_weights(found.path):
        card = card_path(found.path)
        text = f"{found.path} (sha256 {_short(found.sha256)}) is not the file that its card {card.name} speaks of"
        remedy = (
            f"Restore {found.path.name} and {card.name} (git checkout), or train both again with "
            f"`slkd-bench train {method.id} --task {dataset.task} --scale {scale_of(cell)}`."
        )
        yield Finding(Severity.FAILURE, "weights damaged", text, remedy)


def _code_words(cell: Cell, key: dict[str, Any]) -> list[str]:
    if not isinstance(cell.key.get("code"), dict):
        return ["the code"] if cell.key.get("code") != key["code"] else []
    return [WORDS.get(f"code.{part}", part) for part in key["code"] if cell.key["code"].get(part) != key["code"][part]]


def _differences(cell: Cell, key: dict[str, Any], device: str) -> str:
    """What may explain a change, in words; empty when everything recorded is the same."""
    parts = ["weights"] if cell.key.get("weights") != key["weights"] else []
    parts += [word.removeprefix("the ") for word in _code_words(cell, key)]
    now = made_by(device)
    parts += [
        f"{name} ({cell.made_by[name]} then, {now[name]} now)"
        for name in _VERSIONS
        if name in cell.made_by and cell.made_by[name] != now.get(name)
    ]
    return ", ".join(parts)


def _network(cell: Cell, method: Method, dataset: Dataset, how: Evaluation) -> nn.Module:
    try:
        return load_for(method, dataset, scale_of(cell), cell.seed, how.device)
    except Exception as problem:
        raise _unusable(problem) from problem


def _restore(cell: Cell, network: nn.Module, images: Excerpt, how: Evaluation) -> list[ImageScore]:
    options = how.options(cell)
    try:
        restorer = bounded(network, options.memory)
        with exact(how.device, options.tf32):
            restored = restore_and_score(restorer, images, get_protocol(images.protocol), Course(how.device))
    except Exception as problem:
        raise _unusable(problem) from problem
    return restored.scores


def _unusable(problem: Exception) -> _Gone:
    told = problem if isinstance(problem, SlkdBenchError) else f"{type(problem).__name__}: {problem}"
    return _Gone("cannot be evaluated", told, "Run it with `slkd-bench run` to see the whole error.")


def _short(value: object) -> str:
    return str(value)[:12] or "none"
