"""A tiny study in a process of its own that is killed when it writes its n-th file: PLAN FOLDER N (0: to its end)."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmark.studies.plans import execute
from benchmark.studies.plans.execute import run_study
from benchmark.studies.plans.plan import read_plan
from benchmark.studies.plans.trainings import Folder
from tests.studies.plans.test_plans import QUIET, FewImages
from tests.training.jobs import use_blobs


def main(plan: str, folder: str, last: int) -> None:
    """Runs the study; SIGKILL in the place of its `last` replacement of a file."""
    patch = pytest.MonkeyPatch()
    use_blobs(patch)
    patch.setattr(execute, "choose_datasets", lambda names, scale: [FewImages()])
    whole: Callable[..., Any] = os.replace
    written = 0

    def counted(*args: Any, **kwargs: Any) -> Any:
        nonlocal written
        written += 1
        if written == last:
            os.kill(os.getpid(), signal.SIGKILL)
        return whole(*args, **kwargs)

    patch.setattr(os, "replace", counted)
    outcome = run_study(read_plan(plan), Folder(Path(folder)), QUIET)
    sys.exit(0 if outcome.whole else 1)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
