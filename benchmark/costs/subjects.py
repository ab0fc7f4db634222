"""What `slkd-bench profile` counts and times: the suite's networks by name, and somebody's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmark.core.errors import BadMethod, UnknownName
from benchmark.core.types import Scale
from benchmark.costs.counters import fvcore_count, torch_count
from benchmark.costs.records import Complexity
from benchmark.methods import outside
from benchmark.methods.find import get_method
from benchmark.methods.method import Method
from benchmark.methods.networks import arguments, build, networks

if TYPE_CHECKING:
    from torch import nn

    from benchmark.costs.counters import RawCount


@dataclass(frozen=True)
class Subject:
    """A network to profile for one task; `method` is set where it is somebody's own, by whose id it is then called."""

    network: str
    task: str
    method: Method | None = None

    def build(self, scale: Scale) -> nn.Module:
        """The network with fresh weights on the CPU, or what somebody's factory gives. Raises BadMethod."""
        if self.method is None:
            return build(self.network, str(scale), self.task)
        from torch import nn

        loaded = outside.load(self.method, self.method.tasks[0])
        inner = getattr(loaded, "restore", None)  # without the look at each output, which would be timed too
        return inner.eval() if isinstance(inner, nn.Module) else loaded

    def chosen(self, scale: Scale) -> dict[str, object]:
        """The constructor's arguments of one of the suite's networks."""
        return {} if self.method else dict(arguments(self.network, str(scale), self.task))


def subjects(names: Sequence[str]) -> list[Subject]:
    """The networks to profile, each with its first task and those that have a variant of their own.

    A name is a network, a method, or somebody's own as `NAME=package.module:Class`. Raises UnknownName, BadMethod.
    """
    known = networks()
    chosen: dict[tuple[str, str], Subject] = {}
    for name in names or list(known):
        network = name.lower() if name.lower() in known else ""
        method = None if network else get_method(name)
        if method is not None and method.loader:
            chosen.setdefault((method.id, ""), Subject(method.id, "own", method))
            continue
        network = network or (method.network if method else "")
        if not network:
            raise UnknownName("network", name, known)
        spec = known[network]
        for task in dict.fromkeys([spec.tasks[0], *spec.by_task]):
            chosen.setdefault((network, str(task)), Subject(network, str(task)))
    return list(chosen.values())


def complexity_of(
    subject: Subject, scale: Scale, size: int, raw: bool = False
) -> tuple[Complexity, dict[str, RawCount]]:
    """Parameters and counts of one network; with `raw`, also what fvcore and torch's own counter say.

    Raises BadMethod for somebody's own that cannot be counted: no nn.Module, or one that does not run on the meta device.
    """
    import torch

    from benchmark.costs.count import count, parameters_used

    with torch.device(
        "cpu" if raw or subject.method else "meta"
    ):  # only fvcore and a stranger's factory have to compute
        built = subject.build(scale).eval()
    try:
        counted = count(built, subject.network, size, subject.chosen(scale))
        parameters = list(built.parameters())
        total, used = sum(p.numel() for p in parameters), parameters_used(built) if parameters else 0
    except Exception as problem:  # a stranger's network may fail in any way on tensors without values
        if subject.method is None:
            raise
        raise BadMethod(
            f"{subject.network} to be counted on the meta device",
            f"{type(problem).__name__}: {str(problem).splitlines()[0][:120] if str(problem) else ''}",
            "Let its forward pass make tensors like its input and not ask for values; a callable is timed alone.",
        ) from problem
    record = Complexity(
        subject.network, str(scale), subject.task, size, total, used, counted.gmacs, counted.true_gflops
    )
    others = {"fvcore": fvcore_count(built, size), "torch": torch_count(built, size)} if raw else {}
    return record, others


def measure_complexity(network: str, task: str, scale: Scale, size: int) -> Complexity:
    """Parameters and counts of one of the suite's networks."""
    return complexity_of(Subject(network, task), scale, size)[0]
