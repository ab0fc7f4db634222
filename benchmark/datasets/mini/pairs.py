"""The five embedded test sets: degraded and clean pairs made from photographs, the same on every machine.

Every draw comes from PCG64 with whole-number seeds, everything is reckoned in float64 and rounded to 8 bits at the
end, so that differences between machines in the last bit vanish.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from benchmark.core.types import Pair, Scale, Task
from benchmark.datasets.mini import EACH, SCENES, motion, rain, sensor
from benchmark.datasets.mini.light import Bytes, Image, quantise
from benchmark.datasets.mini.photographs import Photograph, best_crops

GENERATION = 1  # of the first version; raise it whenever a pair changes: fingerprints, and so results, hang on it
HEIGHT, WIDTH = 128, 192


@dataclass(frozen=True)
class Recipe:
    """How one mini set is made: clean pixels needed beyond the pair's edge, and the degradation of a pair.

    `degrade(crop, other, turn, rng)`: the crop, a crop of another photograph, which pair of all this is.
    """

    seed: int
    margin: int
    degrade: Callable[[Image, Image, int, np.random.Generator], tuple[Image, Image]]


def _densities(crop: Image, other: Image, turn: int, rng: np.random.Generator) -> tuple[Image, Image]:
    return rain.dense_rain(crop, tuple(rain.DENSITIES)[turn % 3], rng)


RECIPES = {
    "mini-rain1400": Recipe(1, 0, lambda crop, other, turn, rng: rain.streak_rain(crop, 5 * turn, rng)),
    "mini-test1200": Recipe(2, 0, _densities),
    "mini-gopro": Recipe(3, motion.MARGIN, lambda crop, other, turn, rng: motion.shake_camera(crop, rng)),
    "mini-hide": Recipe(4, motion.MARGIN, lambda crop, other, turn, rng: motion.move_subject(other, crop, rng)),
    "mini-sidd": Recipe(5, sensor.MARGIN, lambda crop, other, turn, rng: sensor.sense(crop, rng)),
}


@dataclass(frozen=True)
class MiniDataset:
    """One mini test set: three pairs of 192 x 128 pixels from each of its photographs; `Dataset` of the laboratory."""

    id: str
    title: str
    task: Task
    protocol: str
    photographs: tuple[Photograph, ...]
    seed: int = 0
    scale: Scale = Scale.MINI
    made_from: str = ""  # the folder of photographs, when they are not the version's own
    version: int = 1
    _made: dict[int, tuple[Bytes, Bytes]] = field(default_factory=dict, repr=False, compare=False)
    _crops: dict[int, list[Image]] = field(default_factory=dict, repr=False, compare=False)
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False, compare=False)

    @property
    def recipe(self) -> str:
        """The mini set whose degradation this is: the id without its version and the folder of photographs."""
        own = self.id.removesuffix(f"-{self.made_from}") if self.made_from else self.id
        return own.partition("@")[0]

    def over(self, photographs: tuple[Photograph, ...], made_from: str, told: str) -> MiniDataset:
        """The same degradations of other photographs, under a name and a title of its own."""
        return MiniDataset(
            f"{self.id}-{made_from}",
            f"{self.title}, {told}",
            self.task,
            self.protocol,
            photographs,
            self.seed,
            made_from=made_from,
            version=self.version,
        )

    def __len__(self) -> int:
        return EACH * len(self.photographs)

    def names(self) -> list[str]:
        """The pairs' names: scene and a number from 1 to 3."""
        return [f"{photograph.scene}-{k + 1}" for photograph in self.photographs for k in range(EACH)]

    def images(self, index: int) -> tuple[Bytes, Bytes]:
        """Degraded and clean image of pair `index`, (128, 192, 3) uint8 each; made once and kept."""
        if not 0 <= index < len(self):
            raise IndexError(index)
        with self._lock:
            if index not in self._made:
                self._made[index] = self._make(index)
            return self._made[index]

    def __getitem__(self, index: int) -> Pair:
        import torch

        degraded, clean = (torch.from_numpy(image).permute(2, 0, 1).float() / 255 for image in self.images(index))
        return Pair(self.names()[index], degraded, clean, self.photographs[index // EACH].scene)

    def fingerprint(self) -> str:
        """A sha256 over what decides the pairs: recipe, generation, seed and the photographs' own sha256."""
        generation = GENERATION if self.version == 1 else f"{GENERATION}, version {self.version}"
        facts: Sequence[object] = (self.recipe, generation, self.seed, HEIGHT, WIDTH, EACH)
        told = hashlib.sha256(repr(facts).encode())
        for photograph in self.photographs:
            told.update(f"{photograph.scene} {photograph.reduction} {photograph.digest()}\n".encode())
        return told.hexdigest()

    def _make(self, index: int) -> tuple[Bytes, Bytes]:
        recipe, (scene, turn) = RECIPES[self.recipe], divmod(index, EACH)
        rng = np.random.Generator(np.random.PCG64([self.seed, recipe.seed, index]))
        # 1, 3, 5 photographs on; the first eight scenes keep to themselves, so that they are the first version's
        among = len(self.photographs) if self.made_from else next(n for n in SCENES.values() if scene < n)
        other = (scene + 1 + 2 * turn) % among
        crop, beside = self._cropped(scene)[turn], self._cropped(other)[-1 - turn]
        degraded, clean = recipe.degrade(crop, beside, index, rng)
        return quantise(degraded), quantise(clean)

    def _cropped(self, scene: int) -> list[Image]:
        if scene not in self._crops:
            extra, photograph = 2 * RECIPES[self.recipe].margin, self.photographs[scene]
            crops = best_crops(photograph.read(), HEIGHT + extra, WIDTH + extra, EACH, photograph.path)
            self._crops[scene] = [crop.astype(np.float64) / 255 for crop in crops]
        return self._crops[scene]
