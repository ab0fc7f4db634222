"""The training set of the mini sets: pairs made once by synthesis and packed, so that training only cuts crops of them."""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.core import paths
from benchmark.core.errors import BadData
from benchmark.core.types import Task
from benchmark.datasets.mini.photographs import folder
from benchmark.datasets.packed import Bytes, Manifest, PackedPairs
from benchmark.datasets.packing import Progress, pack
from benchmark.training.data.clean_pictures import PARTS, Photographs, PictureChoice
from benchmark.training.data.synthesis import TURNS, Synthesis

GENERATOR = 2  # raise it whenever a pair changes; 1 was synthesis while training
PAIRS, VALIDATION, SIDE = 1024, 32, 144  # 131 MB a task, 394 MB for the three
FEWEST = 128
VALIDATION_SEED = 900_001  # far from any training seed

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class MiniTrain:
    """What to make: `count` training pairs of `side` pixels for a task, and `validation` pairs of pictures held out.

    Without `photos` the pairs are of dead leaves. Pairs depend on this, and on the photographs' bytes, alone.
    """

    task: Task
    photos: Path | None = None
    count: int = PAIRS
    validation: int = VALIDATION
    side: int = SIDE
    seed: int = 0
    leaves: float = 0.2


def plan_for(task: Task, patch: int, photos: Path | None = None) -> MiniTrain:
    """The usual plan; for larger patches fewer and larger pairs of about the same bytes."""
    side = max(SIDE, patch)
    count = PAIRS if side == SIDE else max(FEWEST, round(PAIRS * (SIDE / side) ** 2))
    return MiniTrain(task, photos, count, VALIDATION, side)


@dataclass(frozen=True)
class MiniTrainMaker:
    """Makes the pairs of `plan`, those for validation after the others; opened anew in each process."""

    plan: MiniTrain
    _streams: dict[str, Synthesis] = field(default_factory=dict, repr=False, compare=False)

    def pairs(self, first: int, last: int) -> Bytes:
        """Pairs `first` to `last` - 1, (last - first, 2, 3, side, side) uint8."""
        made = np.empty((last - first, 2, 3, self.plan.side, self.plan.side), np.uint8)
        for row, number in enumerate(range(first, last)):
            apart = number >= self.plan.count
            sample = self._stream(apart).sample(number - self.plan.count if apart else number)
            for side, image in enumerate(sample):
                made[row, side] = image.transpose(2, 0, 1)
        return made

    def __getstate__(self) -> dict[str, Any]:
        return {"plan": self.plan, "_streams": {}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            object.__setattr__(self, name, value)

    def _stream(self, apart: bool) -> Synthesis:
        part = PARTS[apart]
        if part not in self._streams:
            plan = self.plan
            choice = PictureChoice(plan.photos, plan.leaves, part)
            seed = VALIDATION_SEED + plan.seed if apart else plan.seed
            self._streams[part] = Synthesis(plan.task, 1, plan.side, seed, choice)
        return self._streams[part]


def prepare_mini_train(
    plan: MiniTrain, out: Path, jobs: int = 0, progress: Progress = lambda made, of: None
) -> PackedPairs:
    """Make the pairs of `plan` in `out`, or go on with them, or open what is there; see `packing.pack`."""
    return pack(out, _manifest(plan), MiniTrainMaker(plan), jobs, progress)


def cached_mini_train(plan: MiniTrain) -> PackedPairs:
    """The pairs of `plan` in the user's own folder (`SLKD_BENCH_HOME`), made once for these photographs and this generator."""
    out = paths.home() / "mini-train" / f"{plan.task}-{key_of(plan)[:16]}"
    if not out.is_dir():
        _log.info("making %s training pairs for %s once, in %s", f"{plan.count:,}", plan.task, out)
    return prepare_mini_train(plan, out, progress=_tell)


def key_of(plan: MiniTrain) -> str:
    """SHA-256 of all that decides the pairs: the plan, the generator's version, and the photographs' bytes."""
    return hashlib.sha256(json.dumps(_decides(plan), sort_keys=True).encode()).hexdigest()


def _decides(plan: MiniTrain) -> dict[str, Any]:
    digests = [] if plan.photos is None else [photograph.digest() for photograph in folder(plan.photos)]
    photographs = {"count": len(digests), "sha256": hashlib.sha256("".join(digests).encode()).hexdigest()}
    numbers = {name: value for name, value in asdict(plan).items() if name not in ("task", "photos")}
    return {"generator": GENERATOR, "task": str(plan.task), **numbers, "photographs": photographs}


def _manifest(plan: MiniTrain) -> Manifest:
    if plan.count < 1 or plan.side < 16 or plan.validation < 0:
        found = f"{plan.count} pairs of {plan.side} pixels, {plan.validation} for validation"
        raise BadData("at least one pair of 16 pixels", found, "Check the numbers.")
    facts: dict[str, Any] = {"dataset": f"mini-train, generator {GENERATOR}"}
    title = "dead leaves"
    validation = f"{plan.validation} pairs of dead leaves made apart"
    if plan.photos is not None:
        margin = 2 * Synthesis(plan.task, 1, plan.side).margin
        used, apart = (Photographs(plan.photos, plan.side + margin, part) for part in PARTS)
        title = f"photographs, with a share of {plan.leaves} dead leaves"
        facts |= {"photographs": used.facts()}
        held_out = {p.path for p in apart.photographs}.isdisjoint(p.path for p in used.photographs)
        whose = (
            f"{len(apart)} photographs held out" if held_out else "the training photographs, too few to hold any out"
        )
        validation = f"{plan.validation} pairs of {whose}"
    return Manifest(
        title=title,
        task=plan.task,
        count=plan.count,
        validation=plan.validation,
        height=plan.side,
        width=plan.side,
        turns=TURNS[plan.task],
        made_by=_decides(plan),
        facts=facts | {"validation": validation},
    )


def _tell(made: int, of: int) -> None:
    if made == of or made % 256 == 0:
        _log.info("%d of %d training pairs", made, of)
