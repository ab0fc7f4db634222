"""The laboratory: methods, data sets, protocols, runs, costs, tables, training and the command line; in Python, four calls.

    import benchmark as lab

    cell = lab.evaluate(network, "gopro")          # any callable on (N, 3, H, W) in [0, 1]
    cell = lab.score("restored/", "gopro")         # images restored elsewhere
    frame = lab.results("runs")                    # every image of every result, as a pandas.DataFrame
    text = lab.table("II", form="latex")           # a table, in the form that is asked for

Importing this package imports nothing heavy.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmark.facade import How, evaluate, results, score, table

__all__ = ["How", "__version__", "evaluate", "results", "score", "table"]
__version__ = "0.2.0"


def __getattr__(name: str) -> Any:
    if name in ("How", "evaluate", "results", "score", "table"):
        return getattr(importlib.import_module("benchmark.facade"), name)
    raise AttributeError(f"module 'benchmark' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
