"""Fresh scores beside those of the reference: what fell, what rose, and by how much."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from benchmark.check.findings import Finding, Severity
from benchmark.check.tolerance import PSNR_FLOOR, SSIM_FLOOR, SSIM_PER_DB, Change, change
from benchmark.runs.cells import FOLDERS, Cell, ImageScore
from benchmark.statistics import CONFIDENCE

_WORST = 3


@dataclass(frozen=True)
class Tolerance:
    """The fall that is accepted: of PSNR in dB, and of SSIM."""

    psnr: float = PSNR_FLOOR
    ssim: float = SSIM_FLOOR


def tolerance_in_db(decibels: float | None) -> Tolerance:
    """The tolerance for a PSNR given in dB, and a hundredth of it for SSIM; never below the floors."""
    given = decibels or 0.0
    return Tolerance(max(PSNR_FLOOR, given), max(SSIM_FLOOR, given * SSIM_PER_DB))


@dataclass(frozen=True)
class Cause:
    """What is not as it was and may explain a change; and the reference, method and data set as commands name them."""

    differs: str = ""
    reference: str = ""
    method: str = ""
    dataset: str = ""

    @property
    def where(self) -> str:
        """The option that names the reference; none for the shipped one."""
        return f" --reference {self.reference}" if self.reference else ""


@dataclass(frozen=True)
class _Number:
    """PSNR or SSIM in words and digits."""

    name: str
    unit: str
    digits: int
    floor: float

    def shown(self, value: float, sign: bool = False) -> str:
        return f"{value:{'+' if sign else ''}.{self.digits}f}{self.unit}"


_PSNR = _Number("PSNR", " dB", 4, PSNR_FLOOR)
_SSIM = _Number("SSIM", "", 6, SSIM_FLOOR)


def compare_scores(cell: Cell, fresh: Sequence[ImageScore], tolerance: Tolerance, cause: Cause) -> list[Finding]:
    """What became of a network's scores; `cause` says what else is not as it was, and may explain it."""
    rows = differ(cell.scores, fresh)
    scenes = [old.scene or old.name for old, _, _ in rows]
    findings = []
    for number, bound, place in ((_PSNR, tolerance.psnr, 1), (_SSIM, tolerance.ssim, 2)):
        differences = [(row[1], row[2])[place - 1] for row in rows]
        found = change(differences, scenes)
        before = [(old.psnr, old.ssim)[place - 1] for old, _, _ in rows]
        after = [(score.psnr, score.ssim)[place - 1] for score in fresh]
        means = f"{number.shown(fmean(before))} to {number.shown(fmean(after))}"
        if math.isnan(found.mean):
            text = f"{number.name} is no number on some images of {cell.dataset} ({means})"
            remedy = "Look at the protocol and at the network's output: no score may be NaN."
            findings.append(
                Finding(Severity.FAILURE, f"{number.name} is no number", text + _cause(cause.differs), remedy)
            )
        elif found.loss > bound:
            fell = found.mean < 0
            title = f"{number.name} fell" if fell else f"{number.name} may have fallen"
            text = (
                f"{number.name} {'fell by ' + number.shown(-found.mean) if fell else 'changed from image to image'} "
                f"on {cell.dataset} ({means}, mean of {_of(rows, cell)}); at {CONFIDENCE:.0%} it may have lost "
                f"{number.shown(found.loss)}, the tolerance is {number.shown(bound)}. {_extremes(rows, place, number)}"
            )
            findings.append(Finding(Severity.FAILURE, title, text + _cause(cause.differs), _remedy(cell, cause)))
        elif found.gain > number.floor:
            text = (
                f"{number.name} rose by {number.shown(found.mean)} on {cell.dataset} ({means}, mean of {_of(rows, cell)}), "
                f"at {CONFIDENCE:.0%} by at least {number.shown(found.gain)}"
            )
            remedy = f"Accept it with `slkd-bench check{cause.where} --update`."
            findings.append(Finding(Severity.IMPROVEMENT, f"{number.name} rose", text + _cause(cause.differs), remedy))
        elif max(map(abs, differences)) > number.floor:
            findings.append(Finding(Severity.NOTE, f"{number.name} changed", _within(found, number, bound)))
    return findings


