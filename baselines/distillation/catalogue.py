"""Every distiller and control by id, as their files declare them. Importing this module does not import torch."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from baselines.distillation.spec import DistillerSpec
from baselines.spec import SpecError, read_specs

FOLDER = Path(__file__).parent


@cache
def distillers(folder: Path = FOLDER) -> dict[str, DistillerSpec]:
    """The distillers that the files of `folder` declare, by id, controls first. Raises as `declared`."""
    return declared(sorted(folder.glob("*.py")))


def declared(files: Iterable[Path]) -> dict[str, DistillerSpec]:
    """The distillers that `files` declare, by id: controls first, the one without a teacher before the others.

    Raises SpecError for a declaration that cannot be read, and for two of one id, naming both files.
    """
    found: dict[str, DistillerSpec] = {}
    for file in files:
        for spec in read_specs(file, DistillerSpec):
            if spec.id in found:
                raise SpecError(
                    "id", "one that no other file declares", f"{spec.id}, as in {found[spec.id].file}", file
                )
            found[spec.id] = spec
    order = sorted(found.values(), key=lambda spec: (spec.kind != "control", spec.needs_teacher, spec.id))
    return {spec.id: spec for spec in order}
