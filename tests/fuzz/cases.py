"""File number N of a kind: of whole files a little changed, and of made-up ones and heavily broken ones, by turns."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from random import Random

import numpy as np
import scipy.io
from PIL import Image

from tests.fuzz.made import MAKERS, broken, model
from tests.fuzz.whole import WHOLE

KINDS = tuple(dict.fromkeys((*MAKERS, *WHOLE)))


def case(kind: str, seed: int, folder: Path) -> Path:
    """Puts file number `seed` of a kind into `folder` and gives what is read; a negative number is a whole file as it is."""
    random = Random(f"{kind} {seed}")
    whole = WHOLE.get(kind)
    if whole is not None and (seed < 0 or kind not in MAKERS or random.random() < 0.5):
        path = whole(random, folder, seed >= 0)
        if seed >= 0 and path.is_file() and random.random() < 0.2:
            path.write_bytes(broken(path.read_bytes(), random))
        return path
    name, data = _plain(kind) if seed < 0 else MAKERS[kind](random)
    if seed >= 0 and random.random() < (0.7 if kind == "images" else 0.4):
        data = broken(data, random)
    path = folder / name
    path.write_bytes(data)
    return path


def _plain(kind: str) -> tuple[str, bytes]:
    """A plain file of a kind that is made up otherwise."""
    stream = io.BytesIO()
    if kind == "images":
        Image.new("RGB", (7, 9), (200, 100, 50)).save(stream, "PNG")
        return "a.png", stream.getvalue()
    if kind == "archives":
        with zipfile.ZipFile(stream, "w") as packed:
            packed.writestr("input/1.png", b"x")
        return "a.zip", stream.getvalue()
    if kind == "matrices":
        scipy.io.savemat(stream, {"Idenoised": np.ones((1, 2, 4, 4, 3), "uint8")})
        return "a.mat", stream.getvalue()
    return "a.onnx", model("Identity", [1, 3, "h", "w"])
