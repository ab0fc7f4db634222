"""From the words on the command line to the list of cells to be computed. Imports no torch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.core.types import Scale
from benchmark.methods import outside
from benchmark.methods.method import Method
from benchmark.methods.weights import store
from benchmark.protocols import get_protocol
from benchmark.runs.cells import cell_path
from benchmark.runs.code import network_sources, sources_hash

if TYPE_CHECKING:
    from benchmark.datasets import Dataset

HARNESS = ("benchmark/protocols", "benchmark/runs/restore.py")


@dataclass(frozen=True)
class PlannedCell:
    """A cell to be computed: what, where its file goes, and the key that its file must carry."""

    method: Method
    dataset: Dataset
    scale: Scale
    seed: int
    path: Path
    key: dict[str, Any]

    @property
    def name(self) -> str:
        """How messages call it: the method, its seed where it is not 0, and the data set."""
        return f"{self.method.id}{f' seed {self.seed}' if self.seed else ''} on {self.dataset.id}"


@dataclass
class Plan:
    """The cells in the order of computation (a method's data sets together), and what cannot be computed."""

    cells: list[PlannedCell] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)


def make_plan(
    methods: Sequence[Method],
    datasets: Sequence[Dataset],
    scale: Scale,
    out: Path,
    *,
    seeds: Iterable[int] | None = None,
    device: str = "cpu",
    limit: int | None = None,
) -> Plan:
    """All cells of `methods` on those of `datasets` that belong to their tasks.

    Without `seeds`, every seed with trained weights has its cell. A method without weights is listed in `missing`
    with the command that makes them.
    """
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
            found = [0] if not method.network else store.seeds(method.id, dataset.task or "", scale)
            chosen = [seed for seed in found if seeds is None or seed in seeds]
            if not chosen:
                wanted = "".join(f" --seed {seed}" for seed in seeds or ())
                plan.missing[f"{method.id} on {dataset.id}"] = (
                    f"no weights{wanted and f' of{wanted}'.replace(' --', ' ')} at scale {scale}: "
                    f"`slkd-bench train {method.id} --task {dataset.task} --scale {scale}{wanted}`"
                )
            for seed in chosen:
                path = cell_path(out, method.id, dataset.id, scale, seed, limit)
                plan.cells.append(
                    PlannedCell(
                        method, dataset, scale, seed, path, cell_key(method, dataset, scale, seed, device, limit)
                    )
                )
    return plan


def cell_key(
    method: Method, dataset: Dataset, scale: Scale, seed: int, device: str = "cpu", limit: int | None = None
) -> dict[str, Any]:
    """Everything that decides a cell's scores: weights, network, data, protocol, code, kind of device."""

    protocol = get_protocol(dataset.protocol)
    weights = store.require(method.id, dataset.task or "", scale, seed).sha256 if method.network else ""
    code = sources_hash(*HARNESS, *network_sources(method.network))
    if method.loader:
        weights, own = outside.fingerprint(method, dataset.task)
        code += f"+{own}" if own else ""
    return {
        "method": method.id,
        "network": method.network,
        "weights": weights,
        "seed": seed,
        "data": dataset.fingerprint(),
        "protocol": f"{protocol.id}@{protocol.version}",
        "code": code,
        "device": device.partition(":")[0],
        "limit": limit,
    }
