"""Small copies of how the official data sets lie on disk: the same folders, names, endings and .mat fields."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from scipy.io import savemat

from benchmark.datasets import get_dataset
from benchmark.datasets.pairs import PairsOnDisk


def values(seed: int, width: int = 16, height: int = 12) -> np.ndarray:
    """A noise picture (H, W, 3) of uint8."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def picture(path: Path, seed: int, width: int = 16, height: int = 12) -> None:
    """Write a noise picture."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(values(seed, width, height)).save(path)


def both(degraded: Path, clean: Path, seed: int) -> None:
    picture(degraded, seed)
    picture(clean, 1000 + seed)


def input_target(root: Path, names: list[str]) -> list[str]:
    for seed, name in enumerate(names):
        both(root / "input" / name, root / "target" / name, seed)
    return sorted(Path(name).stem for name in names)


def ddn(root: Path, first: int, noisy: str, clean: str) -> list[str]:
    """Two clean images with three rain versions each, JPEG."""
    for image in (first, first + 1):
        picture(root / clean / f"{image}.jpg", 1000 + image)
        for version in (1, 2, 14):
            picture(root / noisy / f"{image}_{version}.jpg", image * 20 + version)
    return sorted(f"{image}_{version}" for image in (first, first + 1) for version in (1, 2, 14))


def side_by_side(root: Path, folders: list[str]) -> None:
    for number, folder in enumerate(folders):
        for image in range(3):
            picture(root / folder / f"{image}.jpg", 10 * number + image, width=32)


def did_test(root: Path) -> list[str]:
    side_by_side(root, ["DID-MDN-test"])
    return ["0", "1", "2"]


def did_training(root: Path) -> list[str]:
    kinds = ["Rain_Heavy", "Rain_Light", "Rain_Medium"]
    side_by_side(root, [f"DID-MDN-training/{kind}/train2018new" for kind in kinds])
    return [f"{kind}-{image}" for kind in kinds for image in range(3)]


def gopro(root: Path, part: str, inside: str = "") -> list[str]:
    for video, seed in (("GOPR0384_11_00", 0), ("GOPR0410_11_00", 50)):
        for frame in range(1, 4):
            name = f"{frame:06d}.png"
            folder = root / inside / part / video
            both(folder / "blur" / name, folder / "sharp" / name, seed + frame)
            picture(folder / "blur_gamma" / name, seed + 500 + frame)
    return [f"{video}-{frame:06d}" for video in ("GOPR0384_11_00", "GOPR0410_11_00") for frame in range(1, 4)]


def hide(root: Path) -> list[str]:
    names = []
    for folder, start in (("test-close-ups", 1), ("test-long-shot", 5)):
        for number in range(start, start + 2):
            name = f"{number}fromGOPR0950.png"
            both(root / "test" / folder / name, root / "GT" / name, number)
            names.append(Path(name).stem)
    picture(root / "GT" / "99fromGOPR1096.png", 99)
    picture(root / "train" / "99fromGOPR1096.png", 98)
    return sorted(names)


def sidd_arrays(scenes: int = 2, blocks: int = 3, side: int = 16) -> tuple[np.ndarray, np.ndarray]:
    shape = (scenes, blocks, side, side, 3)
    rng = np.random.default_rng(7)
    return rng.integers(0, 256, shape, dtype=np.uint8), rng.integers(0, 256, shape, dtype=np.uint8)


def sidd_mat(root: Path, compress: bool = True) -> list[str]:
    root.mkdir(parents=True, exist_ok=True)
    noisy, clean = sidd_arrays()
    for field, array in (("ValidationNoisyBlocksSrgb", noisy), ("ValidationGtBlocksSrgb", clean)):
        savemat(root / f"{field}.mat", {field: array}, do_compression=compress)
    return [f"{scene:04d}_{block:02d}" for scene in (1, 2) for block in (1, 2, 3)]


def sidd_png(root: Path) -> list[str]:
    for seed in range(4):
        both(root / "input" / f"{seed}.png", root / "groundtruth" / f"{seed}.png", seed)
    return ["0", "1", "2", "3"]


def sidd_medium(root: Path) -> list[str]:
    names: list[str] = []
    for scene in ("0001_001_S6_00100_00060_3200_L", "0002_001_S6_00100_00020_3200_N"):
        for shot in ("010", "011"):
            folder, number = root / "Data" / scene, scene[:4]
            both(folder / f"{number}_NOISY_SRGB_{shot}.PNG", folder / f"{number}_GT_SRGB_{shot}.PNG", len(names))
            names.append(f"{scene}_{shot}")
    return names


def rain100_official(root: Path) -> list[str]:
    for number in (1, 2, 10):
        name = f"{number:03d}"
        both(root / "rain/X2" / f"norain-{name}x2.png", root / "norain" / f"norain-{name}.png", number)
    return ["norain-1", "norain-10", "norain-2"]


def rain100_classic(root: Path) -> list[str]:
    for number in (1, 2, 10):
        both(root / "rainy" / f"rain-{number:03d}.png", root / f"norain-{number:03d}.png", number)
    return ["norain-1", "norain-10", "norain-2"]


def polyu(root: Path) -> list[str]:
    names = ["Canon5D2_5_160_3200_chair_11", "Canon5D2_5_160_3200_chair_5", "SonyA7II_35_160_1600_classroom_10"]
    for seed, name in enumerate(names):
        both(root / "CroppedImages" / f"{name}_real.JPG", root / "CroppedImages" / f"{name}_mean.JPG", seed)
    return names


def nam(root: Path, real: str = "", mean: str = "") -> list[str]:
    names = ["5dmark3_iso3200_1", "5dmark3_iso3200_2", "d600_iso3200_1"]
    for seed, name in enumerate(names):
        both(root / real / f"{name}_real.png", root / mean / f"{name}_mean.png", seed)
    return names


def realblur(root: Path) -> list[str]:
    top, lines, names = "RealBlur-J_ECC_IMCORR_centroid_itensity_ref", [], []
    for scene in (12, 230, 5):
        for shot in (1, 2):
            gt, blur = (f"{top}/scene{scene:03d}/{kind}/{kind}_{shot}.png" for kind in ("gt", "blur"))
            both(root / blur, root / gt, scene + shot)
            if scene != 5:
                lines.append(f"{gt} {blur}")
                names.append(f"scene{scene:03d}-{shot}")
    (root / "RealBlur_J_test_list.txt").write_text("\n".join(lines) + "\n")
    return names


def clean_only(root: Path, names: list[str]) -> list[str]:
    for seed, name in enumerate(names):
        picture(root / name, seed)
    return sorted(Path(name).stem for name in names)


def rain_pairs(root: Path) -> list[str]:
    return input_target(root, ["1.png", "2.jpg", "10.png"])


TREES: dict[tuple[str, str], Callable[[Path], list[str]]] = {
    ("rain1400", "input-target"): lambda root: input_target(root, ["901_1.jpg", "901_2.jpg", "902_1.jpg"]),
    ("rain1400", "input-target-shared"): lambda root: ddn(root, 901, "input", "target"),
    ("rain1400", "official"): lambda root: ddn(
        root, 901, "rainy_image_dataset/testing/rainy_image", "rainy_image_dataset/testing/ground_truth"
    ),
    ("rain1400", "official-testing"): lambda root: ddn(root, 901, "rainy_image", "ground_truth"),
    ("ddn-train", "official"): lambda root: ddn(root, 1, "training/rainy_image", "training/ground_truth"),
    ("ddn-train", "official-training"): lambda root: ddn(root, 1, "rainy_image", "ground_truth"),
    ("ddn-train", "input-target-shared"): lambda root: ddn(root, 1, "input", "target"),
    ("ddn-train", "input-target"): lambda root: input_target(root, ["1_1.jpg", "1_2.jpg", "2_1.jpg"]),
    ("test2800", "input-target"): lambda root: input_target(root, ["801_1.jpg", "801_2.jpg", "1000_14.jpg"]),
    ("test1200", "input-target"): rain_pairs,
    ("test1200", "official"): did_test,
    ("test1200", "official-flat"): lambda root: did_test(root / "../loose") and _flatten(root),
    ("did-train", "official"): did_training,
    ("did-train", "input-target"): rain_pairs,
    ("gopro", "official"): lambda root: gopro(root, "test", "GOPRO_Large"),
    ("gopro", "input-target"): lambda root: input_target(root, ["GOPR0384_11_00-000001.png", "GOPR0384_11_00-2.png"]),
    ("gopro-train", "official"): lambda root: gopro(root, "train"),
    ("gopro-train", "input-target"): lambda root: input_target(root, ["GOPR0372_07_00-000047.png"]),
    ("hide", "official"): hide,
    ("hide", "input-target"): lambda root: input_target(root, ["1fromGOPR0950.png", "2fromGOPR0950.png"]),
    ("sidd", "official"): sidd_mat,
    ("sidd", "png-blocks"): sidd_png,
    ("sidd", "input-target"): lambda root: input_target(root, ["0001_01.png", "0001_02.png"]),
    ("sidd-medium", "official"): sidd_medium,
    ("sidd-medium", "input-target"): lambda root: input_target(root, ["0001_001_S6_00100_00060_3200_L_010.png"]),
    ("rain100l", "official"): rain100_official,
    ("rain100l", "classic"): rain100_classic,
    ("rain100l", "input-target"): lambda root: input_target(root, ["norain-1.png", "norain-2.png"]),
    ("rain100h", "official"): rain100_official,
    ("rain100h", "classic"): rain100_classic,
    ("rain100h", "input-target"): lambda root: input_target(root, ["norain-1.png", "norain-2.png"]),
    ("test100", "input-target"): rain_pairs,
    ("rain13k", "input-target"): rain_pairs,
    ("polyu", "official"): polyu,
    ("polyu", "input-target"): lambda root: input_target(root, ["Canon5D2_5_160_3200_chair_11.jpg"]),
    ("nam", "crops"): nam,
    ("nam", "crops-in-folders"): lambda root: nam(root, "real", "mean"),
    ("nam", "input-target"): lambda root: input_target(root, ["5dmark3_iso3200_1.png"]),
    ("realblur-j", "official"): realblur,
    ("realblur-j", "input-target"): lambda root: input_target(root, ["scene230_1.png"]),
    ("kodak24-sigma25", "clean"): lambda root: clean_only(root, ["kodim01.png", "kodim02.png"]),
    ("mcmaster-sigma50", "clean"): lambda root: clean_only(root, ["1.tif", "2.tif", "10.tif"]),
    ("mcmaster-sigma50", "official"): lambda root: clean_only(root / "McM", ["1.tif", "2.tif", "10.tif"]),
    ("cbsd68-sigma15", "clean"): lambda root: clean_only(root, ["3096.png", "12084.png"]),
}
"""How to build each layout under a folder; the builders give the pairs' names in order."""


def _flatten(root: Path) -> list[str]:
    for path in (root / "../loose/DID-MDN-test").iterdir():
        root.mkdir(parents=True, exist_ok=True)
        path.rename(root / path.name)
    return ["0", "1", "2"]


def on_disk(name: str | Path, root: Path | None = None, **options: Any) -> PairsOnDisk:
    """A data set whose files lie in a folder."""
    data = get_dataset(name, root=root, **options)
    assert isinstance(data, PairsOnDisk)
    return data
