"""Which distiller's probe looks into a training: its own, or that of the paper's distiller where it has none."""

from __future__ import annotations

from baselines.distillation.spec import DistillerSpec
from benchmark.core.errors import SlkdBenchError
from benchmark.methods.distillers import distillers
from benchmark.methods.method import Method
from benchmark.papers.read import every_paper


def probed(method: Method | None = None) -> DistillerSpec:
    """The distiller whose probe looks into `method`: the first with one of its own, the papers' and all the others.

    Raises SlkdBenchError where nobody has one.
    """
    known = distillers()
    own = [family.own for paper in every_paper() for family in paper.methods.family]
    for name in ([method.distiller] if method else []) + own + list(known):
        if name in known and known[name].probe:
            return known[name]
    remedy = "Declare one: `probe` in the SPEC of a distiller."
    raise SlkdBenchError("a distiller that can be looked into", "none with a probe", remedy)
