"""The photographs that pip dependencies ship, and a folder of anybody's own: read, reduced, cropped, recognised.

The embedded scenes are found by path, without importing the heavy packages that ship them, and are for testing only:
eight in the sets' first version, and five more in the second. Every photograph is reduced before use: noise, JPEG
blocks and the softness of the camera's own demosaicing vanish below a pixel, so that the clean side of a pair is sharp.
"""

from __future__ import annotations

import hashlib
import importlib.util
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pictures

from benchmark.core.errors import BadData, BadImage
from benchmark.datasets.mini.light import Bytes

SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp"}
LONGEST = 1024  # a photograph of a folder is reduced towards this long side, by at most 4
RECOGNISED = 10  # of the 64 bits of a difference hash may differ between copies of one photograph


@dataclass(frozen=True)
class Photograph:
    """One clean photograph: `scene` names it, `path` holds it, `reduction` divides its sides."""

    scene: str
    path: Path
    reduction: float | None = None

    def read(self) -> Bytes:
        """The reduced photograph (H, W, 3) uint8; BadImage when the file is cut off or is no image."""
        with _opened(self.path) as picture:
            factor = self.reduction or min(4.0, max(1.0, max(picture.size) / LONGEST))
            size = round(picture.width / factor), round(picture.height / factor)
            reduced = picture if size == picture.size else picture.resize(size, Pictures.Resampling.LANCZOS)
            return np.asarray(reduced)

    def digest(self) -> str:
        """The sha256 of the file, hex."""
        return hashlib.sha256(self.path.read_bytes()).hexdigest()


# scene: (module that ships it, path inside, reduction)
_SHIPPED: dict[str, tuple[str, str, float]] = {
    "astronaut": ("skimage", "data/astronaut.png", 2.0),
    "chelsea": ("skimage", "data/chelsea.png", 1.5),
    "coffee": ("skimage", "data/coffee.png", 2.0),
    "rocket": ("skimage", "data/rocket.jpg", 2.0),
    "motorcycle": ("skimage", "data/motorcycle_left.png", 2.0),
    "china": ("sklearn", "datasets/images/china.jpg", 2.0),
    "flower": ("sklearn", "datasets/images/flower.jpg", 2.0),
    "hopper": ("matplotlib", "mpl-data/sample_data/grace_hopper.jpg", 2.0),
}
SHA256 = {
    "astronaut": "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5",
    "chelsea": "596aa1e7cb875eb79f437e310381d26b338a81c2da23439704a73c4651e8c4bb",
    "coffee": "cc02f8ca188b167c775a7101b5d767d1e71792cf762c33d6fa15a4599b5a8de7",
    "rocket": "c2dd0de7c538df8d111e479619b129464d0269d0ae5fd18ca91d33a7fdfea95c",
    "motorcycle": "db18e9c4157617403c3537a6ba355dfeafe9a7eabb6b9b94cb33f6525dd49179",
    "china": "8378025ad2519d649d02e32bd98990db4ab572357d9f09841c2fbfbb4fefad29",
    "flower": "a77f6ec41e353afdf8bdff2ea981b2955535d8d83294f8cfa49cf4e423dd5638",
    "hopper": "a8ca6d734765703b09728ab47fe59f473d93ae3967fc24c7c0288c3c7adb7130",
}


# The clean pictures beside the calibration results of pyiqa, known by their bytes alone: scene, SHA-256.
_CALIBRATION = {
    "caps": "28441215ca5b6358e6267717250a02eeec4fa5ef73ae454870b8426320f980a8",
    "portrait": "c8500941a30397bc9e613a297e1286bdb955f49926148f58e7963d6e82b03c9f",
    "boat": "445c2c0fcb47898e9cd8e6de640f2545621d27cbb248c69ef2c84d8204723061",
    "houses": "b5d6738ece811f45f43c5bce425ad5d18d5c78466989001fe1129fcdd08efdab",
    "lighthouse": "b8a2ede827d8db21c45f9ca1fb1c043bcec571b5a7243b4ea1aab3fb4feb7e0b",
}
_CALIBRATION_FOLDER, _CALIBRATION_REDUCTION = "ResultsCalibra/ref_dir", 1.5


def calibration() -> tuple[Photograph, ...]:
    """The five clean pictures that pyiqa's package ships beside its calibration results, all of them or none.

    They are recognised by their SHA-256, whatever the files are called; pyiqa itself is not imported.
    """
    spec = importlib.util.find_spec("pyiqa")
    if spec is None or spec.origin is None:
        return ()
    files = sorted((Path(spec.origin).parent.parent / _CALIBRATION_FOLDER).glob("*"))
    known = {Photograph("", file).digest(): file for file in files if file.is_file()}
    if not known.keys() >= set(_CALIBRATION.values()):
        return ()
    return tuple(Photograph(scene, known[digest], _CALIBRATION_REDUCTION) for scene, digest in _CALIBRATION.items())


