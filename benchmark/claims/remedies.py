"""The commands that would make a claim testable, ready to be copied."""

from __future__ import annotations

from functools import cache

from benchmark.claims.claim import Claim
from benchmark.core.types import Scale
from benchmark.datasets.passport import passports
from benchmark.methods.find import get_method

TIMES = "slkd-bench profile --all --scale paper --size 512 --device cuda --save"
COUNTS = "slkd-bench profile --all --scale paper --save && slkd-bench audit complexity --save"


@cache
def run_commands(methods: tuple[str, ...], datasets: tuple[str, ...], scale: Scale) -> str:
    """Data, weights, training where nobody publishes weights, and the run, one after the other.

    Hundreds of claims ask for the same ones, and each asks which networks and data sets there are: what is kept is
    cleared by `verdicts`.
    """
    chosen = "".join(f" --method {name}" for name in methods)
    if scale is Scale.MINI:
        return f"slkd-bench run{chosen}" + "".join(f" --dataset {name}" for name in datasets)

    tasks = list(dict.fromkeys(str(passports()[name].task) for name in datasets))
    steps = [f"slkd-bench data where {name}" for name in datasets]
    for name in methods:
        steps += [step for task in tasks for step in _weights(name, task) if step not in steps]
    runs = "".join(f" --dataset {name}" for name in datasets)
    return " && ".join([*dict.fromkeys(steps), f"slkd-bench run{chosen}{runs} --scale paper"])


def _weights(name: str, task: str) -> list[str]:
    method = get_method(name)
    if not method.distiller:
        return [f"slkd-bench weights import {name} FILE --task {task}"]
    train = f"slkd-bench train {name} --task {task} --scale paper"
    return [*(_weights(method.teacher, task) if method.teacher else []), train]


def of_quality(claim: Claim) -> str:
    """For a PSNR or SSIM at scale paper: on the set it is really of, and on the set its column names."""
    datasets = tuple(dict.fromkeys(name for name in (claim.true_dataset, claim.dataset) if name))
    methods = tuple(name for name in (claim.method, claim.than) if name)
    return run_commands(methods, datasets, Scale.PAPER) if methods and datasets else ""
