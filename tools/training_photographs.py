"""Photographs for training from four Debian packages: `python tools/training_photographs.py DIR`.

The packages are fetched with `apt-get download` (or taken from `--debs`), unpacked with `dpkg -x` (nothing is
installed), and the real photographs in them, named one by one below, are reduced and written as JPEG with a manifest
that tells package, version and licence of each. Drawings, screenshots, charts, copies in other sizes and anything
that shows a test photograph are not in the list.
"""

from __future__ import annotations

import argparse
import fnmatch
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmark.core.errors import BadData, BadImage, SlkdBenchError
from benchmark.datasets.mini.light import Bytes

LONGEST = 1024  # long side of what is written, at most
HALVED = 2.0  # every photograph is reduced at least so much ...
SHORTEST = 160  # ... unless its short side would fall below this

_WALLPAPER = "usr/share/wallpapers/{}/contents/images/{}.jpg"
_EXAMPLE = "usr/share/doc/opencv-doc/examples/"
_MANUAL = "usr/share/doc/opencv-doc/opencv4/html/"

PACKAGES: dict[str, tuple[str, ...]] = {
    "lomiri-wallpapers-16.04": tuple(
        f"usr/share/backgrounds/{name}.jpg"
        for name in (
            "Bridge_by_Sander_Klootwijk",
            "Dragonfly_by_Bolly",
            "Picture_0B_by_freespace",
            "Picture_1A_by_freespace",
            "Wine_by_Jakkub_Mede",
            "aitzgorri_by_Aitzol_Berasategi",
            "free_by_Peter_Nerlich",
            "friends_by_Aitzol_Berasategi",
            "greentock_by_Peter_Nerlich",
            "life_by_Aitzol_Berasategi",
            "picosdeeuropa_by_Aitzol_Berasategi",
            "seeding_by_Clements_Engelhardt",
            "sunset_by_Aitzol_Berasategi",
        )
    ),
    "mate-backgrounds": tuple(
        f"usr/share/backgrounds/mate/nature/{name}.jpg"
        for name in (
            *("Aqua", "Blinds", "Dune", "FreshFlower", "Garden", "GreenMeadow", "LadyBird", "RainDrops"),
            *("Storm", "TwoWings", "Wood", "YellowFlower"),
        )
    ),
    "plasma-workspace-wallpapers": (
        *(
            _WALLPAPER.format(name, "2560x1600")
            for name in (
                *("BytheWater", "ColdRipple", "ColorfulCups", "EveningGlow", "FallenLeaf", "Grey", "Kite"),
                *("OneStandsOut", "Path", "summer_1am"),
            )
        ),
        _WALLPAPER.format("Shell", "5120x2880"),
        _WALLPAPER.format("Volna", "5120x2880"),
    ),
    "opencv-doc": (
        _EXAMPLE + "alphamat/input_images/plant.jpg",
        *(
            f"{_EXAMPLE}data/{name}"
            for name in (
                *("aero1.jpg", "aero3.jpg", "aloeL.jpg", "apple.jpg", "baboon.jpg", "board.jpg", "building.jpg"),
                *("butterfly.jpg", "chicky_512.png", "ela_original.jpg", "fruits.jpg", "graf1.png", "home.jpg"),
                *("left.jpg", "leuvenA.jpg", "leuvenB.jpg", "messi5.jpg", "orange.jpg", "right.jpg"),
                *("rubberwhale1.png", "squirrel_cls.jpg", "stuff.jpg"),
            )
        ),
        _EXAMPLE + "dnn_superres/butterfly.png",
        _EXAMPLE + "hfs/data/000.jpg",
        _EXAMPLE + "reg/home.png",
        *(f"{_EXAMPLE}text/scenetext0{number}.jpg" for number in range(1, 7)),
        *(f"{_EXAMPLE}text/scenetext_segmented_word0{number}.jpg" for number in (1, 2, 3, 4)),
        *(
            f"{_MANUAL}{name}.jpg"
            for name in (
                *("227943776_1", "230501201_1", "4_barcodes", "Background_Subtraction_Tutorial_frame", "astra_color"),
                *("boat", "choriginal", "detect_test1", "fusion_mertens", "newspaper", "pexels_double_decker_bus"),
                *("retina_TreeHdr_small", "singlemarkersoriginal", "studentsSample_input"),
            )
        ),
    ),
}


