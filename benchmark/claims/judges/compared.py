"""Two methods on one set: which result files are held against each other, and the effects in them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from benchmark.claims.claim import Claim
from benchmark.claims.evidence import Evidence, alike, card_of
from benchmark.claims.remedies import of_quality, run_commands
from benchmark.claims.verdict import Status, Verdict
from benchmark.core.types import Scale
from benchmark.runs.cells import Cell
from benchmark.statistics import FLOOR, Effect, averaged, effect, paired


@dataclass(frozen=True)
class Compared:
    """A claim with its effects by metric, in the order of the claim's metrics, on `dataset`, and the cells behind them."""

    claim: Claim
    dataset: str
    effects: dict[str, Effect]
    cells: tuple[Cell, ...]


def compare(claim: Claim, evidence: Evidence) -> Compared | Verdict:
    """The effects on the set the claim really is of, or else on the set that it names; a verdict where there are none."""
    for name in dict.fromkeys((claim.true_dataset, claim.dataset)):
        dataset = name if evidence.scale is Scale.PAPER else f"mini-{name}"
        first, second = (evidence.cells.get((method, dataset)) for method in (claim.method, claim.than))
        if not first or not second or not alike([*first, *second]):
            continue
        used = _used(first, second, evidence)
        if lost := [problem for cell in used if (problem := evidence.collapsed(cell))]:
            reason = "; ".join(dict.fromkeys(lost))
            return Verdict(claim, Status.UNTESTABLE, None, None, reason, "", str(evidence.scale), budget(used))
        effects: dict[str, Effect] = {}
        for metric in (claim.metric, *claim.also):
            if (found := _effect(used, metric, claim, evidence)) is not None:
                effects[metric] = found
        if claim.metric in effects:
            return Compared(claim, dataset, effects, tuple(used))
    return _not_run(claim, evidence)


def _used(first: Sequence[Cell], second: Sequence[Cell], evidence: Evidence) -> list[Cell]:
    """The cells that a comparison rests on: of the seeds that both have, where both were trained with seeds."""
    sides = []
    for cells, others in ((first, second), (second, first)):
        seeds = {cell.seed for cell in others} if all(evidence.trained(c) for c in (*cells, *others)) else set()
        sides += [cell for cell in cells if cell.seed in seeds] or list(cells)
    return sides


def _effect(used: Sequence[Cell], metric: str, claim: Claim, evidence: Evidence) -> Effect | None:
    """The effect in one metric, a row a seed. A method whose weights are its authors' is the same in every row."""
    first, second = ([c for c in used if c.method == method] for method in (claim.method, claim.than))
    by_seed = [{cell.seed: averaged([cell]) for cell in cells} for cells in (first, second)]
    noisy = [any(evidence.trained(cell) for cell in cells) for cells in (first, second)]
    common = by_seed[0].keys() & by_seed[1].keys() if all(noisy) else by_seed[0 if noisy[0] else 1].keys()
    if all(noisy) and common:
        pairs = [(by_seed[0][seed], by_seed[1][seed]) for seed in sorted(common)]
    elif any(noisy) and not all(noisy):
        fixed = averaged(second if noisy[0] else first)
        pairs = [(table, fixed) if noisy[0] else (fixed, table) for table in by_seed[0 if noisy[0] else 1].values()]
    else:
        pairs = [(averaged(first), averaged(second))]
    found = [paired(worse, better) for better, worse in pairs]
    names = [name for name in found[0].names if all(name in one.names for one in found)]
    if not names:
        return None
    scenes = dict(zip(found[0].names, found[0].scenes, strict=True))
    rows = []
    for one in found:
        values = dict(zip(one.names, getattr(one, metric), strict=True))
        rows.append([values[name] for name in names])
    spread = evidence.seed_spread(metric) if any(noisy) else None
    return effect(rows, [scenes[name] for name in names], FLOOR[metric], spread)


def budget(cells: Iterable[Cell]) -> str:
    """What the compared networks were trained with, from the cards of their weights."""
    told = []
    for cell in cells:
        recipe = card_of(cell).get("recipe") or {}
        if recipe.get("iterations"):
            told.append(f"{recipe['iterations']:,} steps of {recipe['batch']} patches of {recipe['patch']}")
    return " or ".join(dict.fromkeys(told)) or "no training card beside the results"


def _not_run(claim: Claim, evidence: Evidence) -> Verdict:
    mini = evidence.scale is not Scale.PAPER
    names = [f"mini-{claim.dataset}"] if mini else list(dict.fromkeys((claim.true_dataset, claim.dataset)))
    missing = [
        method for method in (claim.method, claim.than) if not any(evidence.cells.get((method, name)) for name in names)
    ]
    lacking = f"no result of {' and '.join(missing)}" if missing else "no results on the same images"
    reason = f"not run: {lacking} on {' or '.join(names)}"
    remedy = run_commands((claim.method, claim.than), tuple(names), Scale.MINI) if mini else of_quality(claim)
    return Verdict(claim, Status.UNTESTABLE, None, None, reason, remedy, str(evidence.scale), reading=claim.reading)
