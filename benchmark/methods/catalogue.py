"""The built-in rows as data, in the order of the paper's tables. Importing this module does not import torch."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from benchmark.methods.method import ALL_TASKS, BLUR, NOISE, RAIN, Method

# name, printed as, source of the three teachers and their students
FAMILIES = (
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
    for teacher, teacher_title, student, student_title, source in FAMILIES:
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
def registered() -> dict[str, Method]:
    """The built-in methods by id."""
    return {method.id: method for method in _built_in()}


def methods() -> tuple[Method, ...]:
    """All built-in methods, in the order of the paper's tables."""
    return tuple(registered().values())
