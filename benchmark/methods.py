"""Every row of the comparison tables as data: which network, trained how, for which tasks, from which paper.

Importing this module does not import torch.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from benchmark.errors import UnknownName
from benchmark.nouns import Task

ALL_TASKS = tuple(Task)
RAIN, BLUR, NOISE = (Task.DERAINING,), (Task.DEBLURRING,), (Task.DENOISING,)


@dataclass(frozen=True)
class Method:
    """One row: `id` as typed, `title` as printed, and what stands behind it.

    `network` names an entry of `baselines.networks.configurations` (empty: the degraded image itself, or an outside
    method). `distiller` says how a student was trained (empty: directly, by the recipe of its own paper), `teacher` by
    which method, `options` with which arguments of the distiller. `kind` is teacher, student, control, lightweight,
    ablation or outside. `loader` says where an outside one comes from (`benchmark.outside`).
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


# name, printed as, source of the three teachers and their students
_FAMILIES = (
    ("restormer", "Restormer", "res-sl", "Res-SL", "Zamir et al., CVPR 2022"),
    ("uformer", "Uformer", "ufor-sl", "Ufor-SL", "Wang et al., CVPR 2022"),
    ("drsformer", "DRSformer", "drs-sl", "DRS-SL", "Chen et al., CVPR 2023"),
)

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

_LIGHTWEIGHT = (
    ("prenet", "PReNet", RAIN, "Ren et al., CVPR 2019"),
    ("rcdnet", "RCDNet", RAIN, "Wang et al., CVPR 2020"),
    ("dmphn", "DMPHN", BLUR, "Zhang et al., CVPR 2019"),
    ("mt-rnn", "MT-RNN", BLUR, "Park et al., ECCV 2020"),
    ("vdn", "VDN", NOISE, "Yue et al., NeurIPS 2019"),
    ("deamnet", "DeamNet", NOISE, "Ren et al., CVPR 2021"),
    ("mprnet", "MPRNet", ALL_TASKS, "Zamir et al., CVPR 2021"),
)


def _built_in() -> Iterable[Method]:
    yield Method("identity", "Degraded input", "", ALL_TASKS, "control", "the degraded image itself")
    for teacher, teacher_title, student, student_title, source in _FAMILIES:
        yield Method(teacher, teacher_title, teacher, ALL_TASKS, "teacher", source)
        for distiller, title, kind, origin, restormer_only in _DISTILLED:
            if restormer_only and teacher != "restormer":
                continue
            yield Method(
                f"{student}-{distiller}",
                f"{student_title} ({title})" if title else student_title,
                student,
                ALL_TASKS,
                kind,
                origin,
                distiller,
                teacher,
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
    for name, title, tasks, source in _LIGHTWEIGHT:
        yield Method(name, title, name, tasks, "lightweight", source)


@cache
def _registered() -> dict[str, Method]:
    return {method.id: method for method in _built_in()}


def methods() -> tuple[Method, ...]:
    """All built-in methods, in the order of the paper's tables."""
    return tuple(_registered().values())


def get_method(name: str) -> Method:
    """The method called `name` (case does not matter; `res-sl` alone means the student as the paper trains it), or one
    from outside: `package.module:factory`, `net.onnx`, or the name of a plug-in. `res-sl-slkd@alpha2=0.5` is a variant
    (`benchmark.variants`).

    Raises UnknownName with the nearest names, or BadMethod for an outside method that cannot be found.
    """
    from benchmark import outside

    wanted, separator, changes = name.lower().partition("@")
    known = _registered()
    if separator and wanted:
        from benchmark.variants import varied

        return varied(get_method(wanted), changes)
    wanted = name.lower()
    if wanted in (student for _, _, student, _, _ in _FAMILIES):
        wanted = f"{wanted}-slkd"
    if wanted in known:
        return known[wanted]
    found = outside.find(name)
    if found is None:
        raise UnknownName("method", name, [*known, *outside.plug_ins()])
    return found


def row_method(id: str) -> Method:
    """The method of a result file: a built-in one, or an outside one, which need not be installed."""
    from benchmark import outside

    built_in = _registered().get(id)
    if built_in is None and id.partition("@")[0] in _registered():
        return get_method(id)
    return built_in or outside.row(id)
