"""The paper's compressed networks and their teachers (Table I)."""

from __future__ import annotations

from torch import nn

from baselines.networks.drsformer import SPEC as DRSFORMER
from baselines.networks.restormer import SPEC as RESTORMER
from baselines.networks.spec import NetworkSpec
from baselines.networks.uformer import SPEC as UFORMER


def res_sl(scale: str = "paper", task: str | None = None) -> nn.Module:
    """Res-SL: Restormer of 24 channels and 1-2-2-4 blocks. `scale` is "paper" or "mini"."""
    return RES_SL.build(scale, task)


def ufor_sl(scale: str = "paper", task: str | None = None) -> nn.Module:
    """Ufor-SL: Uformer of 16 channels and depths 1-2-4-4. `scale` is "paper" or "mini"."""
    return UFOR_SL.build(scale, task)


def drs_sl(scale: str = "paper", task: str | None = None) -> nn.Module:
    """DRS-SL: DRSformer of 24 channels, 2-2-2-4 blocks and two MEFC steps. `scale` is "paper" or "mini"."""
    return DRS_SL.build(scale, task)


def teacher_of(student: str, scale: str = "paper", task: str | None = None) -> nn.Module:
    """The teacher's network of a student by name (res-sl, ufor-sl, drs-sl), with fresh weights (Table I).

    Raises ValueError for another name.
    """
    if student not in TEACHERS:
        raise ValueError(f"expected a student of the paper; found '{student}'. Known: {', '.join(TEACHERS)}.")
    return _NETWORKS[TEACHERS[student]].build(scale, task)


RES_SL = NetworkSpec(
    id="res-sl",
    title="Res-SL",
    network="baselines.networks.restormer:Restormer",
    paper="Zhang and Yan, 2025",
    year=2025,
    kind="student",
    teacher="restormer",
    arguments={
        "paper": {"width": 24, "blocks": (1, 2, 2, 4), "refinement": 4},
        "mini": {"width": 6, "blocks": (1, 1, 1, 1), "refinement": 1},
    },
    by_task={"denoising": {"paper": {"norm_bias": False}, "mini": {"norm_bias": False}}},
)

UFOR_SL = NetworkSpec(
    id="ufor-sl",
    title="Ufor-SL",
    network="baselines.networks.uformer:Uformer",
    paper="Zhang and Yan, 2025",
    year=2025,
    kind="student",
    teacher="uformer",
    arguments={
        "paper": {"width": 16, "depths": (1, 2, 4, 4, 2, 4, 4, 2, 1)},
        "mini": {"width": 4, "depths": (1, 1, 1, 1, 1, 1, 1, 1, 1), "window": 4, "square": False},
    },
)

# At scale mini its last features pass ReLUs, which bear lower rates only and die unless it starts at the identity.
DRS_SL = NetworkSpec(
    id="drs-sl",
    title="DRS-SL",
    network="baselines.networks.drsformer:DRSformer",
    paper="Zhang and Yan, 2025",
    year=2025,
    kind="student",
    teacher="drsformer",
    arguments={
        "paper": {"width": 24, "blocks": (2, 2, 2, 4), "mefc_steps": 2},
        "mini": {"width": 4, "blocks": (1, 1, 1, 1), "expansion": 2.0, "mefc_steps": 1},
    },
    mini_recipe={"lr": 3e-3, "identity_start": True},
    mini_recipe_by_task={"deraining": {"lr": 1.5e-3}, "deblurring": {"lr": 1e-3}},
)

STUDENTS = (RES_SL, UFOR_SL, DRS_SL)
TEACHERS = {spec.id: spec.teacher for spec in STUDENTS}
_NETWORKS = {spec.id: spec for spec in (RESTORMER, UFORMER, DRSFORMER)}
