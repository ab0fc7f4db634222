"""The paper's compressed networks and their teachers (Table I), at the scales of the table of configurations."""

from __future__ import annotations

from torch import nn

from baselines.networks.configurations import build

TEACHERS = {"res-sl": "restormer", "ufor-sl": "uformer", "drs-sl": "drsformer"}


def res_sl(scale: str = "paper", task: str | None = None) -> nn.Module:
    """Res-SL: Restormer of 24 channels and 1-2-2-4 blocks. `scale` is "paper" or "mini"."""
    return build("res-sl", scale, task)


def ufor_sl(scale: str = "paper", task: str | None = None) -> nn.Module:
    """Ufor-SL: Uformer of 16 channels and depths 1-2-4-4. `scale` is "paper" or "mini"."""
    return build("ufor-sl", scale, task)


def drs_sl(scale: str = "paper", task: str | None = None) -> nn.Module:
    """DRS-SL: DRSformer of 24 channels, 2-2-2-4 blocks and two MEFC steps. `scale` is "paper" or "mini"."""
    return build("drs-sl", scale, task)


def teacher_of(student: str, scale: str = "paper", task: str | None = None) -> nn.Module:
    """The teacher's network of a student by name (res-sl, ufor-sl, drs-sl), with fresh weights (Table I).

    Raises ValueError for another name.
    """
    if student not in TEACHERS:
        raise ValueError(f"expected a student of the paper; found '{student}'. Known: {', '.join(TEACHERS)}.")
    return build(TEACHERS[student], scale, task)