def collect(out: Path, debs: Path | None = None) -> list[dict[str, str]]:
    """Write the photographs and `manifest.json` into `out`; the manifest's rows, one a photograph, are returned.

    Raises BadData when a package cannot be fetched or unpacked, or lacks a photograph of the list.
    """
    from benchmark.datasets.mini.photographs import shown_in_tests

    out.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, str]] = []
    for package, names in PACKAGES.items():
        with tempfile.TemporaryDirectory(prefix="slkd-bench-") as scratch:
            archive = _archive(package, debs, Path(scratch))
            tree = Path(scratch) / "tree"
            _call(["dpkg", "-x", str(archive), str(tree)], package)
            version = _call(["dpkg-deb", "-f", str(archive), "Version"], package).strip()
            licences = _licences(tree / "usr/share/doc" / package / "copyright")
            for name in names:
                if not (tree / name).is_file():
                    raise BadData(f"the photograph {name}", f"{package} {version} without it", "Take another version.")
                pixels = _reduced(tree / name)
                scene = shown_in_tests(pixels)
                if scene:
                    print(f"left out: {name} shows the test photograph {scene}", file=sys.stderr)
                    continue
                file = f"{package}-{_flat(name)}.jpg"
                _write(pixels, out / file)
                licence = next(
                    (told for pattern, told in licences if fnmatch.fnmatch(name, "*" + pattern)), "see package"
                )
                rows.append({"file": file, "package": package, "version": version, "source": name, "licence": licence})
    (out / "manifest.json").write_text(json.dumps(rows, indent=1) + "\n")
    return rows


def _archive(package: str, debs: Path | None, scratch: Path) -> Path:
    if debs is None:
        _call(["apt-get", "download", package], package, scratch)
    found = sorted((debs or scratch).glob(f"{package}_*.deb"))
    if not found:
        raise BadData(f"{package}_*.deb in {debs or scratch}", "no such file", f"Run: apt-get download {package}")
    return found[-1]


def _call(command: list[str], package: str, folder: Path | None = None) -> str:
    try:
        return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout
    except FileNotFoundError as error:
        raise BadData(f"the program {command[0]}", "none on this machine", "Run this on Debian or Ubuntu.") from error
    except subprocess.CalledProcessError as error:
        told = error.stderr.strip().splitlines()[-1:] or ["no message"]
        raise BadData(f"`{' '.join(command)}` to succeed", told[0], f"Is {package} in the package sources?") from error


def _licences(copyright_file: Path) -> list[tuple[str, str]]:
    """(pattern of files, licence) of a machine-readable Debian copyright file, single files before the rest."""
    rows: list[tuple[str, str]] = []
    patterns: list[str] = []
    listing = False
    for line in copyright_file.read_text(errors="replace").splitlines():
        key, _, value = line.partition(":")
        if listing and line[:1].isspace():  # a list of files that goes on
            patterns += line.split()
            continue
        listing = key == "Files"
        if listing:
            patterns = value.split()
        elif key == "License" and patterns:
            rows += [(pattern, value.strip()) for pattern in patterns]
            patterns = []
    # a package's folders differ from its source's: a row counts when it names one file, or is the rest ("*")
    named = [("/" + pattern.rsplit("/", 1)[-1], licence) for pattern, licence in rows if "*" not in pattern]
    return named + [row for row in rows if row[0] == "*"]


def _reduced(path: Path) -> Bytes:
    import numpy as np
    from PIL import Image

    try:
        with Image.open(path) as opened:
            picture = opened.convert("RGB")
    except OSError as error:
        raise BadImage("a whole, readable image file", f"{path}: {error}", "Fetch the package again.") from error
    factor = max(HALVED, max(picture.size) / LONGEST)
    factor = max(1.0, min(factor, min(picture.size) / SHORTEST))
    size = round(picture.width / factor), round(picture.height / factor)
    return np.asarray(picture.resize(size, Image.Resampling.LANCZOS))


def _write(pixels: Bytes, path: Path) -> None:
    from PIL import Image

    Image.fromarray(pixels).save(path, quality=95, subsampling=0)


def _flat(name: str) -> str:
    """A file name for a path: a wallpaper is named by its own folder, all else by the last folder and its stem."""
    path = Path(name)
    if "wallpapers" in path.parts:
        return path.parts[3]
    return f"{path.parent.name}-{path.stem}"


def main(arguments: list[str] | None = None) -> int:
    """The command: collect, and tell how many photographs there are."""
    parser = argparse.ArgumentParser(prog="python tools/training_photographs.py", description=__doc__.split("\n")[0])
    parser.add_argument("out", type=Path, help="folder for the photographs and manifest.json")
    parser.add_argument("--debs", type=Path, help="folder with the .deb files, instead of apt-get download")
    given = parser.parse_args(arguments)
    try:
        rows = collect(given.out, given.debs)
    except SlkdBenchError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{len(rows)} photographs in {given.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
