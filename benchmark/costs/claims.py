"""The complexity columns of Tables I and III as data, with what may have been counted instead when they do not agree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

AGREES = 5e-4  # relative: the printed numbers have four digits


@dataclass(frozen=True)
class ComplexityClaim:
    """One printed row: FLOPs in 1e9 ("G"), parameters in 1e6 or None, for a configured network.

    `changed` are the constructor arguments of what the paper says it ran; `alternatives` are other readings, each a task
    variant or changed arguments, that the audit tries when the number does not agree.
    """

    table: str
    row: str
    network: str
    task: str
    gmacs: float
    parameters: float | None = None
    alternatives: Mapping[str, tuple[str, Mapping[str, Any]]] = field(default_factory=dict)


_NONE: Mapping[str, Any] = {}

CLAIMS: tuple[ComplexityClaim, ...] = (
    ComplexityClaim("I", "Restormer", "restormer", "deraining", 619.5, 26.1),
    ComplexityClaim("I", "Res-SL", "res-sl", "deraining", 85.0, 3.5),
    ComplexityClaim("I", "Uformer", "uformer", "deraining", 347.6, 50.9),
    ComplexityClaim("I", "Ufor-SL", "ufor-sl", "deraining", 57.1, 7.9),
    ComplexityClaim("I", "DRSformer", "drsformer", "deraining", 972.0, 33.7),
    ComplexityClaim("I", "DRS-SL", "drs-sl", "deraining", 132.0, 4.6),
    ComplexityClaim(
        "III",
        "PReNet",
        "prenet",
        "deraining",
        176.7,
        alternatives={f"{n} stages": ("deraining", {"stages": n}) for n in range(1, 9) if n != 6},
    ),
    ComplexityClaim(
        "III",
        "RCDNet",
        "rcdnet",
        "deraining",
        842.5,
        alternatives={f"{n} stages": ("deraining", {"stages": n}) for n in (10, 14, 20)},
    ),
    ComplexityClaim(
        "III",
        "DMPHN",
        "dmphn",
        "deblurring",
        113.0,
        alternatives={"-".join(map(str, p)): ("deblurring", {"patches": p}) for p in ((1,), (1, 2), (1, 2, 4, 8))},
    ),
    ComplexityClaim(
        "III",
        "MT-RNN",
        "mt-rnn",
        "deblurring",
        579.0,
        alternatives={f"{n} iterations": ("deblurring", {"iterations": n}) for n in (1, 2, 3, 4, 5, 7)},
    ),
    ComplexityClaim("III", "VDN", "vdn", "denoising", 147.9),
    ComplexityClaim(
        "III", "DeamNet", "deamnet", "denoising", 582.9, alternatives={"one channel": ("denoising", {"channels": 1})}
    ),
    ComplexityClaim("III", "MPRNet, deraining", "mprnet", "deraining", 565.0),
    ComplexityClaim(
        "III",
        "MPRNet, deblurring",
        "mprnet",
        "deblurring",
        565.0,
        alternatives={"the deraining variant": ("deraining", _NONE)},
    ),
    ComplexityClaim(
        "III",
        "MPRNet, denoising",
        "mprnet",
        "denoising",
        565.0,
        alternatives={"the deraining variant": ("deraining", _NONE)},
    ),
    ComplexityClaim("III", "Res-SL", "res-sl", "deraining", 85.0),
    ComplexityClaim("III", "Ufor-SL", "ufor-sl", "deraining", 57.1),
    ComplexityClaim("III", "DRS-SL", "drs-sl", "deraining", 132.0),
)
