"""What `slkd-bench run` does: choose methods and data sets, plan, compute. It gives a summary and prints nothing."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from benchmark.core.devices import resolve
from benchmark.core.errors import SlkdBenchError
from benchmark.core.files import write_atomically
from benchmark.datasets import resolve as named
from benchmark.runs.choose import FolderOptions, choose_methods, is_folder_name
from benchmark.runs.execute import Observer, Summary, execute
from benchmark.runs.options import RunRequest
from benchmark.runs.plan import Plan, make_plan
from benchmark.runs.remembered import Opening, is_remembered, method_words, open_datasets
from benchmark.runs.shards import chosen_shard


def run(request: RunRequest, observer: Observer | None = None) -> Summary:
    """Computes what is asked for and not done yet.

    Raises SlkdBenchError where nothing is chosen, a choice does not exist, or weights are missing of what was named.
    """
    if not (request.everything or request.methods or request.datasets):
        raise SlkdBenchError(
            "something to run",
            "neither --all nor --method nor --dataset",
            "Say `slkd-bench run --all`, or choose with --method and --dataset.",
        )
    _check_folder_options(request)
    check_writable(request.out)
    if request.options.save_images:
        check_writable(request.options.save_images, "--save-images")
    request = replace(request, options=replace(request.options, device=resolve(request.options.device)))
    plan = plan_of(request)
    plan.cells = chosen_shard(request.shard).of(plan.cells)
    if request.threads:
        import torch

        torch.set_num_threads(request.threads)
    return execute(plan, request.options, observer=observer)


def plan_of(request: RunRequest) -> Plan:
    """The cells of a request. Raises SlkdBenchError where weights of what was named are missing."""
    names = [method_words(name, request.out) for name in request.methods]
    chosen = choose_methods(names, request.own)
    folders = FolderOptions(request.protocol, request.task, request.options.keep_going)
    how = Opening(request.photos, folders)
    datasets = open_datasets(request.datasets, request.scale, request.out, how)
    plan = make_plan(chosen, datasets, request.scale, request.out, seeds=request.seeds or None, options=request.options)
    if not plan.cells or (request.methods and request.datasets and plan.missing):
        raise SlkdBenchError(
            "trained weights of every chosen method, for the task of its data set",
            "; ".join(f"{what}: {why}" for what, why in plan.missing.items())
            or "no chosen method is for the task of a chosen data set",
            "Run the command named, or choose others (`slkd-bench list methods`).",
        )
    return plan


def _check_folder_options(request: RunRequest) -> None:

    given = [name for name in request.datasets if not is_folder_name(name) and not is_remembered(name, request.out)]
    official = given or ([] if request.datasets else ["all"])
    if official and (request.protocol or request.task):
        for name in official if request.datasets else ():
            named(name, request.scale)  # a misspelt folder is no data set
        remedy = "Leave --protocol and --task away; `slkd-bench score` scores saved images under any protocol."
        raise SlkdBenchError(
            "--protocol and --task for folders only", f"the data set '{official[0]}', which has its own", remedy
        )


def check_writable(out: Path, option: str = "--out") -> None:
    """Raises BadOutput at once, before hours of work, when `out` cannot be written."""
    probe = out / f".writable-{os.getpid()}"  # several runs may fill one folder
    try:
        write_atomically(probe, "")
    except SlkdBenchError as problem:
        remedy = problem.remedy.replace("--out", option)
        raise type(problem)(problem.expected, problem.found, remedy) from problem
    probe.unlink(missing_ok=True)
