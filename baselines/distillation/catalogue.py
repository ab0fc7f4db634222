"""Every distiller and control by name: where its class is, what it is called and which publication it comes from.

Importing this module does not import torch.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from baselines.distillation.objective import Objective


@dataclass(frozen=True)
class Distillation:
    """One way to train a student: `target` is "module:Class"; `needs_teacher` is false for the control without one."""

    name: str
    target: str
    title: str
    citation: str
    needs_teacher: bool = True

    def load(self) -> type[Objective]:
        """The class; imports torch."""
        module, _, attribute = self.target.partition(":")
        found: type[Objective] = getattr(importlib.import_module(module), attribute)
        return found


_ROWS = (
    Distillation(
        "scratch", "scratch:Scratch", "from scratch", "control: no teacher, L1 to the ground truth", needs_teacher=False
    ),
    Distillation("logits", "logits:Logits", "output distillation", "Hinton et al., 2015"),
    Distillation("dfkd", "dfkd:DFKD", "DFKD, data-free", "Zhang et al., CVPR 2021"),
    Distillation(
        "dfkd-progressive", "dfkd:DFKDProgressive", "DFKD, progressive on real images", "Zhang et al., CVPR 2021"
    ),
    Distillation("dckd-cross", "dckd_cross:DCKDCross", "DCKD, dual cross", "Fang et al., JVCIR 2023"),
    Distillation("dckd-dynamic", "dckd_dynamic:DCKDDynamic", "DCKD, dynamic contrastive", "Zhou et al., AAAI 2025"),
    Distillation("fakd", "fakd:FAKD", "FAKD, feature affinity", "He et al., ICIP 2020"),
    Distillation(
        "at", "attention_transfer:AttentionTransfer", "attention transfer", "Zagoruyko and Komodakis, ICLR 2017"
    ),
    Distillation("fitnets", "fitnets:FitNets", "FitNets", "Romero et al., ICLR 2015"),
    Distillation("pisr", "pisr:PISR", "PISR, privileged information", "Lee et al., ECCV 2020"),
)

DISTILLATIONS: dict[str, Distillation] = {
    row.name: Distillation(row.name, f"baselines.distillation.{row.target}", row.title, row.citation, row.needs_teacher)
    for row in _ROWS
}
