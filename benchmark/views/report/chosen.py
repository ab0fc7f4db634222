"""What a page shows: all results beside the paper's tables, or those of chosen methods in a table of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from benchmark.core.errors import BadResult
from benchmark.methods.catalogue import registered
from benchmark.views.figures.pareto import costs_known
from benchmark.views.tables.own import OwnTable, further_metrics, method_named, own_tables
from benchmark.views.tables.results import Results
from benchmark.views.tables.specs import TableSpec, tables

OWN = "own"
INPUT = "identity"


def is_own(method: str) -> bool:
    """Whether a method is somebody's own: neither registered nor a variant of a registered one."""
    return method.partition("@")[0] not in registered()


def only(results: Results, names: Sequence[str]) -> Results:
    """The results of the methods called so (`own`: of all that are somebody's own), and of the degraded input beside them.

    Raises UnknownName for a method without results, BadResult where none is somebody's own.
    """
    if not names:
        return results
    present = list(dict.fromkeys(method for method, _ in results.cells))
    chosen: dict[str, None] = {}
    for name in names:
        if name.lower() != OWN:
            chosen[method_named(name, results)] = None
            continue
        own = [method for method in present if is_own(method)]
        if not own:
            found = f"results of {', '.join(present) or 'none'}"
            raise BadResult("results of a network of your own", found, "Run it first: `run -m NAME=module:Class`.")
        chosen |= dict.fromkeys(own)
    sets = {dataset for method, dataset in results.cells if method in chosen}
    if not sets:
        raise BadResult(f"results of {', '.join(chosen)}", "none at this scale", "Run it, or choose another --scale.")
    kept = {
        (method, dataset): cells
        for (method, dataset), cells in results.cells.items()
        if dataset in sets and method in {*chosen, INPUT}
    }
    ordered = dict(sorted(kept.items(), key=lambda item: [INPUT, *chosen].index(item[0][0])))
    return replace(results, cells=ordered, partial=[cell for cell in results.partial if cell.method in chosen])


def specs_of(results: Results, names: Sequence[str], paper: str = "") -> list[TableSpec]:
    """The tables of a page: the paper's; or one of the chosen methods, with every metric and cost that is known of them."""
    if not names:
        return list(tables(paper).values())
    methods = tuple(dict.fromkeys(method for method, _ in results.cells))
    metrics = ("psnr", "ssim", *further_metrics(results), *costs_known(results, methods))
    return own_tables(OwnTable(methods, metrics=metrics), results, paper)


def sentence_of(results: Results) -> str:
    """What stands at the head of a page of chosen methods."""
    methods = [method for method in dict.fromkeys(method for method, _ in results.cells) if method != INPUT]
    sets = list(dict.fromkeys(dataset for _, dataset in results.cells))
    one = f"{methods[0]} on " if len(methods) == 1 else f"{len(methods)} methods on "
    where = sets[0] if len(sets) == 1 else f"{len(sets)} data sets"
    return f"{one}{where}, at scale {results.scale}."
