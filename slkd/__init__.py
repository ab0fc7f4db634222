"""Simultaneous Learning Knowledge Distillation: students, scale conversion, extractors, losses and the distiller."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from slkd.distiller import SLKD
    from slkd.features import with_features
    from slkd.readings import READINGS, Reading, get_reading, reading_names
    from slkd.students import drs_sl, res_sl, teacher_of, ufor_sl

_HOMES = {
    "SLKD": "slkd.distiller",
    "READINGS": "slkd.readings",
    "Reading": "slkd.readings",
    "get_reading": "slkd.readings",
    "reading_names": "slkd.readings",
    "drs_sl": "slkd.students",
    "res_sl": "slkd.students",
    "teacher_of": "slkd.students",
    "ufor_sl": "slkd.students",
    "with_features": "slkd.features",
}

__all__ = [
    "READINGS",
    "SLKD",
    "Reading",
    "drs_sl",
    "get_reading",
    "reading_names",
    "res_sl",
    "teacher_of",
    "ufor_sl",
    "with_features",
]


def __getattr__(name: str) -> Any:
    """Imports what is asked for when it is asked for: `import slkd` does not import torch."""
    if name not in _HOMES:
        raise AttributeError(f"module 'slkd' has no attribute '{name}'")
    return getattr(importlib.import_module(_HOMES[name]), name)
