"""The distillers and controls there are: those of the packages and those of the user, by what their files declare.

A file in the folder `distillers` of the user's own folder, or of a folder named by SLKD_BENCH_DISTILLERS, is a distiller
like a shipped one: it ends with `SPEC = DistillerSpec(...)`, and trains every student. Importing this module does not
import torch.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from baselines.distillation.catalogue import declared
from baselines.distillation.spec import DistillerSpec
from baselines.spec import SpecError
from benchmark.core.errors import BadMethod, UnknownName
from benchmark.methods.declared import state

_REMEDY = "Mend the declaration at the end of the file, or move the file away."


def distillers() -> dict[str, DistillerSpec]:
    """All distillers by id, controls first. Raises BadMethod for a declaration that cannot be read, and for two of one id."""
    return dict(_read(state()))


def distiller(name: str) -> DistillerSpec:
    """The distiller of this id. Raises UnknownName."""
    known = distillers()
    if name not in known:
        raise UnknownName("distiller", name, known)
    return known[name]


def with_readings() -> list[DistillerSpec]:
    """The distillers whose equations have several readings."""
    return [spec for spec in distillers().values() if spec.readings]


@cache
def _read(files: tuple[tuple[Path, int], ...]) -> dict[str, DistillerSpec]:
    try:
        return declared(file for file, _ in files)
    except SpecError as problem:
        place = f"{problem.found} ({problem.file}, line {problem.line})"
        raise BadMethod(f"{problem.key}: {problem.expected}", place, _REMEDY) from problem
