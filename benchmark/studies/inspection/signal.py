"""Whether a feature loss answers to a degradation: its value over what moving the picture gives (`inspect --signal`).

The criterion by which the default reading was chosen, written down in docs/explanations/losses.md.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmark.core.errors import BadData
from benchmark.core.types import Scale, Task
from benchmark.datasets.mini import motion, rain, sensor
from benchmark.datasets.mini.light import Bytes, Image, quantise
from benchmark.datasets.mini.photographs import calibration, folder
from benchmark.methods.find import get_method
from benchmark.methods.weights.loading import load_network
from benchmark.studies.inspection.probing import probed

if TYPE_CHECKING:
    from torch import Tensor

    from baselines.distillation.probe import Converted, FeatureTerm, Pairs, Probe
    from baselines.distillation.spec import ReadingOfEquations

FAR = 8  # pixels of the larger shift
CROPS = {64: 2, 128: 1}  # of each photograph, by patch
MARGIN = {Task.DERAINING: 0, Task.DEBLURRING: motion.MARGIN, Task.DENOISING: sensor.MARGIN}


@dataclass(frozen=True)
class Signal:
    """A loss between the teacher's features of degraded pictures and of other inputs, for one case.

    `clean` is of the same pictures without degradation, `near` and `far` of the degraded ones moved by 1 and by 8 pixels,
    `white` of white noise of each level's RMS in place of features, `other` of other degraded pictures. `levels` and
    `descriptors` are the shares of the level and of each descriptor in `clean`.
    """

    teacher: str
    task: str
    patch: int
    term: str
    clean: float
    near: float
    far: float
    white: float
    other: float
    levels: tuple[float, ...] = ()
    descriptors: dict[str, float] = field(default_factory=dict)

    @property
    def over_near(self) -> float:
        """Signal over nuisance for a shift by one pixel."""
        return self.clean / self.near

    @property
    def over_far(self) -> float:
        """Signal over nuisance for a shift by eight pixels."""
        return self.clean / self.far

    @property
    def noise_over_clean(self) -> float:
        """White noise over the signal."""
        return self.white / self.clean


@dataclass(frozen=True)
class Summary:
    """All cases of a reading and a term in five numbers: geometric means, and the extremes."""

    reading: str
    term: str
    over_near: float
    over_far: float
    least_over_far: float
    least_noise: float
    below: int

    @property
    def score(self) -> float:
        """What the criterion compares: the geometric mean over cases and both shifts."""
        return math.sqrt(self.over_near * self.over_far)


def summary(reading: str, found: Sequence[Signal]) -> Summary:
    """The summary of the cases of one term."""
    near, far = (_geometric(values) for values in ([s.over_near for s in found], [s.over_far for s in found]))
    noise = [s.noise_over_clean for s in found]
    least = min(s.over_far for s in found)
    return Summary(reading, found[0].term, near, far, least, min(noise), sum(value < 1.5 for value in noise))


@dataclass(frozen=True)
class Case:
    """A teacher on a task, at a patch."""

    teacher: str
    task: Task
    patch: int


def measure_signal(
    case: Case,
    readings: Iterable[str | ReadingOfEquations],
    photos: Path | None = None,
    scale: Scale = Scale.MINI,
    probe: Probe | None = None,
) -> dict[str, list[Signal]]:
    """The signals of the feature losses of a case, by reading; the teacher's features are computed once.

    Without a `probe` it is the one of `probed()`. Raises BadWeights without a trained teacher, BadData without photographs
    or for smaller ones.
    """
    import torch

    probe = probe or probed().load_probe()
    network: Any = load_network(get_method(case.teacher), case.task, scale, 0).eval()
    images = inputs(case.task, case.patch, pictures(photos))
    with torch.no_grad():
        features = {name: network.features(image) for name, image in images.items()}
    kept = {half: {name: getattr(f, half) for name, f in features.items()} for half in set(probe.halves.values())}
    found: dict[str, list[Signal]] = {}
    for chosen in map(probe.reading, readings):
        found[chosen.name] = []
        for term, half in probe.halves.items():
            made = probe.feature_term(term, chosen, tuple(getattr(network, f"{half}_widths")))
            found[chosen.name].append(_signal(case, term, made, kept[half]))
    return found


def pictures(photos: Path | None) -> list[Bytes]:
    """The photographs that are looked at: a folder's, or five in pyiqa's package, which no network was trained on."""
    found = folder(photos) if photos else calibration()
    if not found:
        raise BadData(
            "pyiqa's five calibration pictures", "not all of them", "Give photographs of your own: --photos DIR."
        )
    return [photograph.read() for photograph in found]


def inputs(task: Task, patch: int, photographs: Sequence[Bytes]) -> dict[str, Tensor]:
    """What the teacher sees, (N, 3, patch, patch) each: `degraded`, `clean`, moved by `near` and `far` right and down, `other`.

    The moved ones are cut out of the same larger degraded pictures, so that no border is made.
    """
    import torch

    pairs = [
        _degraded(photograph, number, crop, task, patch)
        for number, photograph in enumerate(photographs)
        for crop in range(CROPS.get(patch, 1))
    ]
    degraded, clean = (
        torch.from_numpy(np.stack(side)).permute(0, 3, 1, 2).float() / 255 for side in zip(*pairs, strict=True)
    )

    def cut(image: Tensor, down: int, right: int) -> Tensor:
        return image[..., down : down + patch, right : right + patch].contiguous()

    found = {"degraded": cut(degraded, 0, 0), "clean": cut(clean, 0, 0)}
    for name, step in (("near", 1), ("far", FAR)):
        found |= {f"{name} right": cut(degraded, 0, step), f"{name} down": cut(degraded, step, 0)}
    return found | {"other": found["degraded"].roll(CROPS.get(patch, 1), 0)}


def _degraded(photograph: Bytes, number: int, crop: int, task: Task, patch: int) -> tuple[Bytes, Bytes]:
    rng = np.random.Generator(np.random.PCG64([7, number, crop]))
    side = patch + FAR + 2 * MARGIN[task]
    if min(photograph.shape[:2]) < side:
        size = f"{photograph.shape[1]} x {photograph.shape[0]}"
        raise BadData(f"photographs of at least {side} x {side}", f"one of {size}", "Give larger ones.")
    top, left = (int(rng.integers(length - side + 1)) for length in photograph.shape[:2])
    clean = photograph[top : top + side, left : left + side].astype(np.float32) / np.float32(255)
    degraded, target = _degrade(clean, task, rng)
    return quantise(degraded), quantise(target)


def _degrade(clean: Image, task: Task, rng: np.random.Generator) -> tuple[Image, Image]:
    if task is Task.DENOISING:
        return sensor.sense(clean, rng)
    if task is Task.DEBLURRING:
        return motion.shake_camera(clean, rng)
    if rng.random() < 0.5:
        return rain.streak_rain(clean, int(rng.integers(len(rain.FOURTEEN))), rng)
    return rain.dense_rain(clean, tuple(rain.DENSITIES)[int(rng.integers(len(rain.DENSITIES)))], rng)


def _signal(
    case: Case, term: str, made: tuple[Converted, FeatureTerm], features: dict[str, tuple[Tensor, ...]]
) -> Signal:
    import torch

    scale, loss = made
    teacher = features["degraded"]
    generator = torch.Generator().manual_seed(0)
    white = tuple(torch.randn(level.shape, generator=generator) * level.square().mean().sqrt() for level in teacher)
    with torch.no_grad():
        loss(scale(teacher, teacher))  # sets what is normal for this teacher
        loss.eval()
        values = {name: float(loss(scale(other, teacher))) for name, other in (features | {"white": white}).items()}
        pairs = scale(features["clean"], teacher)
        levels = loss.by_level(pairs)
        shares = _shares(loss, pairs, [level for level, _ in levels])
    near, far = ((values[f"{name} right"] + values[f"{name} down"]) / 2 for name in ("near", "far"))
    return Signal(
        case.teacher,
        str(case.task),
        case.patch,
        term,
        values["clean"],
        near,
        far,
        values["white"],
        values["other"],
        tuple(float(value) / values["clean"] for _, value in levels),
        shares,
    )


def _shares(loss: FeatureTerm, pairs: Pairs, levels: Sequence[int]) -> dict[str, float]:
    """The share of each descriptor in a standardised loss; none for the others."""
    if not loss.standardised:
        return {}
    values = sum(
        (loss.by_descriptor(*pairs[level], level) for level in levels[1:]),
        loss.by_descriptor(*pairs[levels[0]], levels[0]),
    )
    total = float(values.sum())
    return {name: float(value) / total for name, value in zip(loss.names, values, strict=True)} if total else {}


def _geometric(values: Sequence[float]) -> float:
    return math.exp(sum(math.log(value) for value in values) / len(values)) if min(values) > 0 else 0.0
