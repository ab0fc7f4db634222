"""Training as the command line and studies ask for it: many jobs, teachers before their students, several at once."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from benchmark.core.errors import AskedToStop, GroupStopped, SlkdBenchError, TrainingStopped
from benchmark.training.job import TrainJob
from benchmark.training.settings import Settings

if TYPE_CHECKING:
    from benchmark.training.execute import Trained

Cluster = Literal["", "local", "slurm"]
MINUTES = 60 * 24 * 3  # that a job may take in a queue


def train(
    jobs: Sequence[TrainJob], settings: Settings = Settings(), processes: int = 1, cluster: Cluster = ""
) -> list[Trained]:
    """Train every job and return what was trained, in their order; teachers are finished before their students begin.

    A job that fails leaves the others of its phase to finish; then the failed ones are named. Weights and cards are
    written as each job ends. Raises as `benchmark.training.execute.run_job`; GroupStopped where one of several jobs
    stopped.

    Args:
        jobs: what to train; each can be pickled.
        settings: of every job.
        processes: how many jobs run at once, each in a process of its own; one runs here.
        cluster: "slurm" or "local" hands the jobs to submitit, with logs beside the runs.
    """
    trained: dict[int, list[Trained]] = {}
    for of_teachers in (True, False):
        phase = {n: job for n, job in enumerate(jobs) if (job.methods[0].kind == "teacher") is of_teachers}
        outcomes = _phase(list(phase.values()), settings, processes, cluster)
        trained |= dict(zip(phase, outcomes, strict=True))
    return [one for number in sorted(trained) for one in trained[number]]


def _phase(jobs: list[TrainJob], settings: Settings, processes: int, cluster: Cluster) -> list[list[Trained]]:
    results: list[list[Trained] | SlkdBenchError] = []
    with _worker(jobs, processes, cluster) as submit:
        handles = [submit(job, settings) for job in jobs]
        for handle in handles:
            try:
                results.append(handle())
            except AskedToStop:
                raise
            except SlkdBenchError as error:
                results.append(error)
    failed = {job.title: r for job, r in zip(jobs, results, strict=True) if isinstance(r, SlkdBenchError)}
    if failed and len(jobs) == 1:
        raise next(iter(failed.values()))
    if failed:
        raise _all_failures(failed, jobs)
    return [result for result in results if isinstance(result, list)]


def _all_failures(failed: dict[str, SlkdBenchError], jobs: Sequence[TrainJob]) -> GroupStopped:
    """The failures of several jobs in one, each under the title that the failed method has alone or its job has."""
    single: dict[str, TrainingStopped] = {}
    by_title = {job.title: job for job in jobs}
    for title, error in failed.items():
        if isinstance(error, GroupStopped):
            methods = {method.id: method for method in by_title[title].methods}
            single |= {by_title[title].title_of(methods[name]): why for name, why in error.failures.items()}
        else:
            single[title] = TrainingStopped(error.expected, error.found, error.remedy)
    return GroupStopped(single, len(jobs))


@contextmanager
def _worker(jobs: Sequence[TrainJob], processes: int, cluster: Cluster) -> Iterator[Any]:
    """What takes a job and settings and gives a function that waits for the result."""
    if cluster and jobs:
        yield _through_submitit(jobs, cluster)
    elif processes > 1 and len(jobs) > 1:
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(min(processes, len(jobs)), mp_context=context) as pool:
            try:
                yield lambda job, settings: pool.submit(run_alone, job, replace(settings, plain=True)).result
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)  # what has not begun does not begin
                raise
    else:
        yield lambda job, settings: lambda: run_alone(job, settings)


def run_alone(job: TrainJob, settings: Settings) -> list[Trained]:
    """`run_job` in the process that is to do it: imports torch there."""
    from benchmark.training.execute import run_job

    return run_job(job, settings)


def _through_submitit(jobs: Sequence[TrainJob], cluster: Cluster) -> Any:
    try:
        import submitit
    except ImportError as error:
        raise SlkdBenchError("submitit", "it is not installed", "Run `pip install 'slkd-bench[slurm]'`.") from error
    folder = jobs[0].outputs.runs / "jobs"
    try:
        executor = submitit.AutoExecutor(folder=folder, cluster=cluster)
    except RuntimeError as error:
        remedy = "Run on a login node, or with --jobs instead of --cluster."
        raise SlkdBenchError("a SLURM queue (sbatch on the PATH)", str(error), remedy) from error
    executor.update_parameters(name="slkd-bench", timeout_min=MINUTES)
    return lambda job, settings: _result_of(executor.submit(run_alone, job, replace(settings, plain=True)))


def _result_of(handle: Any) -> Any:
    """The result of a submitit job; its exception as it was raised there."""

    def wait() -> Any:
        error = handle.exception()
        if error is not None:
            raise SlkdBenchError("the job to finish", str(error)[-600:], f"Its log: {handle.paths.stderr}.")
        return handle.result()

    return wait