def compare_scoring(cell: Cell, fresh: Sequence[ImageScore], tolerance: Tolerance, cause: Cause) -> list[Finding]:
    """What became of the degraded input's scores. No network is in them, so any change at all, up or down, is one of the
    protocol's behaviour or of the data.
    """
    rows = differ(cell.scores, fresh)
    findings = []
    for number, place in ((_PSNR, 1), (_SSIM, 2)):
        differences = [(row[1], row[2])[place - 1] for row in rows]
        if any(math.isnan(d) or abs(d) > number.floor for d in differences):
            text = (
                f"the degraded input of {cell.dataset} scores {number.shown(fmean(differences), True)} {number.name} "
                f"against the reference under {cell.key.get('protocol')}. {_extremes(rows, place, number)} "
                "No network is in this: the protocol computes something else"
            )
            remedy = "Undo the change of benchmark/protocols, or give the protocol a new version and make the reference anew."
            findings.append(
                Finding(Severity.FAILURE, f"{number.name} scored differently", text + _cause(cause.differs), remedy)
            )
    return findings


def differ(reference: Sequence[ImageScore], fresh: Sequence[ImageScore]) -> list[tuple[ImageScore, float, float]]:
    """The reference score of each fresh image with what PSNR and SSIM changed by; equal infinities changed by 0."""
    known = {score.name: score for score in reference}
    rows = []
    for score in fresh:
        old = known[score.name]
        psnr = 0.0 if old.psnr == score.psnr else score.psnr - old.psnr
        rows.append((old, psnr, score.ssim - old.ssim))
    return rows


def _of(rows: Sequence[object], cell: Cell) -> str:
    return f"{len(rows)} images" if len(rows) == len(cell.scores) else f"{len(rows)} of {len(cell.scores)} images"


def _extremes(rows: Sequence[tuple[ImageScore, float, float]], place: int, number: _Number) -> str:
    """The images that changed most, the largest fall first."""
    ordered = sorted(rows, key=lambda row: (row[1], row[2])[place - 1])
    falls = [row for row in ordered if (row[1], row[2])[place - 1] < 0][:_WORST]
    shown = falls or ordered[-_WORST:][::-1]
    listed = ", ".join(f"{row[0].name} {number.shown((row[1], row[2])[place - 1], True)}" for row in shown)
    return f"{'Worst' if falls else 'Most'}: {listed}."


def _within(found: Change, number: _Number, bound: float) -> str:
    return (
        f"{number.name} {number.shown(found.mean, True)} on average; at {CONFIDENCE:.0%} it lost at most "
        f"{number.shown(found.loss)}, within the tolerance of {number.shown(bound)}"
    )


def _cause(differs: str) -> str:
    return f" Not as in the reference: {differs}." if differs else " Nothing else that is recorded changed."


def _remedy(cell: Cell, cause: Cause) -> str:
    seed = f" --seed {cell.seed}" if cell.seed else ""
    scale = cell.key.get("scale") or ("" if cell.scale == FOLDERS else cell.scale)
    where = f"--method {cause.method or cell.method} --dataset {cause.dataset or cell.dataset}"
    if cell.scale == FOLDERS:
        where += f" --protocol {str(cell.key.get('protocol', '')).partition('@')[0]}"
        where += f" --task {cell.origin['task']}" if "task" in cell.origin else ""
    where += f" --scale {scale}" if scale else ""
    undo = "Undo the change of the weights" if "weights" in cause.differs else "Undo the change of the code"
    return (
        f"{undo}. If the loss is meant: `slkd-bench check{cause.where} --accept {cell.method}`; or delete its reference "
        f"file, then `slkd-bench run {where}{seed} --out {cause.reference or 'results/mini'}`."
    )
