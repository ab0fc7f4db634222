"""A row of the comparison tables: which network, trained how, for which tasks, from which paper."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from benchmark.core.types import Task
from benchmark.methods.own import OwnNetwork


@dataclass(frozen=True)
class Method:
    """One row: `id` as typed, `title` as printed, and what stands behind it.

    `network` is the id of a network's declaration (`baselines.networks.spec`; empty: the degraded image itself, or an outside
    method). `distiller` says how a student was trained (empty: directly, by the recipe of its own paper), `teacher` by
    which method, `options` with which arguments of the distiller. `kind` is teacher, student, control, lightweight,
    ablation or outside. `loader` says where an outside one comes from (`benchmark.methods.outside`), `own` how it is built.
    """

    id: str
    title: str
    network: str
    tasks: tuple[Task, ...]
    kind: str
    source: str
    distiller: str = ""
    teacher: str = ""
    options: dict[str, Any] = field(default_factory=dict, hash=False)
    loader: str = ""
    own: OwnNetwork = field(default_factory=OwnNetwork)
