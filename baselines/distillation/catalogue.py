"""Every distiller and control by id, as their files declare them. Importing this module does not import torch."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from baselines.distillation.spec import DistillerSpec
from baselines.spec import SpecError, read_specs

FOLDER = Path(__file__).parent
FIRST = ("scratch", "logits")  # the controls; the others by id


@cache
def distillers(folder: Path = FOLDER) -> dict[str, DistillerSpec]:
    """The distillers that the files of `folder` declare, by id, controls first.

    Raises SpecError for a declaration that cannot be read, and for two of one id.
    """
    found: dict[str, DistillerSpec] = {}
    for file in sorted(folder.glob("*.py")):
        for spec in read_specs(file, DistillerSpec):
            if spec.id in found:
                raise SpecError(
                    "id", "one that no other file declares", f"{spec.id}, as in {found[spec.id].file}", file
                )
            found[spec.id] = spec
    order = sorted(found, key=lambda name: (FIRST.index(name) if name in FIRST else len(FIRST), name))
    return {name: found[name] for name in order}


def distiller(name: str) -> DistillerSpec:
    """The distiller of this id. Raises KeyError."""
    return distillers()[name]
