"""The built-in rows as data, in the order of the paper's tables. Importing this module does not import torch."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from baselines.networks.spec import NetworkSpec
from benchmark.core.types import Task
from benchmark.methods.method import ALL_TASKS, RAIN, Method
from benchmark.methods.networks import networks

# distiller, printed as, kind, source, whether only the Restormer family has the row
_DISTILLED = (
    ("scratch", "scratch", "control", "no teacher: L1 to the clean image", False),
    ("logits", "logits", "control", "L1 to the clean image and to the teacher's output", False),
    ("dfkd", "DFKD", "student", "Zhang et al., CVPR 2021", False),
    ("dfkd-progressive", "DFKD progressive", "student", "Zhang et al., CVPR 2021", False),
    ("dckd-cross", "DCKD", "student", "Fang et al., JVCIR 2023", False),
    ("slkd", "", "student", "Zhang and Yan, 2025", False),
    ("dckd-dynamic", "DCKD dynamic", "student", "AAAI 2025", True),
    ("fakd", "FAKD", "student", "He et al., ICIP 2020", True),
    ("at", "AT", "student", "Zagoruyko and Komodakis, ICLR 2017", True),
    ("fitnets", "FitNets", "student", "Romero et al., ICLR 2015", True),
    ("pisr", "PISR", "student", "Lee et al., ECCV 2020", True),
)

# Table IV: id, printed as, options of the SLKD distiller. The fifth row of the table is res-sl-slkd itself.
_ABLATIONS = (
    ("rainy", "decoder source rainy", {"decoder_source": "degraded", "natural_colour": False, "edge_texture": False}),
    ("clean", "decoder source clean", {"natural_colour": False, "edge_texture": False}),
    ("nc", "clean + $L_{NC}$", {"edge_texture": False}),
    ("et", "clean + $L_{ET}$", {"natural_colour": False}),
)


def _rows(known: Iterable[NetworkSpec]) -> Iterable[Method]:
    yield Method("identity", "Degraded input", "", ALL_TASKS, "control", "the degraded image itself")
    for spec in known:
        tasks = tuple(Task(task) for task in spec.tasks)
        if spec.kind == "teacher":
            yield Method(spec.id, spec.title, spec.id, tasks, spec.kind, spec.paper)
        for distiller, title, kind, origin, restormer_only in _DISTILLED if spec.kind == "student" else ():
            if restormer_only and spec.teacher != "restormer":
                continue
            yield Method(
                f"{spec.id}-{distiller}",
                f"{spec.title} ({title})" if title else spec.title,
                spec.id,
                tasks,
                kind,
                origin,
                distiller,
                spec.teacher,
            )
    for name, title, options in _ABLATIONS:
        yield Method(
            f"res-sl-ablation-{name}",
            f"Res-SL, {title}",
            "res-sl",
            RAIN,
            "ablation",
            "Zhang and Yan, 2025, Table IV",
            "slkd",
            "restormer",
            options,
        )
    for spec in known:
        if spec.kind == "lightweight":
            yield Method(spec.id, spec.title, spec.id, tuple(Task(task) for task in spec.tasks), spec.kind, spec.paper)


def registered() -> dict[str, Method]:
    """The built-in methods, and those of the user's own networks, by id. Raises BadMethod for one that is badly declared."""
    return _registered(tuple(networks().items()))


@cache
def _registered(known: tuple[tuple[str, NetworkSpec], ...]) -> dict[str, Method]:
    return {method.id: method for method in _rows([spec for _, spec in known])}


def methods() -> tuple[Method, ...]:
    """All these methods, in the order of the paper's tables; the user's own last."""
    return tuple(registered().values())