def scenes() -> tuple[str, ...]:
    """The names of all test scenes on this machine, which no training picture may show."""
    return tuple(_known_hashes())


def embedded() -> tuple[Photograph, ...]:
    """The eight photographs of the first version; BadData names the one that its package does not hold."""
    found = []
    for scene, (module, inside, reduction) in _SHIPPED.items():
        spec = importlib.util.find_spec(module)
        path = Path(spec.origin).parent / inside if spec and spec.origin else Path(module, inside)
        if not path.is_file():
            raise BadData(
                f"the photograph {scene} in the package {module}",
                f"no file {path}",
                f"Install the package again: pip install --force-reinstall {_DISTRIBUTION[module]}",
            )
        found.append(Photograph(scene, path, reduction))
    return tuple(found)


_DISTRIBUTION = {"skimage": "scikit-image", "sklearn": "scikit-learn", "matplotlib": "matplotlib"}


def folder(path: Path) -> tuple[Photograph, ...]:
    """The photographs under `path`, in the order of their names; BadData when there are none."""
    if not path.is_dir():
        raise BadData("a folder of photographs", f"no folder {path}", "Give a folder that holds PNG or JPEG files.")
    files = sorted(p for p in path.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())
    if not files:
        raise BadData(f"photographs in {path}", "not one image file", f"Put {', '.join(sorted(SUFFIXES))} files there.")
    return tuple(Photograph(file.relative_to(path).with_suffix("").as_posix(), file) for file in files)


def best_crops(picture: Bytes, height: int, width: int, count: int, source: Path) -> list[Bytes]:
    """The `count` crops (height, width, 3) with the most detail, as far apart as the photograph allows.

    A grid of places is ranked by the sum of absolute differences between neighbours (whole numbers, so the order is
    the same everywhere); each choice halves the rank of places in the measure in which they overlap it.
    BadImage names `source` when the photograph is smaller than a crop.
    """
    tall, wide = picture.shape[:2]
    if tall < height or wide < width:
        raise BadImage(
            f"a photograph of at least {width} x {height} pixels after reduction",
            f"{wide} x {tall} in {source}",
            "Take the file out of the folder or give a larger version.",
        )
    luma = picture.astype(np.int64).sum(axis=2)
    change = np.zeros_like(luma)
    change[:, 1:] += np.abs(np.diff(luma, axis=1))
    change[1:] += np.abs(np.diff(luma, axis=0))
    total = np.pad(change.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    places = [(y, x) for y in _steps(tall - height) for x in _steps(wide - width)]
    detail = [
        total[y + height, x + width] - total[y, x + width] - total[y + height, x] + total[y, x] for y, x in places
    ]
    chosen: list[tuple[int, int]] = []
    for _ in range(count):
        ranks = [d * (1 - _overlap(p, chosen, height, width)) for d, p in zip(detail, places, strict=True)]
        chosen.append(places[int(np.argmax(ranks))])
    return [picture[y : y + height, x : x + width] for y, x in chosen]


def difference_hash(picture: Bytes) -> NDArray[np.bool_]:
    """Sixty-four bits that copies of one photograph share: is each cell of a 9 x 8 thumbnail brighter than the last?"""
    grey = Pictures.fromarray(picture).convert("L").resize((9, 8), Pictures.Resampling.BOX)
    cells = np.asarray(grey).astype(np.int16)
    return (cells[:, 1:] > cells[:, :-1]).reshape(-1)


def shown_in_tests(picture: Bytes) -> str | None:
    """The embedded test scene that `picture` shows, upright or mirrored, or None."""
    for bits in (difference_hash(picture), difference_hash(np.ascontiguousarray(picture[:, ::-1]))):
        for scene, known in _known_hashes().items():
            if int((bits != known).sum()) <= RECOGNISED:
                return scene
    return None


@cache
def _known_hashes() -> dict[str, NDArray[np.bool_]]:
    return {photograph.scene: difference_hash(photograph.read()) for photograph in (*embedded(), *calibration())}


def _steps(room: int) -> list[int]:
    return sorted({*range(0, room + 1, 8), room})


def _overlap(place: tuple[int, int], chosen: list[tuple[int, int]], height: int, width: int) -> float:
    shares = [max(0, height - abs(place[0] - y)) * max(0, width - abs(place[1] - x)) for y, x in chosen]
    return max(shares, default=0) / (height * width)


def _opened(path: Path) -> Pictures.Image:
    try:
        with Pictures.open(path) as picture:
            return picture.convert("RGB")
    except (OSError, SyntaxError, ValueError, Pictures.DecompressionBombError) as error:
        raise BadImage(
            "a whole, readable image file", f"{path}: {error}", "Replace the file or take it out of the folder."
        ) from error
