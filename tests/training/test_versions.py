"""The values of every objective's terms on fixed tensors: where they move, its version has to be raised by hand.

Weights are trained again when the version of their objective is raised, and never because code was tidied. After raising
`version` in a class, write its new values with `python -m tests.training.test_versions`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from baselines.distillation.catalogue import distillers
from baselines.objective import Objective
from benchmark.core.types import Scale
from benchmark.methods.catalogue import methods
from benchmark.training.build import objective_class
from benchmark.training.card import version_of
from benchmark.training.recipes import objective_target
from tests.distillation.toy import Toy

GOLDEN = Path(__file__).parent / "golden_terms.json"
CLOSE = 1e-4  # of a value: other machines round otherwise
ROWS = {objective_target(m, s): (m, s) for s in Scale for m in reversed(methods()) if m.network and not m.options}


def waves(*shape: int, phase: float = 0.0) -> Tensor:
    """Values in [0, 1] that need no random generator."""
    count = torch.arange(torch.Size(shape).numel(), dtype=torch.float64)
    return ((torch.sin(count * 0.37 + phase) + torch.sin(count * 0.011 + 2 * phase) + 2) / 4).view(shape).float()


def fixed(network: nn.Module, phase: float) -> nn.Module:
    """The network with weights that need no random generator."""
    for number, (_, value) in enumerate(sorted(network.state_dict().items())):
        if value.is_floating_point():
            size = max(value[0].numel() if value.dim() > 1 else 1, 1)
            value.copy_((waves(*value.shape, phase=phase + number) - 0.5) * 2 / size**0.5)
    return network


class Stages(nn.Module):
    """What the direct objectives ask of their networks, from two images and one number."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(0.9))

    def forward(self, image: Tensor) -> Tensor:
        return image * self.scale

    def stages(self, image: Tensor) -> list[Tensor]:
        return [image * self.scale**k for k in (3, 2, 1)]

    levels = iterations = stages

    def estimates(self, image: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        return self.stages(image), [image * 0.1 * k for k in (1, 2, 3)]

    def variational(self, image: Tensor) -> tuple[Tensor, Tensor]:
        spread = image * 0 - 3
        return torch.cat([image * (1 - self.scale), spread], 1), torch.cat(
            [image * self.scale + 2, image - self.scale], 1
        )


def terms_of(target: str) -> dict[str, Any]:
    """Version, terms and the norm of the gradient of each, on fixed tensors and networks."""
    method, scale = ROWS[target]
    kind = objective_class(method, scale)
    torch.manual_seed(0)
    student: nn.Module = Stages()
    arguments: tuple[nn.Module, ...] = (student,)
    if method.distiller:
        student = fixed(Toy(3, 2), 0.3)
        needs_teacher = method.distiller == "slkd" or distillers()[method.distiller].needs_teacher
        arguments = (fixed(Toy(6, 2), 0.7), student) if needs_teacher else (student,)
    make: Callable[..., Objective] = kind
    objective = make(*arguments).double().train()  # in float32 a machine's rounding decides the third digit of L_ET
    degraded, clean = (waves(2, 3, 64, 64, phase=phase).double() for phase in (0.2, 0.25))
    torch.manual_seed(1)
    objective.before_step(0, 10, degraded, clean)
    torch.manual_seed(2)
    terms = objective(degraded, clean)
    parameters = [p for p in student.parameters() if p.requires_grad]
    told: dict[str, Any] = {"version": version_of(kind)}
    for name, term in terms.items():
        gradients = (
            torch.autograd.grad(term, parameters, retain_graph=True, allow_unused=True) if term.requires_grad else ()
        )
        norm = sum(float(g.double().square().sum()) for g in gradients if g is not None) ** 0.5
        told[name] = [float(f"{term.item():.7g}"), float(f"{norm:.7g}")]
    weights = objective.weights
    told["weights"] = {name: weights[name] for name in sorted(weights)}
    return told


@pytest.mark.parametrize("target", sorted(ROWS))
def test_terms_move_only_with_the_version(target: str) -> None:
    golden, now = json.loads(GOLDEN.read_text()).get(target), terms_of(target)
    assert golden is not None, f"a new objective: write its values, see {__name__}"
    assert now["version"] == golden["version"], f"{target} has a new version: write its values, see {__name__}"
    same = now.keys() == golden.keys() and now["weights"] == golden["weights"]
    same = same and all(
        now[name] == pytest.approx(golden[name], rel=CLOSE, abs=1e-9)
        for name in now
        if name not in ("version", "weights")
    )
    assert same, f"{target} gives {now}, not {golden}: raise its `version`, so that its weights are trained again"


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps({target: terms_of(target) for target in sorted(ROWS)}, indent=1) + "\n")
