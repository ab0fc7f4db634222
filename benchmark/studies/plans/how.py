"""How a study is done on this machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.studies.plans.trainings import Training, grouped
from benchmark.training.data.source import DataSource
from benchmark.training.settings import Settings
from benchmark.training.train import Cluster


@dataclass(frozen=True)
class StudyRun:
    """Settings of every training, how many at once, which part of the study, and where data and checkpoints are from.

    Up to `beside` students of one teacher train side by side in one process. `checkpoints` is the folder below which the
    authors' files of imported teachers lie; None: the user's own weights.
    """

    settings: Settings = Settings()
    processes: int = 1
    shard: tuple[int, int] = (1, 1)
    data: DataSource = DataSource()
    cluster: Cluster = ""
    checkpoints: Path | None = None
    beside: int = 6

    def mine(self, trainings: Sequence[Training]) -> list[list[Training]]:
        """The trainings of this shard by those that run side by side: every n-th of a whole stage's groups, whatever is
        done already, so that none is done twice."""
        first, count = self.shard
        return grouped(trainings, self.beside)[first - 1 :: count]
