"""Where one picture of a pair comes from: a file, half of a file, a block of a .mat array, or a file plus noise."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from benchmark.core.errors import BadData, BadImage
from benchmark.images.io import image_size, read_image

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

_BEYOND = 0.5  # how far restored values may leave [0, 1]
_MOST = 4 << 30  # bytes of one array in memory


MAT_BYTES = {"uint8": 1, "single": 4, "double": 8}
"""The types of block arrays that are read, as MATLAB calls them, with their bytes a value."""


class Source(Protocol):
    """One picture: `path` is the file that an error names, `part` says which part of it."""

    @property
    def path(self) -> Path:
        """The file on disk."""
        ...

    @property
    def part(self) -> str:
        """Which part or form of the file, empty for all of it."""
        ...

    def read(self) -> Tensor:
        """The picture as a float32 tensor (3, H, W)."""
        ...

    def size(self) -> tuple[int, int]:
        """Width and height without decoding."""
        ...


@dataclass(frozen=True)
class Whole:
    """All of an image file."""

    path: Path
    part: str = ""

    def read(self) -> Tensor:
        """The picture (3, H, W) in [0, 1]."""
        return read_image(self.path)

    def size(self) -> tuple[int, int]:
        """Width and height."""
        return image_size(self.path)


@dataclass(frozen=True)
class Half:
    """The `left` or `right` half (`part`) of a picture that shows both images of a pair side by side."""

    path: Path
    part: str

    def read(self) -> Tensor:
        """The half (3, H, W / 2) in [0, 1]."""
        width = self.size()[0]
        both = read_image(self.path)
        return (both[..., :width] if self.part == "left" else both[..., width:]).contiguous()

    def size(self) -> tuple[int, int]:
        """Width and height of the half."""
        width, height = image_size(self.path)
        if width % 2:
            remedy = "Get the original picture with its two equal halves."
            raise BadImage(f"an even width of the side-by-side picture '{self.path}'", f"{width} pixels", remedy)
        return width // 2, height


@dataclass(frozen=True)
class Block:
    """Block [scene, block] of a five-dimensional array (scenes, blocks, H, W, 3) in a .mat file.

    uint8 values are divided by 255; floating ones, which restored blocks may have, are those of [0, 1] as they are.
    """

    path: Path
    variable: str
    scene: int
    block: int

    @property
    def part(self) -> str:
        """The index, counted from 1."""
        return f"{self.variable}[{self.scene + 1},{self.block + 1}]"

    def read(self) -> Tensor:
        """The block (3, H, W) in [0, 1]."""
        import torch

        status = self.path.stat()
        array = mat_array(self.path, self.variable, status.st_size, status.st_mtime_ns)
        values = torch.from_numpy(array[self.scene, self.block].copy())
        if values.is_complex():
            found, remedy = str(values.dtype).removeprefix("torch."), "Save the real values."
            raise BadData(f"real values in {self.part} of '{self.path}'", found, remedy)
        planes = values.permute(2, 0, 1).to(torch.float32, memory_format=torch.contiguous_format)
        if not values.is_floating_point():
            return planes.div_(255)
        if not bool(torch.isfinite(planes).all()) or planes.min() < -_BEYOND or planes.max() > 1 + _BEYOND:
            found = f"values from {float(planes.min()):.4g} to {float(planes.max()):.4g}"
            raise BadData(f"values in [0, 1] in {self.part} of '{self.path}'", found, "Divide them by their peak.")
        return planes

    def size(self) -> tuple[int, int]:
        """Width and height."""
        shape = mat_shape(self.path, self.variable, tuple(MAT_BYTES))
        return shape[3], shape[2]


@dataclass(frozen=True)
class Noisy:
    """A clean file plus white Gaussian noise of standard deviation `sigma` / 255 from a fixed seed.

    noise = numpy.random.RandomState(0).normal(0, sigma / 255, (H, W, 3)) in double precision, the seed set anew for
    every image; it is added to the float32 image in [0, 1], and nothing is clipped or rounded. numpy promises that
    RandomState's stream never changes. Source: the convention of the colour denoising tests of KAIR and Restormer.
    """

    path: Path
    sigma: float

    @property
    def part(self) -> str:
        """The noise level."""
        return f"sigma {self.sigma:g}"

    def read(self) -> Tensor:
        """The noisy picture (3, H, W), which may leave [0, 1]."""
        import numpy as np
        import torch

        clean = read_image(self.path)
        noise = np.random.RandomState(0).normal(0.0, self.sigma / 255.0, (clean.shape[1], clean.shape[2], 3))
        return (clean.double() + torch.from_numpy(noise).permute(2, 0, 1)).to(
            torch.float32, memory_format=torch.contiguous_format
        )

    def size(self) -> tuple[int, int]:
        """Width and height."""
        return image_size(self.path)


def block_name(scene: int, block: int) -> str:
    """The name of a block by its index from 0: 0001_01 and on."""
    return f"{scene + 1:04d}_{block + 1:02d}"


def mat_variables(path: Path) -> dict[str, tuple[tuple[int, ...], str]]:
    """The shape and type of every variable, from a .mat file's headers. Raises BadData naming the file."""
    from scipy.io import whosmat

    try:
        return {name: (tuple(int(side) for side in shape), kind) for name, shape, kind in whosmat(str(path))}
    except Exception as error:  # scipy raises many types on damaged files
        raise _bad_mat(path, error) from error


def mat_shape(path: Path, variable: str, kinds: tuple[str, ...] = ("uint8",)) -> tuple[int, ...]:
    """The shape of a block array of one of `kinds` from the .mat file's header. Raises BadData naming the file."""
    variables = mat_variables(path)
    if variable not in variables:
        names = ", ".join(sorted(variables)) or "no variable"
        raise BadData(f"the variable {variable} in '{path}'", names, "Take the file from the data set's own page.")
    shape, kind = variables[variable]
    if len(shape) != 5 or shape[4] != 3 or kind not in kinds or min(shape) < 1:
        found = f"{kind} of shape {tuple(shape)}"
        remedy = "Take the sRGB blocks from the data set's own page."
        raise BadData(f"{kinds[0]} blocks (scenes, blocks, H, W, 3) in {variable} of '{path}'", found, remedy)
    if math.prod(shape) * MAT_BYTES[kind] > _MOST:
        found = f"{math.prod(shape) * MAT_BYTES[kind] / (1 << 30):,.1f} GiB"
        raise BadData(f"at most {_MOST >> 30} GiB of blocks in {variable} of '{path}'", found, "Split the file.")
    return shape


@lru_cache(maxsize=4)  # noisy, clean and restored blocks of one data set, each read once
def mat_array(path: Path, variable: str, size: int, changed: int) -> NDArray[Any]:
    """A block array, kept in memory; `size` and `changed` tell one version of the file from another.

    Raises BadData naming the file.
    """
    from scipy.io import loadmat

    mat_shape(path, variable, tuple(MAT_BYTES))
    try:
        array: NDArray[Any] = loadmat(str(path), variable_names=[variable])[variable]
    except Exception as error:  # scipy raises many types on damaged files
        raise _bad_mat(path, error) from error
    return array


def _bad_mat(path: Path, error: Exception) -> BadData:
    found = f"a truncated or damaged file ({type(error).__name__}: {error})"
    if isinstance(error, NotImplementedError):
        found = "a MATLAB 7.3 file"
    return BadData(f"a whole MATLAB 5 file '{path}'", found, "Download it again from the data set's own page.")
